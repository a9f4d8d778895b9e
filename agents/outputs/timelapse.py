"""What can be saved: a picture that strokes make, one after the other. How files are written is in ``outputs``."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from ...envs.pictures import Picture
from ...painters.pixels import to_uint8
from ...painters.stroke_list import StrokeList
from ...painters.windows import blank_canvas
from .forms import FRAMES, check_frames

_REMEMBERED_PIXELS = 100_000_000
"""Films of no more pixels are kept, so that another form of the same film costs no painting."""


class Timelapse(ABC):
    """Strokes, the picture that they make, and every picture between paper and that."""

    stroke_list: StrokeList
    """The strokes in painting order, each with its window."""
    image: Picture
    """(height, width, 3) uint8, all strokes laid."""

    @property
    @abstractmethod
    def metadata(self) -> Mapping[str, Any]:
        """What is known of the painting beside its strokes, for its JSON file."""

    @abstractmethod
    def composite(self, stroke_list: StrokeList, canvas: Tensor) -> Tensor:
        """Composite strokes on a canvas (3, height, width) in [0, 1], which may be changed in place, and return it."""

    def frames(self, count: int = FRAMES) -> Iterator[Picture]:
        """The painting as it grows: at most ``count`` pictures (height, width, 3) uint8.

        The first is the paper, the last the finished painting; between them lie equal numbers of strokes.
        Every stroke is painted once.

        Raises:
            InvalidInputError: ``count`` below 2, or above 1000.
        """
        check_frames(count)
        strokes = len(self.stroke_list)
        return self._prefixes(np.linspace(0, strokes, min(count, strokes + 1)).round().astype(int).tolist())

    def _prefixes(self, ends: list[int]) -> Iterator[Picture]:
        canvas = blank_canvas(self.stroke_list)
        for start, end in zip([0, *ends], ends[:-1], strict=False):
            canvas = self.composite(self.stroke_list.part(start, end), canvas)
            yield to_uint8(canvas)
        yield self.image

    @cached_property
    def _films(self) -> dict[int, list[Picture]]:
        return {}

    def film(self, count: int) -> list[Picture]:
        """``frames(count)`` as a list; that of a small painting is kept and painted no second time."""
        if count in self._films:
            return self._films[count]
        pictures = list(self.frames(count))
        if sum(picture[..., 0].size for picture in pictures) <= _REMEMBERED_PIXELS:
            self._films[count] = pictures
        return pictures
