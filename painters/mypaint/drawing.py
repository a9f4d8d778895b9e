"""Drawing many strokes with the real engine on every core; knows no files. The data set is in ``dataset``."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...checks import check_whole
from ...parallel import count_cores, prepare_worker, start_pool
from ..names import DEFAULT_BRUSH
from ..stroke import CANVAS_SIZE, random_strokes
from .engine import MyPaintEngine

Progress = Callable[[int], object]
"""Called with the number of strokes finished since the last call, such as ``tqdm.update``."""

_TASK_STROKES = 250
"""Strokes of one task of a worker: about a quarter of a second, 1 MB of coverage to send back."""


def draw_coverage(
    count: int,
    seed: int,
    workers: int | None = None,
    progress: Progress | None = None,
    brush: str = DEFAULT_BRUSH,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Draw uniform random strokes with the engine, each on a canvas of its own.

    The result depends on ``count`` and ``seed`` alone, and a longer draw starts with the shorter one.

    Args:
        count: number of strokes, 1 or more.
        seed: seed of the strokes, 0 or more.
        workers: processes that draw; every core by default. With 1 all is drawn in this process. With
            more, a script that calls this needs the usual ``if __name__ == "__main__"``.
        progress: called with the number of strokes finished since its last call.
        brush: name of an installed brush of one color, or the path of a ``.myb`` file.

    Returns:
        strokes (count, 12) float32 in [0, 1], and their coverage (count, 64, 64) uint8, 255 for opaque.

    Raises:
        InvalidInputError: a count or seed out of range.
        MissingLibraryError: libmypaint or its brushes are not installed.
    """
    count, seed = check_whole("count", count, 1), check_whole("seed", seed, 0)
    strokes = random_strokes(count, np.random.default_rng(seed)).astype(np.float32)
    coverage = np.empty((count, CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    done = 0
    with drawing_pool(workers, brush) as pool:
        for part in draw_parts(pool, partial(_coverage_task, brush=brush), strokes):
            coverage[done : done + len(part)] = part
            done += len(part)
            if progress:
                progress(len(part))
    return strokes, coverage


def _coverage_task(strokes: NDArray[np.floating], brush: str) -> NDArray[np.uint8]:
    return np.rint(MyPaintEngine(brush=brush).coverage(strokes) * 255).astype(np.uint8)


def colored_task(strokes: NDArray[np.floating], brush: str = DEFAULT_BRUSH) -> NDArray[np.uint8]:
    """Draw each stroke in its color on white: (N, 12) in [0, 1] -> (N, 64, 64, 3) uint8."""
    engine = MyPaintEngine(brush=brush)
    return np.stack([np.rint(engine.paint(stroke) * 255).astype(np.uint8) for stroke in strokes])


def draw_parts(
    pool: ProcessPoolExecutor | None,
    task: Callable[[NDArray[np.floating]], NDArray[np.uint8]],
    strokes: NDArray[np.floating],
) -> Iterator[NDArray[np.uint8]]:
    """Hand strokes (N, 12) to ``task`` in parts, and give what it drew, part by part and in order."""
    parts = [strokes[first : first + _TASK_STROKES] for first in range(0, len(strokes), _TASK_STROKES)]
    yield from pool.map(task, parts) if pool else map(task, parts)


@contextmanager
def drawing_pool(workers: int | None, brush: str = DEFAULT_BRUSH) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that draw (every core by default), or None when ``workers`` is 1.

    Raises:
        InvalidInputError: ``workers`` out of range, or a brush that cannot be painted with.
        MissingLibraryError: libmypaint or its brushes are not installed.
        LostProcessError: a process was killed.
    """
    workers = count_cores() if workers is None else check_whole("workers", workers, 1)
    MyPaintEngine(brush=brush)  # A missing library or brush is reported here, by this process.
    if workers == 1:
        yield None
        return
    with start_pool(workers, prepare_worker) as pool:
        yield pool
