"""What an agent reports of a painting under way, as events."""

import time

import torch
from torch import Tensor

from ...agents.outputs.painting import Painting
from ...agents.progress import Progress, StopPainting
from ...painters.canvas import paint_strokes
from ...painters.device import device_of
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE
from ...painters.stroke_list import StrokeList
from ...painters.windows import paper
from ..encoding import window_data
from .job import Job
from .streaming import canvas_data, stroke_data

_PUBLISH_INTERVAL_SECONDS = 0.25
"""Between two events of a kind: four pictures a second look alive."""
_PUBLISH_TIME_SHARE = 0.1
"""Of the painting time, that drawing and packing canvases may take at most."""

_GRACE_SECONDS = 5
"""Beyond the time limit, for agents that are told of the limit and finish by it, more or less."""


class CancelledError(Exception):
    """Raised where an agent reports, to end its work; nothing of it is kept."""


class Publisher:
    """Turns an agent's reports into events, seldom enough that publishing costs little.

    Strokes that only grow in number are published as they come. Once an agent moves strokes that were published, the
    whole canvas is published instead, and all strokes as a ``film`` in the end. Of a large painting the strokes are
    published once they have settled, and before that those of the first pass, which take their place later: whoever
    watches sees something at once.

    Args:
        job: whose events they are.
        painter: turns its strokes into ink.
        time_limit: seconds after which the painting is ended, a little later than agents end by themselves.
    """

    def __init__(self, job: Job, painter: Painter, time_limit: int) -> None:
        self._job = job
        self._painter = painter
        self._time_limit = time_limit
        self._device = device_of(painter)
        self._published = torch.empty(0, 12, device=self._device)
        self._moving = False
        self._begun = 0 if job.request.start is None else len(job.request.start)
        self._settled = self._begun
        self._provisional = False
        self._next_progress = self._next_canvas = 0.0

    def report(self, progress: Progress) -> None:
        """Called by the agent now and then.

        Raises:
            CancelledError: the job is over, and nothing of it is wanted.
            StopPainting: it was stopped, or takes too long.
        """
        if self._job.over:
            raise CancelledError
        if self._job.has_to_end(self._time_limit, _GRACE_SECONDS):
            raise StopPainting
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
        if progress.stroke_list is not None:
            self._publish_settled(progress.stroke_list, progress.settled)
        if progress.canvas is not None and started >= self._next_canvas:
            self._job.emit("canvas", progress.strokes, canvas_data(progress.canvas))
            self._delay_canvas(started)

    def publish_result(self, painting: Painting) -> None:
        """Publish what was not published yet."""
        strokes, count = torch.tensor(painting.strokes, device=self._device), len(painting.strokes)
        self._publish_progress(count, painting.loss, 1.0)
        if self._job.request.large:
            self._publish_settled(painting.stroke_list, count)
            self._job.emit("canvas", count, canvas_data(to_tensor(painting.image)[0]))
            return
        self._publish_strokes(strokes)
        if self._moving:
            self._job.emit("film", count, stroke_data(strokes, self._painter(strokes)))

    def _delay_canvas(self, started: float) -> None:
        self._next_canvas = started + max(_PUBLISH_INTERVAL_SECONDS, (time.monotonic() - started) / _PUBLISH_TIME_SHARE)

    def _publish_progress(self, count: int, loss: float, fraction: float) -> None:
        self._job.emit("progress", count, {"loss": loss, "fraction": fraction})

    def _publish_settled(self, strokes: StrokeList, settled: int) -> None:
        first = self._settled
        if settled > first:
            self._settled = end = settled
        elif first == self._begun and not self._provisional:
            end = len(strokes)
        else:
            return
        self._provisional = True
        self._job.emit("strokes", end, window_data(strokes.part(first, end), self._painter))

    def _publish_strokes(self, strokes: Tensor) -> None:
        published, count = len(self._published), len(strokes)
        self._moving = self._moving or not torch.equal(strokes[:published], self._published)
        if self._moving:
            bare = paper(self._job.request.style.background, CANVAS_SIZE, CANVAS_SIZE, self._device)
            canvas = paint_strokes(bare[None], strokes[None], self._painter)[0]
            self._job.emit("canvas", count, canvas_data(canvas))
        elif count > published:
            new = strokes[published:]
            self._published = strokes.clone()
            self._job.emit("strokes", count, stroke_data(new, self._painter(new)))
