"""Strokes painted anew, at any size, by the real MyPaint or by a neural painter. Nothing here chooses strokes."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...checks import check_whole
from ...envs.pictures import Picture
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
        painter: who lays the strokes: a neural painter, or such painters by the names of the strokes' brushes; the name
            of a MyPaint brush, which the real MyPaint lays; None for the real MyPaint with the strokes' own brushes.
        size: longer side of the new painting in pixels, 1 to 8192; by default that of the old one.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: a size out of range, an unknown brush, or one of several colors.
    """

    def __init__(
        self,
        stroke_list: StrokeList,
        painter: Painter | Mapping[str, Painter] | str | None = None,
        size: int | None = None,
    ) -> None:
        size = max(stroke_list.width, stroke_list.height) if size is None else size
        size = check_whole("size", size, 1, MAXIMUM_SIZE)
        self.stroke_list = stroke_list.scaled(size)
        self._painter = painter
        self._engines: dict[str, MyPaintEngine] = {}
        if painter is None or isinstance(painter, str):
            # Before anything is painted, so that a mistake in its name costs no waiting.
            for brush in (painter,) if painter else stroke_list.brushes:
                self._engine_for(brush, self.stroke_list)

    @cached_property
    def image(self) -> Picture:  # type: ignore[override]
        """(height, width, 3) uint8, all strokes laid; painted when it is first asked for."""
        return to_uint8(self.composite(self.stroke_list, blank_canvas(self.stroke_list)))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The painter."""
        if isinstance(self._painter, Painter):
            return {"painter": self._painter.name}
        if isinstance(self._painter, Mapping):
            return {"painter": ", ".join(dict.fromkeys(painter.name for painter in self._painter.values()))}
        return {"painter": f"mypaint {self._painter or ', '.join(self.stroke_list.brushes)}"}

    def composite(self, stroke_list: StrokeList, canvas: Tensor) -> Tensor:
        """Composite strokes on a canvas (3, height, width) in [0, 1]."""
        if self._painter is not None and not isinstance(self._painter, str):
            return paint_list(stroke_list, self._painter, canvas)
        parts = [(self._painter, stroke_list)] if self._painter else stroke_list.by_brush()
        paper = np.clip(canvas.permute(1, 2, 0).numpy(), 0, 1)
        for brush, part in parts:
            paper = self._engine_for(brush, stroke_list).paint(part.strokes, paper, part.windows)
        return torch.from_numpy(paper).permute(2, 0, 1)

    def _engine_for(self, brush: str, stroke_list: StrokeList) -> MyPaintEngine:
        engine, size = self._engines.get(brush), (stroke_list.width, stroke_list.height)
        if engine is None or (engine.width, engine.height) != size:
            engine = self._engines[brush] = MyPaintEngine(size, brush)
        return engine
