"""What an agent tells while it paints, and how whoever listens ends a painting early."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..painters.stroke_list import StrokeList


@dataclass(frozen=True)
class Progress:
    """How far a painting has come.

    Attributes:
        strokes: how many strokes there are by now.
        loss: what the agent minimizes, as far as it is known.
        fraction: part of the work that is done, in [0, 1].
        strokes_so_far: (T, 12) in [0, 1], what was painted by now on a canvas of 64x64, from agents that can tell; not
            to be changed.
        canvas: (3, H, W) in [0, 1], a large painting as it is now; not to be changed, and painted on afterwards.
        stroke_list: the strokes of a large painting as they are now.
        settled: how many of them, from the first, are moved no more.
    """

    strokes: int
    loss: float
    fraction: float
    strokes_so_far: Tensor | None = None
    canvas: Tensor | None = None
    stroke_list: StrokeList | None = None
    settled: int = 0

    def after(self, strokes: Tensor) -> "Progress":
        """The same of a painting that began with strokes (T, 12)."""
        if not len(strokes):
            return self
        so_far = None if self.strokes_so_far is None else torch.cat([strokes, self.strokes_so_far])
        return replace(self, strokes=len(strokes) + self.strokes, strokes_so_far=so_far)


ProgressCallback = Callable[[Progress], object]


class StopPainting(Exception):
    """Raised by a callback to end a painting there: it is handed over with the strokes that it has by then."""
