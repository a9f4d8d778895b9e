"""Strokes sorted into thirds by size and by length, for figures broken down. Nothing here measures painters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..stroke import CANVAS_SIZE, CONTROL, END, LOG_RADIUS_SCALE, SIZE, START, bezier_control, bezier_point

_SEGMENTS = 64
"""Straight pieces that the length of a path is measured in: within a thousandth of the curve."""


@dataclass(frozen=True)
class StrokeGroup:
    """A third of the strokes."""

    by: str
    """``"radius"`` or ``"length"``."""
    least: float
    """Smallest radius or length in the group, in pixels of the 64x64 canvas."""
    most: float
    """The largest."""
    rows: NDArray[np.intp]
    """Which strokes they are."""


def stroke_radii(strokes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Radius of the brush, in pixels, at full pressure: (N, 12) in [0, 1] -> (N,)."""
    return np.exp(LOG_RADIUS_SCALE * strokes[:, SIZE].astype(np.float64))


def stroke_lengths(strokes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Length of the path, in pixels: (N, 12) in [0, 1] -> (N,)."""
    start, control, end = (strokes[:, None, part].astype(np.float64) for part in (START, CONTROL, END))
    times = np.linspace(0, 1, _SEGMENTS + 1)[:, None]
    points = bezier_point(start, bezier_control(start, control, end), end, times) * CANVAS_SIZE
    lengths: NDArray[np.float64] = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
    return lengths


def stroke_groups(strokes: NDArray[np.float32]) -> list[StrokeGroup]:
    """Terciles of strokes (N, 12) by radius and by length, N at least 3: six groups, smallest first."""
    groups = []
    for by, values in (("radius", stroke_radii(strokes)), ("length", stroke_lengths(strokes))):
        for rows in np.array_split(np.argsort(values, kind="stable"), 3):
            groups.append(StrokeGroup(by, float(values[rows].min()), float(values[rows].max()), rows))
    return groups
