"""The strokes that a painter learns from, and those that it is measured on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...files import write_whole
from ..mypaint.drawing import draw_coverage
from .config import TrainingConfig

Data = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Strokes (N, 12) in [0, 1] and the coverage (N, 64, 64) that the engine drew for them."""


def draw_training_data(config: TrainingConfig, progress: Callable[[int], object] | None = None) -> tuple[Data, Data]:
    """Strokes and coverage to train on, and others to measure with; kept in the folder for a resumed run."""
    cache = config.folder / f"strokes_{config.drawn}_{config.held_out}_{config.seed}.npz"
    if cache.is_file():
        with np.load(cache) as stored:
            parts = [stored[name] for name in ("strokes", "coverage", "held_strokes", "held_coverage")]
    else:
        parts = [
            *draw_coverage(config.drawn, config.seed, progress=progress, brush=config.brush),
            *draw_coverage(config.held_out, config.held_out_seed, progress=progress, brush=config.brush),
        ]
        with write_whole(cache) as temporary:
            names = ("strokes", "coverage", "held_strokes", "held_coverage")
            np.savez(temporary, **dict(zip(names, parts, strict=True)))
    return (parts[0], parts[1]), (parts[2], parts[3])
