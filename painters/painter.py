"""What a painter is: strokes to coverage, on the 64x64 canvas or on any raster. By name they are in ``registry``."""

from collections.abc import Callable
from itertools import chain

import torch
from torch import Tensor, nn

from ..errors import InvalidInputError
from .modes import full_precision, is_true
from .raster import WHOLE, Raster, resample
from .stroke import STROKE_LENGTH

StrokeFunction = Callable[[Tensor], Tensor]
"""Strokes (N, 12) in [0, 1] to coverage (N, 1, h, w) in [0, 1]; ``as_painter`` makes a painter of it."""


class Painter(nn.Module):
    """Turns strokes into coverage, differentiably.

    ``painter(strokes)`` takes (N, 12) in [0, 1] and returns (N, 1, 64, 64) in [0, 1]. The color of a stroke is
    given exactly by its own three numbers, so a painter predicts coverage alone and ignores them. Numbers outside
    [0, 1], where an optimizer may stray, are taken at the nearer end.

    Coverage has the data type of the strokes, and is computed in that of the painter's weights: autocast, TF32 and
    torch's default data type change nothing. ``torch.func`` differentiates and batches it.

    Examples:
        >>> from paintgym.painters.registry import load_painter
        >>> strokes = torch.full((2, 12), 0.5, dtype=torch.float64)
        >>> strokes[:, 4:6], strokes[:, 9:11] = 0.9, 0.1  # from the upper left to the lower right
        >>> coverage = load_painter("gan")(strokes)
        >>> coverage.shape, coverage.dtype
        (torch.Size([2, 1, 64, 64]), torch.float64)
    """

    architecture: str
    """Key in the registry of painters; stored with the weights."""
    name: str = ""
    """What the painter was loaded as."""

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1], already checked."""
        raise NotImplementedError

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster, for canvases larger than 64x64.

        Interpolated from the 64x64 canvas, and cut where that ends, unless the painter knows better.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        return resample(self(strokes), WHOLE, raster)

    def forward(self, strokes: Tensor) -> Tensor:
        """See the class.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        return self._compute(strokes, self.coverage)

    def _compute(self, strokes: Tensor, draw: StrokeFunction) -> Tensor:
        """What ``draw`` makes of strokes that are checked, in the weights' data type whatever torch's modes say."""
        strokes = self._checked(strokes)
        weight = self._weight()
        dtype = strokes.dtype if weight is None else weight.dtype
        with full_precision(strokes.device):
            return draw(strokes.to(dtype)).to(strokes.dtype)

    def _weight(self) -> Tensor | None:
        """One of the painter's numbers, whose data type it computes in; None where it has none."""
        return next(chain(self.parameters(), self.buffers()), None)

    @staticmethod
    def _checked(strokes: Tensor) -> Tensor:
        if strokes.ndim != 2 or strokes.shape[1] != STROKE_LENGTH:
            raise InvalidInputError(f"strokes have shape {tuple(strokes.shape)}, expected (N, {STROKE_LENGTH})")
        if not strokes.is_floating_point():
            raise InvalidInputError(
                f"strokes are {strokes.dtype}, expected floating-point numbers in [0, 1]; convert them with .float()"
            )
        if is_true(strokes.isnan().any()):
            raise InvalidInputError("a stroke holds NaN, expected numbers in [0, 1]")
        return strokes.clamp(0.0, 1.0)


class FunctionPainter(Painter):
    """Somebody's function of strokes as a painter.

    Args:
        function: strokes (N, 12) in [0, 1] to coverage (N, 1, h, w) in [0, 1].
    """

    architecture = "function"

    def __init__(self, function: StrokeFunction) -> None:
        super().__init__()
        self.function = function
        self.name = str(getattr(function, "name", getattr(function, "__name__", "")))

    def coverage(self, strokes: Tensor) -> Tensor:
        """What the function says."""
        return self.function(strokes)


def as_painter(painter: Painter | StrokeFunction) -> Painter:
    """The painter itself, or a function of strokes as one."""
    return painter if isinstance(painter, Painter) else FunctionPainter(painter)
