"""Colors, paper and brush sizes that a request asks for, and the style that they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from ...envs.pictures import Picture
from ...painters.stroke_list import WHITE
from ...painters.style import Style, choose_palette
from ..errors import RequestError, printable
from .fields import read_fractions, read_list

_FEWEST_COLORS, _MOST_COLORS, _USUAL_COLORS = 2, 16, 8
Color = tuple[float, float, float]


@dataclass(frozen=True)
class StyleOptions:
    """What is asked for, before the picture is known.

    Attributes:
        colors: of the palette, to be chosen from a picture; None for any color.
        palette: the colors themselves, (N, 3) in [0, 1], where they are named.
        paper: the paper's color; None for the mean of the picture.
        sizes: least and largest brush size.
    """

    colors: int | None = None
    palette: NDArray[np.float32] | None = None
    paper: Color | None = WHITE
    sizes: tuple[float, float] = (0.0, 1.0)

    def style(self, picture: Picture, other: Picture | None) -> Style:
        """The style for a picture (H, W, 3), with the colors of another one if there is any."""
        palette, paper = self.palette, self.paper
        if palette is None and (self.colors or other is not None):
            palette = choose_palette(picture if other is None else other, self.colors or _USUAL_COLORS)
        if paper is None:
            red, green, blue = (picture.reshape(-1, 3).mean(0) / 255).tolist()
            paper = red, green, blue
        return Style(sizes=self.sizes, palette=palette, background=paper)


def read_style(fields: Mapping[str, Any]) -> StyleOptions:
    """The options that ``palette``, ``paper`` and ``brush_sizes`` ask for; empty fields ask for nothing.

    Raises:
        RequestError: colors that are none, too few or too many; or sizes that are no range.
    """
    given = {name: value for name, value in fields.items() if value not in ("", None)}
    colors, palette = _read_palette(given["palette"]) if "palette" in given else (None, None)
    return StyleOptions(colors, palette, _read_paper(given.get("paper", "white")), _read_sizes(given))


def color_name(color: Any) -> str:
    """A color in [0, 1] as ``#rrggbb``."""
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in color)


def color_of(name: str) -> Color:
    """A color ``#rrggbb`` in [0, 1]."""
    red, green, blue = (int(name[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _read_palette(value: Any) -> tuple[int | None, NDArray[np.float32] | None]:
    parts = read_list(str(value) if isinstance(value, int) else value)
    if len(parts) == 1 and parts[0].isascii() and parts[0].isdigit() and len(parts[0]) < 3:
        if _FEWEST_COLORS <= int(parts[0]) <= _MOST_COLORS:
            return int(parts[0]), None
    elif _FEWEST_COLORS <= len(parts) <= _MOST_COLORS:
        return None, np.array([_color("palette", part) for part in parts], np.float32)
    raise RequestError("palette_wrong", value=printable(value), fewest=_FEWEST_COLORS, most=_MOST_COLORS)


def _read_paper(value: Any) -> Color | None:
    return None if value == "mean" else _color("paper", value)


def _read_sizes(fields: Mapping[str, Any]) -> tuple[float, float]:
    if "brush_sizes" not in fields:
        return 0.0, 1.0
    low, high = read_fractions("brush_sizes", fields["brush_sizes"], "0.2,0.8")
    if low > high:
        raise RequestError("brush_sizes_wrong", low=low, high=high)
    return low, high


def _color(field: str, value: Any) -> Color:
    try:
        # Longer texts are no color, and cost time to find out.
        red, green, blue, *alpha = ImageColor.getrgb(value if len(value) < 30 else "")
    except (TypeError, ValueError, AttributeError):
        red, green, blue, alpha = 0, 0, 0, [0]
    if alpha and alpha[0] < 255:
        raise RequestError("color_wrong", field=field, value=printable(value))
    return red / 255, green / 255, blue / 255
