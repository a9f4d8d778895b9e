"""Which windows a large picture is painted through, and how many strokes each gets. Nothing here chooses strokes.

A level is a size of window; the first is as large as the picture allows, the last 64 pixels, as fine as the canvas of
the agents is. The windows of a level overlap by half; those of a pass hardly do, so that they can be painted as one
batch.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...painters.stroke import CANVAS_SIZE
from ...painters.windows import Window
from .config import PlanConfig


@dataclass(frozen=True)
class Pass:
    """Windows that are painted at once: of one side, in pixels, and apart from each other."""

    windows: tuple[Window, ...]
    strokes: int


def whole_canvas(side: int, stroke_budget: int) -> list[Pass]:
    """The plan of a small painting: one window, the square canvas of ``side`` pixels."""
    return [Pass(((0.0, 0.0, float(side)),), stroke_budget)]


def plan_passes(
    width: int, height: int, stroke_budget: int, grid: int | None = None, config: PlanConfig | None = None
) -> list[Pass]:
    """The passes of a painting, coarse to fine; their strokes sum to the budget.

    Args:
        width: of the picture in pixels.
        height: of the picture in pixels.
        stroke_budget: strokes of the painting.
        grid: side of the windows of a single level, instead of all.
        config: how windows and strokes are shared out.
    """
    config = config or PlanConfig()
    sides = _sides(min(width, height), config) if grid is None else [min(grid, width, height)]
    levels = [_level(width, height, side, config) for side in sides]
    while len(levels) > 1:
        shares = _shares(levels, config)
        if sum(map(len, levels[-1])) <= config.windows_per_stroke * shares[-1] * stroke_budget:
            break
        levels.pop()
    shares = _shares(levels, config)
    weights = [
        share * len(windows) / sum(map(len, level))
        for level, share in zip(levels, shares, strict=True)
        for windows in level
    ]
    counts = share_out(np.array(weights), stroke_budget)
    passes = [windows for level in levels for windows in level]
    return [Pass(tuple(windows), int(count)) for windows, count in zip(passes, counts, strict=True) if count]


def share_out(weights: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Whole numbers (N,) that sum to ``count`` and are as near to proportional to weights (N,) as they can be."""
    total = weights.sum()
    exact = (weights / total if total > 0 else np.full(len(weights), 1 / len(weights))) * count
    shares: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    rest = np.argsort(shares - exact, kind="stable")[: count - shares.sum()]
    shares[rest] += 1
    return shares


def _sides(shortest: int, config: PlanConfig) -> list[int]:
    """Sides of windows, from the whole to 64 pixels, each about half the side before."""
    steps = max(0, round(math.log(shortest / CANVAS_SIZE, config.level_ratio)))
    if steps == 0:
        return [shortest]
    return [round(shortest * (CANVAS_SIZE / shortest) ** (step / steps)) for step in range(steps + 1)]


def _shares(levels: list[list[list[Window]]], config: PlanConfig) -> NDArray[np.float64]:
    sizes = np.array([sum(map(len, level)) for level in levels], np.float64) ** config.strokes_exponent
    shares: NDArray[np.float64] = sizes / sizes.sum()
    return shares


def _level(width: int, height: int, side: int, config: PlanConfig) -> list[list[Window]]:
    """The windows of one level, in passes."""
    return [
        [(float(x), float(y), float(side)) for y in rows for x in columns]
        for rows in _positions(height, side, config)
        for columns in _positions(width, side, config)
    ]


def _positions(length: int, side: int, config: PlanConfig) -> list[list[int]]:
    """Where windows begin on an axis, in passes: they cover it, and overlap by about half from pass to pass."""
    count = max(1, math.ceil(2 * (length - side) / side - 1e-6) + 1)
    starts = [round(start) for start in np.linspace(0, length - side, count)]
    stride = math.ceil(config.window_distance * side * (count - 1) / (length - side)) if count > 1 else 1
    return [starts[first::stride] for first in range(min(stride, count))]
