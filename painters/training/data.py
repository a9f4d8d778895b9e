"""The strokes that a painter learns from, and those that it is measured on."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files import write_whole
from ...processes import ALONE, Processes
from ..mypaint.drawing import draw_coverage
from .config import TrainingConfig

Data = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Strokes (N, 12) in [0, 1] and the coverage (N, 64, 64) that the engine drew for them."""


def draw_training_data(
    config: TrainingConfig, progress: Callable[[int], object] | None = None, processes: Processes = ALONE
) -> tuple[Data, Data]:
    """Strokes and coverage to train on, and others to measure with; kept in the folder for a resumed run.

    The first of several processes draws or reads them for all.
    """

    def find(live: Callable[[], None]) -> list[NDArray[Any]]:
        def report(count: int) -> None:
            live()
            if progress:
                progress(count)

        return _find(config, report)

    strokes, coverage, held_strokes, held_coverage = processes.broadcast_arrays(processes.first_alone(find))
    return (strokes, coverage), (held_strokes, held_coverage)


def _find(config: TrainingConfig, progress: Callable[[int], object]) -> list[NDArray[Any]]:
    cache = config.folder / f"strokes_{config.drawn}_{config.held_out}_{config.seed}.npz"
    names = ("strokes", "coverage", "held_strokes", "held_coverage")
    if cache.is_file():
        with np.load(cache) as stored:
            return [stored[name] for name in names]
    parts: list[NDArray[Any]] = [
        *draw_coverage(config.drawn, config.seed, progress=progress, brush=config.brush),
        *draw_coverage(config.held_out, config.held_out_seed, progress=progress, brush=config.brush),
    ]
    with write_whole(cache) as temporary:
        np.savez(temporary, **dict(zip(names, parts, strict=True)))  # type: ignore[arg-type]
    return parts
