"""Where paintings are made and kept: queues, their workers, and the results until they expire."""

import itertools
import logging
import threading
import time
from collections import Counter, defaultdict
from functools import cache, partial
from typing import Any

import numpy as np

from ...agents.agent import Agent
from ...agents.outputs.forms import check_mp4
from ...agents.policy.config import PlannerConfig, RevisionConfig
from ...agents.policy.planner import Planner
from ...agents.policy.registry import load_network
from ...agents.policy_agent import PolicyAgent
from ...agents.registry import find_agent, load_agent
from ...errors import InvalidInputError, MissingLibraryError
from ...memory import give_back
from ...painters.mypaint.engine import MyPaintEngine
from ...painters.names import DEFAULT_BRUSH, PAINTER_FILES, learned_brushes
from ...painters.painter import Painter
from ...painters.registry import load_painter
from ...painters.stroke import CANVAS_SIZE
from ..errors import NotFoundError, Sentence, UnavailableError
from ..options.choices import DEFAULT_SIZE, Offer
from ..requests import PaintingRequest
from ..settings import Settings
from ..store.choice import make_store
from ..store.store import Store, StoreError
from ..uploads import Upload
from .batching import PolicyBatcher
from .estimates import Estimates
from .job import PROCESS, Job, State
from .queue import JobQueue, Outlook
from .results import finish_again, keep_results, restore_result
from .worker import Worker

_log = logging.getLogger(__name__)

_WARM_UP = {CANVAS_SIZE: 100, DEFAULT_SIZE: 400}
"""Strokes by sizes: enough that every kind of step of a painting is taken once, and its time known."""
_WATCH_INTERVAL_SECONDS = 1.0
"""Between two looks at what is watched, and at what has expired, even if nobody asks."""
_TIDY_EVERY = 10
"""Looks, until the store is tidied, and memory is given back: some milliseconds each."""
_LARGE_NICENESS, _SLOW_NICENESS = 5, 10
"""Of threads: paintings that are expected at once take the processor first, those that take their time last."""
_HURRIED = PlannerConfig(revision=RevisionConfig(level_steps=0))
"""Strokes stay as they were laid: of large paintings in half the time."""


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
        self.estimates = Estimates(settings.time_limit)
        """How long paintings take."""
        estimates, patience = self.estimates, settings.patience
        self.quick = JobQueue(settings.queue_length, "queue_length", settings.batch, estimates)
        self.large = JobQueue(
            settings.large_queue_length, "large_queue_length", settings.large_workers, estimates, patience
        )
        self.slow = JobQueue(settings.slow_queue_length, "slow_queue_length", settings.slow_workers, estimates)
        self.has_mypaint = _has_mypaint()
        """Whether the real MyPaint is installed."""
        self.has_mp4 = _has_mp4()
        """Whether films can be encoded as MP4."""
        self.stream_slots = threading.Semaphore(settings.maximum_streams)
        """Threads that may be held for long."""
        self._network = load_network(settings.policy, settings.device)
        self.painter = cache(partial(_load_painter, settings.device))
        """Gives a painter by its name and its brush."""
        self.store: Store = make_store(settings)
        """What outlasts expiry: shared paintings and, where it lasts, finished ones."""
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._tally_lock = threading.Lock()
        batcher = PolicyBatcher(self.quick, Planner(self._network), self.painter, settings.batch, settings.time_limit)
        large = Worker(self.large, self._make_agent, settings.time_limit, _LARGE_NICENESS)
        slow = Worker(self.slow, self._make_agent, settings.time_limit, _SLOW_NICENESS)
        self._closing = threading.Event()
        runs = [self._watch, batcher.run]
        runs += [large.run] * settings.large_workers + [slow.run] * settings.slow_workers
        self._threads = [threading.Thread(target=run, name=f"painting-{i}", daemon=True) for i, run in enumerate(runs)]
        for thread in self._threads:
            thread.start()

    @property
    def lanes(self) -> dict[str, JobQueue]:
        """Where jobs wait, by names: none stands behind those of another lane."""
        return {"quick": self.quick, "large": self.large, "slow": self.slow}

    def submit(self, request: PaintingRequest, client: str = "") -> Job:
        """Queue a painting; one that has all its strokes already is finished at once.

        Args:
            request: what is to be painted.
            client: who asks for it; nobody's share is measured without.

        Raises:
            BusyError: too many paintings are waiting, or are drawn again.
        """
        if request.new_strokes:
            job = Job(request, self._tally, client)
        else:
            job = finish_again(request, self.painter(request.painter, request.brush))
        with self._lock:
            self._expire()
            if not job.over:
                self._lane(request).submit(job)
            self._jobs[job.identity] = job
        return job

    def outlook(self, job: Job) -> Outlook:
        """When a job that is not over will begin and end."""
        return self._lane(job.request).outlook(job)

    def _lane(self, request: PaintingRequest) -> JobQueue:
        if request.agent != PolicyAgent.name:
            return self.slow
        return self.large if request.large else self.quick

    def find(self, identity: str) -> Job:
        """A painting by its id.

        Raises:
            NotFoundError: there is none, or not any more.
        """
        with self._lock:
            self._expire()
            job = self._jobs.get(identity)
        job = job or self._restore(identity)
        if job is None:
            code = "painting_gone" if identity.startswith(PROCESS) else "painting_before"
            raise NotFoundError(code, "result_minutes", "results_kept", "results_megabytes")
        return job

    def discard(self, identity: str) -> None:
        """Cancel a painting that is under way; forget one that is over.

        Raises:
            NotFoundError: there is none, or not any more.
            UnavailableError: it is in a store that cannot be written now.
        """
        job = self.find(identity)
        if not job.over:
            job.cancel()
            return
        job.discarded = True  # first: it may be put into the store at this moment
        with self._lock:
            self._jobs.pop(identity, None)
        if job.kept:
            try:
                self.store.drop(identity)
            except StoreError as error:
                _log.error("painting %s cannot be forgotten: %s", identity, error)
                raise UnavailableError("painting_kept") from None

    def kept(self) -> int:
        """How many paintings there are, in all states."""
        with self._lock:
            self._expire()
            return len(self._jobs)

    def warm_up(self) -> None:
        """Paint small and large once, so that the first visitor does not wait, and is told for how long."""
        for side, strokes in _WARM_UP.items():
            # Noise, because on plain paper there is nothing to do.
            pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
            job = Job(PaintingRequest(Upload(pixels, b""), strokes=strokes), self._learn)
            self._lane(job.request).submit(job)
            job.wait(self.settings.time_limit)

    @property
    def healthy(self) -> bool:
        """Whether all threads that paint are alive."""
        return all(thread.is_alive() for thread in self._threads)

    def close(self, timeout: float = 3.0) -> bool:
        """Cancel what is under way, and wait for the workers; returns whether all have stopped in time."""
        self._closing.set()
        for lane in self.lanes.values():
            lane.close()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._keep_results()
        return not any(thread.is_alive() for thread in self._threads)

    def _make_agent(self, job: Job) -> Agent:
        request = job.request
        choices = find_agent(request.agent)[1].options
        options: dict[str, Any] = {"painter": self.painter(request.painter, request.brush), "loss": "mse"}
        if "time_limit" in choices:
            options["time_limit"] = float(self.settings.time_limit)
        if "policy" in choices:
            options["network"] = self._network
        if job.circumstances.hurried:
            options["planner"] = _HURRIED
        return load_agent(request.agent, **options)

    def _watch(self) -> None:
        """Stop what nobody watches any more, and let go of what has expired."""
        for second in itertools.count():
            if self._closing.wait(_WATCH_INTERVAL_SECONDS):
                return
            try:
                self._look_after(tidy=second % _TIDY_EVERY == 0)
            except Exception:  # such as a full disk: the next look may do better
                _log.exception("the paintings could not be looked after")

    def _look_after(self, tidy: bool) -> None:
        with self._lock:
            abandoned = [job for job in self._jobs.values() if job.is_abandoned(self.settings.unwatched_seconds)]
            self._expire()
        for job in abandoned:
            job.stop(Sentence("unwatched", {"seconds": self.settings.unwatched_seconds}))
        self._keep_results()
        if tidy:
            give_back()
            self.store.tidy()

    def _keep_results(self) -> None:
        if self.store.lasting:
            with self._lock:
                finished = [job for job in self._jobs.values() if job.state is State.FINISHED and not job.kept]
            keep_results(self.store, finished, 60 * self.settings.result_minutes)

    def _restore(self, identity: str) -> Job | None:
        if not self.store.lasting:
            return None
        try:
            job = restore_result(self.store, identity, self.painter)
        except (StoreError, InvalidInputError, OSError) as error:
            _log.error("painting %s cannot be read: %s", identity, error)
            return None
        if job is not None:
            with self._lock:
                job = self._jobs.setdefault(identity, job)
        return job

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
        self._learn(job)

    def _learn(self, job: Job) -> None:
        if job.state is State.FINISHED and not job.stopped:
            self.estimates.note(job.request, job.circumstances, job.seconds)


def _has_mypaint() -> bool:
    try:
        MyPaintEngine()
    except MissingLibraryError:
        return False
    return True


def _has_mp4() -> bool:
    try:
        check_mp4()
    except MissingLibraryError:
        return False
    return True


def _load_painter(device: str, name: str, brush: str) -> Painter:
    return load_painter(name, device, brush)
