"""A contact sheet of brushes: the same strokes by each, real ones above the neural painter's where there is one."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..painter import Painter
from ..stroke import CANVAS_SIZE
from .engine import MyPaintEngine

_GAP, _LETTERS, _COLUMNS = 6, 12, 3
"""Pixels between pictures, height of words in pixels, and brushes beside each other."""


def sheet_strokes() -> NDArray[np.float64]:
    """Four strokes (4, 12) in [0, 1] that tell brushes apart: a thin curve, a broad one, a dot, and one that fades."""
    #   end pressure, size, middle, end, color, start, entry pressure
    return np.array(
        [
            [0.8, 0.3, 0.5, 0.15, 0.9, 0.7, 0, 0, 0, 0.1, 0.7, 0.8],
            [0.9, 0.9, 0.5, 0.80, 0.9, 0.3, 0, 0, 0, 0.1, 0.3, 0.9],
            [1.0, 1.0, 0.5, 0.50, 0.52, 0.5, 0, 0, 0, 0.5, 0.5, 1.0],
            [0.0, 0.6, 0.5, 0.50, 0.9, 0.1, 0, 0, 0, 0.1, 0.9, 1.0],
        ]
    )


def brush_sheet(names: Sequence[str], painters: Mapping[str, Painter]) -> Image.Image:
    """Strokes of brushes, ink on white, with their names.

    Args:
        names: of brushes that can be painted with.
        painters: by the name of a brush, the neural painter that learned it.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: a brush that cannot be painted with.
    """
    strokes = sheet_strokes()
    width, beside = len(strokes) * CANVAS_SIZE + _GAP, [names[i : i + _COLUMNS] for i in range(0, len(names), _COLUMNS)]
    heights = [(1 + any(name in painters for name in row)) * CANVAS_SIZE + _LETTERS + 2 * _GAP for row in beside]
    sheet = Image.new("L", (_COLUMNS * width + _GAP, sum(heights) + _GAP), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LETTERS)
    for number, name in enumerate(names):
        left, top = number % _COLUMNS * width + _GAP, sum(heights[: number // _COLUMNS]) + _GAP
        draw.text((left, top), name, 80, font)
        inks = [MyPaintEngine(brush=name).coverage(strokes)]
        if name in painters:
            with torch.no_grad():
                inks.append(painters[name](torch.from_numpy(strokes).float())[:, 0].numpy())
        for row, ink in enumerate(inks):
            strip = np.concatenate(list(255 * (1 - ink)), 1).round().astype(np.uint8)
            sheet.paste(Image.fromarray(strip), (left, top + _LETTERS + _GAP + row * CANVAS_SIZE))
    return sheet
