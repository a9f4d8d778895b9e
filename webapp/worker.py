"""Paintings by agents that take their time, one after another. What an agent does is its own affair."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

import torch
from torch import Tensor

from ..agents.agent import Agent, Progress
from ..agents.outputs.painting import Painting
from ..painters.canvas import paint_strokes, white_canvas
from ..painters.painter import Painter
from ..painters.pixels import to_tensor
from ..painters.stroke import CANVAS_SIZE
from .batching import FAILURE
from .job import Job
from .queue import JobQueue
from .streaming import canvas_data, stroke_data

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 0.25
_LARGEST_SHARE = 0.1
"""Of the time, that telling may take."""
_POLITENESS = 10
_GRACE_SECONDS = 5


class _StoppedError(Exception):
    """Raised where an agent reports, to end its work."""


class Worker:
    """Paints the jobs of a queue, one at a time.

    Args:
        jobs: where they wait.
        agent: gives an agent by its name and its painter's.
        time_limit: seconds for a painting; agents that can are told to finish by then.
    """

    def __init__(self, jobs: JobQueue, agent: Callable[[str, str], Agent], time_limit: int) -> None:
        self._jobs = jobs
        self._agent = agent
        self._time_limit = time_limit

    def run(self) -> None:
        """Work until the queue is closed."""
        # The policy's paintings, which somebody expects at once, go first. Linux alone counts threads as processes.
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _POLITENESS)
        while (taken := self._jobs.take(1, wait=True)) is not None:
            for job in taken:
                self._paint(job)

    def _paint(self, job: Job) -> None:
        order = job.order
        try:
            agent = self._agent(order.agent, order.painter)
            publisher = _Publisher(job, agent.painter, self._time_limit + _GRACE_SECONDS)
            size = order.size if order.large else None
            painting = agent.paint(
                order.upload.picture, order.strokes, size=size, seed=order.seed, progress=publisher.report
            )
            with torch.inference_mode():
                publisher.tell_result(painting)
            job.finish(painting)
        except _StoppedError:
            job.fail(f"The painting took longer than {self._time_limit} seconds; use fewer strokes.")
        except Exception:
            _log.exception("painting %s failed", job.identity)
            job.fail(FAILURE)


class _Publisher:
    """Turns an agent's reports into events, seldom enough that telling costs little.

    Strokes that only grow in number are told one by one. Once an agent moves strokes that were told, the whole
    canvas is shown instead, and all strokes come as a ``film`` in the end.
    Of a large painting the canvas alone is shown.
    """

    def __init__(self, job: Job, painter: Painter, time_limit: float) -> None:
        self._job = job
        self._painter = painter
        self._time_limit = time_limit
        self._told = torch.empty(0, 12)
        self._moving = False
        self._next_word = self._next_look = 0.0

    def report(self, progress: Progress) -> None:
        """Called by the agent now and then.

        Raises:
            _StoppedError: the job was cancelled, or takes too long.
        """
        if self._job.over or self._job.seconds > self._time_limit:
            raise _StoppedError
        started = time.monotonic()
        if started >= self._next_word:
            self._say(progress.strokes, progress.loss, progress.fraction)
            self._next_word = started + _EVERY_SECONDS
        if progress.strokes_so_far is not None and started >= self._next_look:
            with torch.inference_mode():
                self._show(progress.strokes_so_far)
            self._rest(started)
        if progress.canvas is not None and started >= self._next_look:
            self._job.emit("canvas", progress.strokes, canvas_data(progress.canvas))
            self._rest(started)

    def tell_result(self, painting: Painting) -> None:
        """Tell what was not told yet."""
        strokes, count = torch.tensor(painting.strokes), len(painting.strokes)
        self._say(count, painting.loss, 1.0)
        if self._job.order.large:
            self._job.emit("canvas", count, canvas_data(to_tensor(painting.image)[0]))
            return
        self._show(strokes)
        if self._moving:
            self._job.emit("film", count, stroke_data(strokes, self._painter(strokes)))

    def _rest(self, started: float) -> None:
        self._next_look = started + max(_EVERY_SECONDS, (time.monotonic() - started) / _LARGEST_SHARE)

    def _say(self, count: int, loss: float, fraction: float) -> None:
        self._job.emit("progress", count, {"loss": loss, "fraction": fraction})

    def _show(self, strokes: Tensor) -> None:
        told, count = len(self._told), len(strokes)
        self._moving = self._moving or not torch.equal(strokes[:told], self._told)
        if self._moving:
            canvas = paint_strokes(white_canvas(1, CANVAS_SIZE), strokes[None], self._painter)[0]
            self._job.emit("canvas", count, canvas_data(canvas))
        elif count > told:
            new = strokes[told:]
            self._told = strokes.clone()
            self._job.emit("strokes", count, stroke_data(new, self._painter(new)))
