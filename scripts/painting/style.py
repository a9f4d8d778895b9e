"""The options of a painting's style on the command line, and the style that they mean."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InvalidInputError
from ...painters.stroke_list import WHITE
from ...painters.style import Style, check_palette_size, choose_palette
from ..options import about

if TYPE_CHECKING:
    from ...envs.pictures import Picture

_USUAL_COLORS = 8
_WHITE = "white"


@dataclass(frozen=True)
class StyleOptions:
    """Limits that every stroke keeps."""

    brush_sizes: tuple[float, float] = (0.0, 1.0)
    """Least and largest brush size, from 0 (a radius of 1 pixel in a window of 64) to 1 (7.4 pixels)."""
    lengths: tuple[float, float] = field(default_factory=lambda: Style().lengths)
    """Least and largest length of a stroke, in parts of its window."""
    palette: int | None = None
    """At most so many colors, 1 to 256, chosen from the picture, or from --palette-from."""
    palette_from: Path | None = None
    """A picture whose colors are used; 8 of them without --palette."""
    background: str = _WHITE
    """The paper's color: a name such as black, or as #f5e6c8."""
    large_first: bool = False
    """Lay broad strokes under fine ones, in each window; by default in the order in which they were decided."""

    def check(self) -> None:
        """Find mistakes without a picture.

        Raises:
            InvalidInputError: ranges or colors that cannot be.
        """
        self.style(None)
        if self.palette is not None:
            check_palette_size(self.palette)

    def load_palette(self) -> "Picture | None":
        """The picture of ``--palette-from``, if there is one.

        Raises:
            InvalidInputError: it cannot be read.
        """
        if self.palette_from is None:
            return None
        from ...envs.pictures import load_picture

        with about("--palette-from"):
            return load_picture(self.palette_from)

    def style(self, picture: "Picture | None") -> Style:
        """The style, for the picture (H, W, 3) uint8 that gives the palette; without one, there is no palette.

        Raises:
            InvalidInputError: ranges or colors that cannot be.
        """
        colors = _USUAL_COLORS if self.palette is None and self.palette_from else self.palette
        return Style(
            sizes=self.brush_sizes,
            lengths=self.lengths,
            palette=None if colors is None or picture is None else choose_palette(picture, colors),
            background=self.paper,
            large_first=self.large_first,
        )

    @property
    def paper(self) -> tuple[float, float, float]:
        """The background's red, green and blue in [0, 1].

        Raises:
            InvalidInputError: no color, or one that lets something through.
        """
        if self.background == _WHITE:
            return WHITE
        from PIL import ImageColor

        try:
            red, green, blue, *alpha = ImageColor.getrgb(self.background)
        except ValueError:
            raise InvalidInputError(
                f"background is {self.background!r}, expected a color's name, such as white, or #rrggbb", "background"
            ) from None
        if alpha and alpha[0] < 255:
            raise InvalidInputError(
                f"background is {self.background!r}, a color that is not opaque; paper is, so leave its alpha out",
                "background",
            )
        return red / 255, green / 255, blue / 255
