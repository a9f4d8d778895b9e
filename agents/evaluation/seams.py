"""How far the borders of windows show in a large painting. Nothing here paints."""

import numpy as np

from ...envs.pictures import Picture
from ...painters.stroke_list import StrokeList

SEAMS = "seams"
"""Name of the figure."""

_DISTANCES = (4, 5, 6)
"""Pixels from a border to what is called beside it: beyond the reach of the border itself."""
_EVEN = 1e-3
"""Levels of 255 that neighbors are taken to differ by at least, times the borders: even pictures have no ratio."""


def seam_energy(painting: Picture, target: Picture, stroke_list: StrokeList) -> float:
    """How much steeper a painting is across the borders of its smallest windows than beside them, 0 for no more.

    Absolute differences of neighboring pixels across borders, over those four to six pixels beside, less 1; the
    picture's own ratio, which has nothing to do with windows, is divided out.

    Args:
        painting: (H, W, 3) uint8.
        target: (H, W, 3) uint8, what was painted.
        stroke_list: the painting's strokes, in pixels of it.

    Returns:
        -1 or more; 0.05 means 5 % steeper. 0 where no border lies inside the painting.
    """
    finest = stroke_list.windows[stroke_list.windows[:, 2] == stroke_list.windows[:, 2].min()]
    ratios = []
    for picture in (painting, target):
        across = beside = 0.0
        for axis in (0, 1):
            edges = np.unique(np.rint(np.concatenate([finest[:, axis], finest[:, axis] + finest[:, 2]])).astype(int))
            # Windows lie along x first, pixels along y.
            steps = np.abs(np.diff(picture.astype(np.float64), axis=1 - axis)).mean(-1).mean(axis)
            inside = edges[(edges > max(_DISTANCES)) & (edges < len(steps) - max(_DISTANCES))] - 1
            across += float(steps[inside].sum())
            beside += float(sum(steps[inside + side * away].sum() for side in (-1, 1) for away in _DISTANCES))
        ratios.append((across + _EVEN) / (beside / (2 * len(_DISTANCES)) + _EVEN))
    return ratios[0] / ratios[1] - 1
