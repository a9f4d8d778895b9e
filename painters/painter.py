"""What a painter is: strokes to coverage, on the 64x64 canvas or on any raster. By name they are in ``registry``."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InvalidInputError
from ..memory import keep_at_hand
from .late_check import LateCheck
from .modes import full_precision, has_value
from .names import DEFAULT_BRUSH
from .raster import WHOLE, Raster, resample
from .ribbon import ProxyParameters
from .stroke import (
    CANVAS_SIZE,
    COLOR,
    CONTROL,
    END,
    ENTRY_PRESSURE,
    LOG_RADIUS_SCALE,
    SIZE,
    START,
    STROKE_LENGTH,
)

StrokeFunction = Callable[[Tensor], Tensor]
"""Strokes (N, 12) in [0, 1] to coverage (N, 1, h, w) in [0, 1]; ``as_painter`` makes a painter of it."""


_WIDER = Raster(-CANVAS_SIZE / 4, -CANVAS_SIZE / 4, 1.5, CANVAS_SIZE, CANVAS_SIZE)
"""A canvas of 64x64 pixels that shows half as much again as ``WHOLE``: a quarter more on each side, as far as ink runs
beyond windows."""
_SIZE_STEP = math.log(_WIDER.step) / LOG_RADIUS_SCALE
"""What a stroke's size loses on it."""
_FADE = 4.0
"""Pixels of the 64x64 canvas over which its ink fades into that of the wider one: half a brush, so no step is seen."""


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
    brush: str = DEFAULT_BRUSH
    """The MyPaint brush that it learned: an installed one's name, or the path of a ``.myb`` file."""
    ribbon: ProxyParameters = ProxyParameters()
    """The proxy renderer's parameters for that brush."""
    exact: bool = False
    """Whether it samples any raster as the engine paints there: its ink has more detail the finer it is."""
    margin: int = CANVAS_SIZE // 4
    """How far ink may run beyond the 64x64 canvas, in its pixels: dabs are shifted at random."""
    options: Mapping[str, Any] = MappingProxyType({})
    """What ``build_painter`` needs to make it again, where that is not the default."""
    asks: bool | None = None
    """Whether the host may ask for strokes' numbers. None: on a CPU alone, as it would wait for a GPU to answer."""

    def __init__(self) -> None:
        super().__init__()
        self._late = LateCheck()
        keep_at_hand()

    @property
    def label(self) -> str:
        """Name, and brush where it is not the usual one."""
        return self.name if self.brush == DEFAULT_BRUSH else f"{self.name} {self.brush}"

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1], already checked."""
        raise NotImplementedError

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster, for canvases larger than 64x64.

        Interpolated from the 64x64 canvas, unless the painter knows better. What lies beyond that canvas is taken from
        the strokes painted smaller, in the middle of another, and over the last pixels before its border one fades into
        the other: ink that runs over the border of a window would be cut off there.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        near = resample(self(strokes), WHOLE, raster)
        if WHOLE.holds(raster):
            return near
        far = resample(self(_shrunk(strokes)) * _thinning(strokes), _WIDER, raster)
        return far + _nearness(raster, far.device).to(far) * (near - far)

    def reduced(self, strokes: Tensor, side: int) -> Tensor:
        """Coverage (N, 1, s, s) of strokes (N, 12), to be scaled down to ``side`` pixels, fewer than 64.

        All of the 64x64 canvas, unless the painter can do with fewer.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        coverage: Tensor = self(strokes)
        return coverage

    def crops(self, strokes: Tensor, raster: Raster) -> Iterator[tuple[int, int, Tensor]]:
        """The ink of strokes (N, 12) one by one, on the part of a raster that each may touch: all of it, if need be.

        Yields:
            First column and first row of the part, and the coverage (1, 1, h, w) there; without pixels where a stroke
            leaves nothing.

        Raises:
            InvalidInputError: strokes of another shape, or with NaN in them.
        """
        for stroke in strokes:
            yield 0, 0, self.sample(stroke[None], raster)

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
        if dtype == strokes.dtype and not torch.is_autocast_enabled(strokes.device.type):
            return draw(strokes)
        with full_precision(strokes.device):
            return draw(strokes.to(dtype)).to(strokes.dtype)

    def _weight(self) -> Tensor | None:
        """One of the painter's numbers, whose data type it computes in; None where it has none."""
        return next(chain(self.parameters(), self.buffers()), None)

    def may_ask(self, strokes: Tensor) -> bool:
        """Whether the host may, and can, look at the numbers of strokes: see ``asks``."""
        if torch.compiler.is_compiling() or not has_value(strokes):
            return False
        return strokes.device.type == "cpu" if self.asks is None else self.asks

    def _checked(self, strokes: Tensor) -> Tensor:
        if strokes.ndim != 2 or strokes.shape[1] != STROKE_LENGTH:
            raise InvalidInputError(f"strokes have shape {tuple(strokes.shape)}, expected (N, {STROKE_LENGTH})")
        if not strokes.is_floating_point():
            raise InvalidInputError(
                f"strokes are {strokes.dtype}, expected floating-point numbers in [0, 1]; convert them with .float()"
            )
        message = "a stroke holds NaN, expected numbers in [0, 1]"
        if self.may_ask(strokes):
            # NaN alone is not equal to itself; isnan().any() takes a thirtieth of one stroke's time longer.
            if not torch.equal(strokes, strokes):
                raise InvalidInputError(message)
        elif not torch.compiler.is_compiling() and has_value(strokes) and not _is_captured(strokes):
            self._late(strokes.detach().isnan().any(), message)
        return strokes.clamp(0.0, 1.0)


def _is_captured(strokes: Tensor) -> bool:
    """Whether what is asked of a GPU is only written down, for a CUDA graph."""
    return strokes.is_cuda and torch.cuda.is_current_stream_capturing()


def _shrunk(strokes: Tensor) -> Tensor:
    """Strokes (N, 12) as they lie on the wider canvas, where the smallest brush is the thinnest."""
    strokes = strokes.clamp(0.0, 1.0)
    smaller = (strokes - 0.5) / _WIDER.step + 0.5
    size = (strokes[:, SIZE, None] - _SIZE_STEP).clamp(min=0.0)
    middle, last = smaller[:, CONTROL.start : END.stop], strokes[:, ENTRY_PRESSURE, None]
    return torch.cat([strokes[:, :SIZE], size, middle, strokes[:, COLOR], smaller[:, START], last], 1)


def _thinning(strokes: Tensor) -> Tensor:
    """How much fainter (N, 1, 1, 1) a stroke has to be that is shrunk but for its brush, at its thinnest already.

    By the area of its dabs: they hold the same ink.
    """
    lacking = (_SIZE_STEP - strokes[:, SIZE].clamp(0.0, 1.0)).clamp(min=0.0)
    return torch.exp(-2 * LOG_RADIUS_SCALE * lacking)[:, None, None, None]


def _nearness(raster: Raster, device: torch.device) -> Tensor:
    """(H, W): 1 well inside the 64x64 canvas, 0 from the middles of its outermost pixels on."""
    columns, rows = (
        ((torch.minimum(centers, CANVAS_SIZE - centers) - 0.5) / _FADE).clamp(0.0, 1.0)
        for centers in (raster.columns(device), raster.rows(device))
    )
    return rows[:, None] * columns


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

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Interpolated from what the function says, and cut where that ends: what it makes of size nobody knows."""
        return resample(self(strokes), WHOLE, raster)


def as_painter(painter: Painter | StrokeFunction) -> Painter:
    """The painter itself, or a function of strokes as one."""
    return painter if isinstance(painter, Painter) else FunctionPainter(painter)
