"""Where paintings are made and kept: queues, their workers, and the results until they expire."""

import threading
import time
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import numpy as np

from ...agents.agent import Agent
from ...agents.policy.planner import Planner
from ...agents.policy.registry import load_network
from ...agents.policy_agent import PolicyAgent
from ...agents.registry import find_agent, load_agent
from ...errors import MissingLibraryError
from ...painters.mypaint.engine import MyPaintEngine
from ...painters.names import DEFAULT_BRUSH, PAINTER_FILES, learned_brushes
from ...painters.painter import Painter
from ...painters.registry import load_painter
from ...painters.stroke import CANVAS_SIZE
from ..errors import NotFoundError
from ..requests import Offer, PaintingRequest
from ..settings import Settings
from ..uploads import Upload
from .batching import PolicyBatcher
from .job import Job, State
from .memory import give_back
from .queue import JobQueue
from .worker import Worker

_WARM_UP_STROKES = 50
"""Enough that every kind of step of a painting is taken once."""
_EXPIRY_INTERVAL_SECONDS = 10.0
"""Between two looks at what has expired, even if nobody asks: a look takes milliseconds."""
_GONE = "There is no such painting; it may have expired."


class PaintingService:
    """Takes requests, has them painted, and keeps the results for a while.

    Args:
        settings: its limits.

    Raises:
        InvalidInputError: a policy that cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.offer = Offer(PAINTER_FILES.shipped(), [DEFAULT_BRUSH, *learned_brushes()])
        self.ended: Counter[tuple[str, str]] = Counter()
        """How many paintings ended, by agent and state."""
        self.seconds: dict[str, float] = defaultdict(float)
        """Seconds spent on finished paintings, by agent."""
        self.quick = JobQueue(settings.queue_length, "queue_length")
        self.slow = JobQueue(settings.slow_queue_length, "slow_queue_length")
        self.has_mypaint = _has_mypaint()
        """Whether the real MyPaint is installed."""
        self.stream_slots = threading.Semaphore(settings.maximum_streams)
        """Threads that may be held for long."""
        self._network = load_network(settings.policy)
        self.painter = cache(_load_painter)
        """Gives a painter by its name and its brush."""
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._tally_lock = threading.Lock()
        batcher = PolicyBatcher(self.quick, Planner(self._network), self.painter, settings.batch, settings.time_limit)
        worker = Worker(self.slow, self._make_agent, settings.time_limit)
        self._closing = threading.Event()
        runs = [self._expire_periodically, batcher.run, *[worker.run] * settings.slow_workers]
        self._threads = [threading.Thread(target=run, name=f"painting-{i}", daemon=True) for i, run in enumerate(runs)]
        for thread in self._threads:
            thread.start()

    def submit(self, request: PaintingRequest) -> Job:
        """Queue a painting.

        Raises:
            BusyError: too many paintings are waiting.
        """
        job = Job(request, self._tally)
        queue = self.quick if request.agent == PolicyAgent.name and not request.large else self.slow
        with self._lock:
            self._expire()
            queue.submit(job)
            self._jobs[job.identity] = job
        return job

    def find(self, identity: str) -> Job:
        """A painting by its id.

        Raises:
            NotFoundError: there is none, or not any more.
        """
        with self._lock:
            self._expire()
            if identity not in self._jobs:
                raise NotFoundError(_GONE, "result_minutes", "results_kept", "results_megabytes")
            return self._jobs[identity]

    def discard(self, identity: str) -> None:
        """Cancel a painting that is under way; forget one that is over.

        Raises:
            NotFoundError: there is none, or not any more.
        """
        job = self.find(identity)
        if not job.over:
            job.cancel()
            return
        with self._lock:
            self._jobs.pop(identity, None)

    def kept(self) -> int:
        """How many paintings there are, in all states."""
        with self._lock:
            self._expire()
            return len(self._jobs)

    def warm_up(self) -> None:
        """Paint once, so that the first visitor does not wait for what a first painting sets up."""
        upload = Upload(np.full((CANVAS_SIZE, CANVAS_SIZE, 3), 128, np.uint8), b"")
        job = Job(PaintingRequest(upload, strokes=_WARM_UP_STROKES))
        self.quick.submit(job)
        job.wait(self.settings.time_limit)

    @property
    def healthy(self) -> bool:
        """Whether all threads that paint are alive."""
        return all(thread.is_alive() for thread in self._threads)

    def close(self, timeout: float = 3.0) -> bool:
        """Cancel what is under way, and wait for the workers; returns whether all have stopped in time."""
        self._closing.set()
        for queue in (self.quick, self.slow):
            queue.close()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _make_agent(self, name: str, painter: str, brush: str) -> Agent:
        options: dict[str, Any] = {"painter": self.painter(painter, brush), "loss": "mse"}
        if "time_limit" in find_agent(name)[1].options:
            options["time_limit"] = float(self.settings.time_limit)
        if "policy" in find_agent(name)[1].options:
            options["network"] = self._network
        return load_agent(name, **options)

    def _expire_periodically(self) -> None:
        while not self._closing.wait(_EXPIRY_INTERVAL_SECONDS):
            with self._lock:
                self._expire()
            give_back()

    def _expire(self) -> None:
        now, lifetime = time.monotonic(), 60 * self.settings.result_minutes
        over = sorted((job for job in self._jobs.values() if job.over), key=lambda job: -job.over_at)
        room = 1_000_000 * self.settings.results_megabytes
        for number, job in enumerate(over):
            room -= job.bytes_held
            # The last one is kept whatever it takes: somebody has just been told where it is.
            surplus = number >= self.settings.results_kept or (room < 0 and number > 0)
            if surplus or now - job.over_at > lifetime:
                del self._jobs[job.identity]

    def _tally(self, job: Job) -> None:
        with self._tally_lock:
            self.ended[job.request.agent, job.state] += 1
            if job.state is State.FINISHED:
                self.seconds[job.request.agent] += job.seconds


def _has_mypaint() -> bool:
    try:
        MyPaintEngine()
    except MissingLibraryError:
        return False
    return True


def _load_painter(name: str, brush: str) -> Painter:
    return load_painter(name, brush=brush)
