"""How the pictures of a folder are to be painted and saved: numbers and names, checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...checks import check_whole
from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...painters.stroke import CANVAS_SIZE
from ...painters.stroke_list import WHITE
from ...runs import settings_of
from ..large.config import ReuseConfig
from ..limits import LARGEST_BUDGET, LARGEST_LARGE_BUDGET, LARGEST_SIZE
from ..outputs.forms import FRAMES, check_pixels

if TYPE_CHECKING:
    from ...painters.style import Style

STROKES_SUFFIX = ".json"
"""Of the file that holds a painting's strokes."""


@dataclass(frozen=True)
class FolderPlan:
    """How the pictures of a folder are to be painted and saved.

    Attributes:
        strokes: how many each painting has.
        size: each painting's longer side in pixels; by default center squares are painted on 64x64.
        seed: of every batch.
        suffixes: the files to write for every picture.
        upscale: see ``Painting.save``.
        frames: see ``Painting.save``.
        seconds: see ``Painting.save``.
        style: limits of the strokes, for a picture; none by default.
        paper: the red, green and blue in [0, 1] that are seen through what is transparent: the style's background.
        own_styles: whether they differ from picture to picture.
        reuse: for a film: which strokes of the frame before each frame begins with; by default pictures are painted
            each from bare paper.
        batch_size: pictures of ``batch_side`` pixels a side that are painted side by side; larger ones fewer.
        batch_side: see ``batch_size``.
        small_batch: how many paintings of 64x64 are painted side by side, where there is no size.

    Raises:
        InvalidInputError: a number out of range, files too large, or a film without a size.
    """

    strokes: int
    size: int | None = None
    seed: int = 0
    suffixes: tuple[str, ...] = (".png",)
    upscale: int = 1
    frames: int = FRAMES
    seconds: float | None = None
    style: "Callable[[Picture], Style] | None" = None
    paper: tuple[float, float, float] = WHITE
    own_styles: bool = False
    reuse: ReuseConfig | None = None
    batch_size: int = 8
    batch_side: int = 1024
    small_batch: int = 1

    def __post_init__(self) -> None:
        check_whole("strokes", self.strokes, 1, LARGEST_BUDGET if self.size is None else LARGEST_LARGE_BUDGET)
        check_whole("seed", self.seed, 0, 2**63 - 1)
        if self.size is not None:
            check_whole("size", self.size, CANVAS_SIZE, LARGEST_SIZE)
        side = self.upscale * (self.size or CANVAS_SIZE)
        for suffix in self.suffixes:
            check_pixels(suffix, side, side if self.size is None else 1, min(self.frames, self.strokes + 1))
        if self.reuse is not None and self.size is None:
            raise InvalidInputError("frames follow each other only in large paintings; give a size too")

    @property
    def written(self) -> tuple[str, ...]:
        """Suffixes of the files that are written for every picture."""
        more = (STROKES_SUFFIX,) if self.reuse is not None and STROKES_SUFFIX not in self.suffixes else ()
        return (*self.suffixes, *more)

    @property
    def batch(self) -> int:
        """How many pictures are painted side by side; it depends on what is asked for, never on what is there."""
        if self.reuse is not None or self.own_styles:
            return 1
        if self.size is None:
            return self.small_batch
        return min(self.batch_size, max(1, self.batch_size * self.batch_side**2 // self.size**2))

    def settings(self) -> dict[str, Any]:
        """What decides the paintings, as JSON. Which files are written of them may change from run to run."""
        return settings_of(self, ("suffixes", "style", "paper", "own_styles", "small_batch"))

    def former_settings(self) -> dict[str, Any]:
        """The same, as version 1 of a folder's state had it."""
        kept = ("strokes", "size", "seed", "upscale", "frames", "seconds")
        return {**{name: getattr(self, name) for name in kept}, "following": self.reuse is not None}
