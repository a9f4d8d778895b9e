"""Which part of a picture is painted, and which way up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...envs.pictures import Picture
from ..errors import RequestError, printable
from .fields import read_choice, read_fractions

_TURNS = ("0", "90", "180", "270")
_LEAST_PART = 0.01
"""Of a picture's width or height: less is a slip of the hand."""


@dataclass(frozen=True)
class Framing:
    """A picture is turned first, and cropped then.

    Attributes:
        rotate: degrees clockwise, 0, 90, 180 or 270.
        crop: x and y of the upper left corner, width and height, in parts of the turned picture; None for all of it.
    """

    rotate: int = 0
    crop: tuple[float, float, float, float] | None = None

    @property
    def least_part(self) -> float:
        """Of a side of the picture, that is left at least."""
        return min(self.crop[2:]) if self.crop else 1.0

    def apply(self, picture: Picture) -> Picture:
        """The part of a picture (H, W, 3), turned."""
        picture = np.rot90(picture, -self.rotate // 90)
        if self.crop is not None:
            height, width = picture.shape[:2]
            x, y, across, down = self.crop
            left, top = min(int(x * width), width - 1), min(int(y * height), height - 1)
            right, bottom = max(left + 1, round((x + across) * width)), max(top + 1, round((y + down) * height))
            picture = picture[top:bottom, left:right]
        return np.ascontiguousarray(picture)


def read_framing(fields: Mapping[str, Any]) -> Framing:
    """The framing that ``rotate`` and ``crop`` ask for.

    Raises:
        RequestError: a turn that is none, or a part that is not inside the picture.
    """
    rotate = int(read_choice("rotate", str(fields.get("rotate", 0)), _TURNS))
    if fields.get("crop") in (None, ""):
        return Framing(rotate)
    x, y, width, height = read_fractions("crop", fields["crop"], "0.1,0,0.5,1")
    if min(width, height) < _LEAST_PART or max(x + width, y + height) > 1 + 1e-6:
        raise RequestError("crop_outside", value=printable(fields["crop"]))
    return Framing(rotate, (x, y, width, height))
