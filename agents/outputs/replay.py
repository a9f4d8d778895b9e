"""Strokes painted anew, at any size, by the real MyPaint or by a neural painter. Nothing here chooses strokes."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...checks import check_whole
from ...envs.pictures import Picture
from ...painters.mypaint.brushes import DEFAULT_BRUSH
from ...painters.mypaint.engine import MAXIMUM_SIZE, MyPaintEngine
from ...painters.painter import Painter
from ...painters.pixels import to_uint8
from ...painters.stroke_list import StrokeList
from ...painters.windows import blank_canvas, paint_list
from .saving import SavablePicture


class Replay(SavablePicture):
    """A painting whose strokes are laid again; ``save`` takes all the forms that a painting can be saved in.

    Args:
        stroke_list: the strokes.
        painter: a neural painter, or the name of a MyPaint brush, which the real MyPaint lays.
        size: longer side of the new painting in pixels, 1 to 8192; by default that of the old one.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: a size out of range, an unknown brush, or one of several colors.
    """

    def __init__(
        self, stroke_list: StrokeList, painter: Painter | str = DEFAULT_BRUSH, size: int | None = None
    ) -> None:
        size = max(stroke_list.width, stroke_list.height) if size is None else size
        size = check_whole("size", size, 1, MAXIMUM_SIZE)
        self.stroke_list = stroke_list.scaled(size)
        self._painter = painter
        # Before anything is painted, so that a mistake in its name costs no waiting.
        self._engine = self._engine_for(self.stroke_list) if isinstance(painter, str) else None

    @cached_property
    def image(self) -> Picture:  # type: ignore[override]
        """(height, width, 3) uint8, all strokes laid; painted when it is first asked for."""
        return to_uint8(self.composite(self.stroke_list, blank_canvas(self.stroke_list)))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The painter."""
        return {"painter": f"mypaint {self._painter}" if isinstance(self._painter, str) else self._painter.name}

    def composite(self, stroke_list: StrokeList, canvas: Tensor) -> Tensor:
        """Composite strokes on a canvas (3, height, width) in [0, 1]."""
        if not isinstance(self._painter, str):
            return paint_list(stroke_list, self._painter, canvas)
        engine = self._engine_for(stroke_list)
        paper = np.clip(canvas.permute(1, 2, 0).numpy(), 0, 1)
        return torch.from_numpy(engine.paint(stroke_list.strokes, paper, stroke_list.windows)).permute(2, 0, 1)

    def _engine_for(self, stroke_list: StrokeList) -> MyPaintEngine:
        engine: MyPaintEngine | None = getattr(self, "_engine", None)
        if engine is not None and (engine.width, engine.height) == (stroke_list.width, stroke_list.height):
            return engine
        return MyPaintEngine((stroke_list.width, stroke_list.height), str(self._painter))
