"""What an agent tells while it paints, and how whoever listens ends a painting early."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from ..painters.stroke_list import StrokeList


@dataclass(frozen=True)
class Progress:
    """How far a painting has come.

    Attributes:
        strokes: how many strokes there are by now.
        loss: what the agent minimizes, as far as it is known.
        fraction: part of the work that is done, in [0, 1].
        each: (T, 12) in [0, 1] for each of the canvases of 64x64 that are painted, what was painted by now on it, from
            agents that can tell; not to be changed.
        canvas: (3, H, W) in [0, 1], a large painting as it is now; not to be changed, and painted on afterwards.
        stroke_list: the strokes of a large painting as they are now.
        settled: how many of them, from the first, are moved no more.
    """

    strokes: int
    loss: float
    fraction: float
    each: Sequence[Tensor] = ()
    canvas: Tensor | None = None
    stroke_list: StrokeList | None = None
    settled: int = 0

    @property
    def strokes_so_far(self) -> Tensor | None:
        """What was painted by now, where it is one canvas of 64x64."""
        return self.each[0] if len(self.each) == 1 else None


ProgressCallback = Callable[[Progress], object]


class StopPainting(Exception):
    """Raised by a callback to end a painting there: it is handed over with the strokes that it has by then."""
