"""The options of a painting's style on the command line, and the style that they mean."""

from dataclasses import dataclass, field
from pathlib import Path

from PIL import ImageColor

from ..envs.pictures import Picture, load_picture
from ..errors import InvalidInputError
from ..painters.style import Style, choose_palette

_USUAL_COLORS = 8


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
    background: str = "white"
    """The paper's color: a name such as black, or as #f5e6c8."""
    large_first: bool = False
    """Lay broad strokes under fine ones, in each window; by default in the order in which they were decided."""

    def style(self, picture: Picture | None) -> Style:
        """The style, for a picture (H, W, 3) that gives the palette where no other does.

        Raises:
            InvalidInputError: ranges, colors or a picture that cannot be.
        """
        source = picture if self.palette_from is None else load_picture(self.palette_from)
        colors = _USUAL_COLORS if self.palette is None and self.palette_from else self.palette
        try:
            red, green, blue = ImageColor.getrgb(self.background)[:3]
        except ValueError:
            raise InvalidInputError(
                f"the background is {self.background!r}, expected a color's name, such as white, or #rrggbb"
            ) from None
        return Style(
            sizes=self.brush_sizes,
            lengths=self.lengths,
            palette=None if colors is None or source is None else choose_palette(source, colors),
            background=(red / 255, green / 255, blue / 255),
            large_first=self.large_first,
        )
