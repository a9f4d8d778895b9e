"""Strokes to go on with, sent along: those of a painting that this service made, and has forgotten since."""

import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...agents.outputs.painting_file import read_painting_file
from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...painters.stroke_list import StrokeList
from ..errors import RequestError, printable

_ROUNDING = 2
"""Pixels, by which a picture that was shrunk before it was sent may have another shape than the painting."""


def read_start(text: Any, brushes: Collection[str]) -> StrokeList:
    """The strokes of a painting as its ``.json`` has them.

    Args:
        text: the file.
        brushes: those that it may be painted with.

    Raises:
        RequestError: no painting, one of other brushes, or with windows far beside it.
    """
    if not isinstance(text, str):
        raise RequestError("start_wrong")
    with tempfile.TemporaryDirectory(prefix="paintgym-") as folder:
        path = Path(folder) / "start.json"
        path.write_text(text, "utf-8", errors="replace")
        try:
            start = read_painting_file(path)
        except InvalidInputError:
            raise RequestError("start_wrong") from None
    if others := {brush for brush, _ in start.by_brush()} - {*brushes}:
        raise RequestError("start_brush", brush=printable(min(others)))
    most = max(start.width, start.height)
    corners, sides = start.windows[:, :2], start.windows[:, 2]
    if len(start) and not ((sides >= 1) & (sides <= 2 * most)).all() & (np.abs(corners) <= 2 * most).all():
        raise RequestError("start_windows")
    return start


def fit_to_start(picture: Picture, start: StrokeList) -> Picture:
    """A picture at the size of the strokes, which differs from its own by rounding alone.

    Raises:
        RequestError: it differs by more.
    """
    height, width = picture.shape[:2]
    if max(abs(height - start.height), abs(width - start.width)) > _ROUNDING:
        raise RequestError("start_size", painting=f"{start.width} x {start.height}", picture=f"{width} x {height}")
    return np.asarray(Image.fromarray(picture).resize((start.width, start.height)))


def on_paper(start: StrokeList, paper: tuple[float, float, float]) -> StrokeList:
    """The strokes on the paper that is asked for."""
    return replace(start, background=paper)
