"""What strokes may look like: limits on size, length and color, whoever decides them, and the paper."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InvalidInputError
from .painter import Painter, StrokeFunction, as_painter
from .raster import Raster
from .stroke import COLOR, CONTROL, END, SIZE, START
from .stroke_list import WHITE, check_background

_MOST_COLORS = 256
"""Of a palette: as many as a palette picture has."""
_LONGEST = 3.0
"""More than any stroke in its window: twice the diagonal."""
_TINY = 1e-6
"""Parts of a window: a stroke no longer than this is a point."""


@dataclass(frozen=True)
class Style:
    """Limits that every stroke of a painting keeps.

    Attributes:
        sizes: least and largest brush size, the stroke's own number in [0, 1]: a radius of 1 to 7.4 pixels in a window
            of 64.
        lengths: least and largest length of a stroke, along two straight lines over its middle, in parts of its window.
            A stroke that is a point stays one.
        palette: (N, 3) colors in [0, 1] that strokes may have, or None for any.
        background: the paper's red, green and blue in [0, 1].
        large_first: whether broad strokes lie under fine ones, in each window; else they lie as they were decided.

    Raises:
        InvalidInputError: ranges or colors that cannot be.
    """

    sizes: tuple[float, float] = (0.0, 1.0)
    lengths: tuple[float, float] = (0.0, _LONGEST)
    palette: NDArray[np.float32] | None = None
    background: tuple[float, float, float] = WHITE
    large_first: bool = False

    def __post_init__(self) -> None:
        for name, (low, high), most in (("sizes", self.sizes, 1.0), ("lengths", self.lengths, _LONGEST)):
            if not 0 <= low <= high <= most:
                raise InvalidInputError(f"{name} are from {low} to {high}, expected a range inside 0 to {most:g}")
        check_background(self.background)
        if self.palette is not None:
            colors = self.palette
            if colors.ndim != 2 or colors.shape[1] != 3 or not 1 <= len(colors) <= _MOST_COLORS:
                raise InvalidInputError(f"the palette has shape {colors.shape}, expected (1 to {_MOST_COLORS}, 3)")
            if not ((colors >= 0) & (colors <= 1)).all():
                raise InvalidInputError("the palette holds numbers outside [0, 1]")

    @property
    def limits(self) -> bool:
        """Whether there are any for sizes, lengths or colors."""
        return (self.sizes, self.lengths) != ((0.0, 1.0), (0.0, _LONGEST)) or self.palette is not None

    def shape(self, strokes: Tensor) -> Tensor:
        """Strokes (..., 12) with sizes and lengths inside the limits; gradients flow where these do not bind."""
        size = strokes[..., SIZE, None].clamp(*self.sizes)
        start, middle, end = strokes[..., START], strokes[..., CONTROL], strokes[..., END]
        length = ((middle - start).norm(dim=-1) + (end - middle).norm(dim=-1))[..., None]
        factor = length.clamp(*self.lengths) / length.clamp(min=_TINY)
        factor = torch.where(length > _TINY, factor, 1.0)
        start, end = ((middle + factor * (point - middle)).clamp(0, 1) for point in (start, end))
        return torch.cat([strokes[..., :SIZE], size, middle, end, strokes[..., COLOR], start, strokes[..., -1:]], -1)

    def color(self, strokes: Tensor) -> Tensor:
        """Strokes (..., 12) in the nearest colors of the palette."""
        if self.palette is None:
            return strokes
        palette = torch.from_numpy(self.palette).to(strokes)
        nearest = (strokes[..., None, COLOR] - palette).square().sum(-1).argmin(-1)
        return torch.cat([strokes[..., : COLOR.start], palette[nearest], strokes[..., COLOR.stop :]], -1)

    def apply(self, strokes: Tensor) -> Tensor:
        """Strokes (..., 12) inside all limits; the same where there are none."""
        return self.color(self.shape(strokes)) if self.limits else strokes

    def finish(self, strokes: Tensor) -> Tensor:
        """Strokes (T, 12) of one window inside all limits, in order."""
        strokes = self.apply(strokes)
        return strokes[strokes[:, SIZE].argsort(descending=True, stable=True)] if self.large_first else strokes


class StyledPainter(Painter):
    """A painter before which strokes keep a style, so that who optimizes through it knows the limits.

    Args:
        painter: the painter of a name, strokes (N, 12) in [0, 1] to coverage (N, 1, 64, 64).
        style: the limits.
    """

    architecture = "styled"

    def __init__(self, painter: Painter | StrokeFunction, style: Style) -> None:
        super().__init__()
        self.painter = as_painter(painter)
        self.style = style
        self.name = self.painter.name

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        coverage: Tensor = self.painter(self.style.shape(strokes))
        return coverage

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster, as the painter samples them."""
        return self.painter.sample(self.style.shape(strokes), raster)


def choose_palette(picture: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """The ``count`` colors that serve a picture (H, W, 3) best: (N, 3) in [0, 1], N <= count (median cut, k-means).

    Raises:
        InvalidInputError: a count outside 1 to 256.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_COLORS:
        raise InvalidInputError(f"a palette of {count!r} colors was asked for, expected 1 to {_MOST_COLORS}")
    image = Image.fromarray(picture)
    image.thumbnail((256, 256))
    reduced = image.quantize(count, Image.Quantize.MEDIANCUT, kmeans=4)
    used = sorted({int(number) for number in np.unique(np.asarray(reduced))})
    levels = np.array(reduced.getpalette(), np.float32).reshape(-1, 3)[used]
    colors: NDArray[np.float32] = levels / np.float32(255)
    return colors
