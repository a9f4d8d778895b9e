"""What strokes may look like: limits on size, length and color, whoever decides them, and the paper.

torch and Pillow are imported where strokes or pictures are at hand: to check a style costs nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_number, check_whole, shown
from ..errors import InvalidInputError
from .stroke import COLOR, CONTROL, END, SIZE, START
from .stroke_list import WHITE, check_background

if TYPE_CHECKING:
    from torch import Tensor

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
        palette: (N, 3) colors in [0, 1] that strokes may have, or None for any; lists and tensors become an array.
        background: the paper's red, green and blue in [0, 1]; a list, an array or a tensor becomes a tuple.
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
        for name, limits, most in (("sizes", self.sizes, 1.0), ("lengths", self.lengths, _LONGEST)):
            object.__setattr__(self, name, _check_range(name, limits, most))
        object.__setattr__(self, "background", check_background(self.background))
        if self.palette is not None:
            try:
                colors = np.asarray(self.palette, np.float32).copy()
            except (TypeError, ValueError):
                raise InvalidInputError("the palette holds what is no color, expected red, green and blue") from None
            object.__setattr__(self, "palette", colors)
            if colors.ndim != 2 or colors.shape[1] != 3 or not 1 <= len(colors) <= _MOST_COLORS:
                raise InvalidInputError(f"the palette has shape {colors.shape}, expected (1 to {_MOST_COLORS}, 3)")
            if not ((colors >= 0) & (colors <= 1)).all():
                raise InvalidInputError("the palette holds numbers outside [0, 1]")

    @property
    def limits(self) -> bool:
        """Whether there are any for sizes, lengths or colors."""
        return (self.sizes, self.lengths) != ((0.0, 1.0), (0.0, _LONGEST)) or self.palette is not None

    def shape(self, strokes: "Tensor") -> "Tensor":
        """Strokes (..., 12) with sizes and lengths inside the limits; gradients flow where these do not bind."""
        import torch

        size = strokes[..., SIZE, None].clamp(*self.sizes)
        start, middle, end = strokes[..., START], strokes[..., CONTROL], strokes[..., END]
        length = ((middle - start).norm(dim=-1) + (end - middle).norm(dim=-1))[..., None]
        factor = length.clamp(*self.lengths) / length.clamp(min=_TINY)
        factor = torch.where(length > _TINY, factor, 1.0)
        start, end = ((middle + factor * (point - middle)).clamp(0, 1) for point in (start, end))
        return torch.cat([strokes[..., :SIZE], size, middle, end, strokes[..., COLOR], start, strokes[..., -1:]], -1)

    def color(self, strokes: "Tensor") -> "Tensor":
        """Strokes (..., 12) in the nearest colors of the palette."""
        if self.palette is None:
            return strokes
        import torch

        palette = torch.from_numpy(self.palette).to(strokes, non_blocking=True)
        nearest = (strokes[..., None, COLOR] - palette).square().sum(-1).argmin(-1)
        return torch.cat([strokes[..., : COLOR.start], palette[nearest], strokes[..., COLOR.stop :]], -1)

    def apply(self, strokes: "Tensor") -> "Tensor":
        """Strokes (..., 12) inside all limits; the same where there are none."""
        return self.color(self.shape(strokes)) if self.limits else strokes

    def finish(self, strokes: "Tensor") -> "Tensor":
        """Strokes (T, 12) of one window inside all limits, in order."""
        strokes = self.apply(strokes)
        return strokes[strokes[:, SIZE].argsort(descending=True, stable=True)] if self.large_first else strokes


def _check_range(name: str, limits: Any, most: float) -> tuple[float, float]:
    try:
        low, high = (check_number(name, limit, 0) for limit in limits)
    except (TypeError, ValueError):
        low, high = most, 0.0
    if not low <= high <= most:
        raise InvalidInputError(f"{name} are {shown(limits)}, expected a range inside 0 to {most:g}", name)
    return low, high


def choose_palette(picture: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """The ``count`` colors that serve a picture (H, W, 3) best: (N, 3) in [0, 1], N <= count (median cut, k-means).

    Raises:
        InvalidInputError: a count outside 1 to 256.
    """
    from PIL import Image

    count = check_palette_size(count)
    image = Image.fromarray(picture)
    image.thumbnail((256, 256))
    reduced = image.quantize(count, Image.Quantize.MEDIANCUT, kmeans=4)
    used = sorted({int(number) for number in np.unique(np.asarray(reduced))})
    levels = np.array(reduced.getpalette(), np.float32).reshape(-1, 3)[used]
    colors: NDArray[np.float32] = levels / np.float32(255)
    return colors


def check_palette_size(count: int) -> int:
    """How many colors a palette is to have, 1 to 256.

    Raises:
        InvalidInputError: out of range.
    """
    return check_whole("palette", count, 1, _MOST_COLORS)
