"""Paintings by agents that take their time, and large ones, one after another."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

import torch
from torch import Tensor

from ...agents.agent import Agent, Progress
from ...agents.outputs.painting import Painting
from ...painters.canvas import paint_strokes, white_canvas
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE
from .batching import FAILURE
from .job import Job
from .queue import JobQueue
from .streaming import canvas_data, stroke_data

_log = logging.getLogger(__name__)

_PUBLISH_INTERVAL_SECONDS = 0.25
"""Between two events of a kind: four pictures a second look alive."""
_PUBLISH_TIME_SHARE = 0.1
"""Of the painting time, that drawing and packing canvases may take at most."""
_NICENESS = 10
"""Of the worker's thread: paintings of the policy, for which somebody waits, take the processor first."""
_GRACE_SECONDS = 5
"""Beyond the time limit, for agents that are told of the limit and finish by it, more or less."""


class _StoppedError(Exception):
    """Raised where an agent reports, to end its work."""


class Worker:
    """Paints the jobs of a queue, one at a time.

    Args:
        jobs: where they wait.
        agent: gives an agent by its name, its painter's and its brush's.
        time_limit: seconds for a painting; agents that can are told to finish by then.
    """

    def __init__(self, jobs: JobQueue, agent: Callable[[str, str, str], Agent], time_limit: int) -> None:
        self._jobs = jobs
        self._agent = agent
        self._time_limit = time_limit

    def run(self) -> None:
        """Work until the queue is closed."""
        # The policy's paintings, which somebody expects at once, go first. Linux alone counts threads as processes.
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while (taken := self._jobs.take(1, wait=True)) is not None:
            for job in taken:
                self._paint(job)

    def _paint(self, job: Job) -> None:
        request = job.request
        try:
            agent = self._agent(request.agent, request.painter, request.brush)
            publisher = _Publisher(job, agent.painter, self._time_limit + _GRACE_SECONDS)
            size = request.size if request.large else None
            painting = agent.paint(
                request.upload.picture, request.strokes, size=size, seed=request.seed, progress=publisher.report
            )
            with torch.inference_mode():
                publisher.publish_result(painting)
            job.finish(painting)
        except _StoppedError:
            job.time_out(self._time_limit)
        except Exception:
            _log.exception("painting %s failed", job.identity)
            job.fail(FAILURE)


class _Publisher:
    """Turns an agent's reports into events, seldom enough that publishing costs little.

    Strokes that only grow in number are published as they come. Once an agent moves strokes that were published, the
    whole canvas is published instead, and all strokes as a ``film`` in the end. Of a large painting only the canvas is.
    """

    def __init__(self, job: Job, painter: Painter, time_limit: float) -> None:
        self._job = job
        self._painter = painter
        self._time_limit = time_limit
        self._published = torch.empty(0, 12)
        self._moving = False
        self._next_progress = self._next_canvas = 0.0

    def report(self, progress: Progress) -> None:
        """Called by the agent now and then.

        Raises:
            _StoppedError: the job was cancelled, or takes too long.
        """
        if self._job.over or self._job.seconds > self._time_limit:
            raise _StoppedError
        started = time.monotonic()
        if started >= self._next_progress:
            self._publish_progress(progress.strokes, progress.loss, progress.fraction)
            self._next_progress = started + _PUBLISH_INTERVAL_SECONDS
        # The first pass over a large painting may tell its strokes as those of a small one, in one window.
        small = not self._job.request.large
        if small and progress.strokes_so_far is not None and started >= self._next_canvas:
            with torch.inference_mode():
                self._publish_strokes(progress.strokes_so_far)
            self._delay_canvas(started)
        if progress.canvas is not None and started >= self._next_canvas:
            self._job.emit("canvas", progress.strokes, canvas_data(progress.canvas))
            self._delay_canvas(started)

    def publish_result(self, painting: Painting) -> None:
        """Publish what was not published yet."""
        strokes, count = torch.tensor(painting.strokes), len(painting.strokes)
        self._publish_progress(count, painting.loss, 1.0)
        if self._job.request.large:
            self._job.emit("canvas", count, canvas_data(to_tensor(painting.image)[0]))
            return
        self._publish_strokes(strokes)
        if self._moving:
            self._job.emit("film", count, stroke_data(strokes, self._painter(strokes)))

    def _delay_canvas(self, started: float) -> None:
        self._next_canvas = started + max(_PUBLISH_INTERVAL_SECONDS, (time.monotonic() - started) / _PUBLISH_TIME_SHARE)

    def _publish_progress(self, count: int, loss: float, fraction: float) -> None:
        self._job.emit("progress", count, {"loss": loss, "fraction": fraction})

    def _publish_strokes(self, strokes: Tensor) -> None:
        published, count = len(self._published), len(strokes)
        self._moving = self._moving or not torch.equal(strokes[:published], self._published)
        if self._moving:
            canvas = paint_strokes(white_canvas(1, CANVAS_SIZE), strokes[None], self._painter)[0]
            self._job.emit("canvas", count, canvas_data(canvas))
        elif count > published:
            new = strokes[published:]
            self._published = strokes.clone()
            self._job.emit("strokes", count, stroke_data(new, self._painter(new)))
