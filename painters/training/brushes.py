"""How true painters of many brushes are to them; of brushes that none learned yet, one is trained quickly."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidInputError
from ..evaluation.fidelity import paint_all, stroke_figures
from ..evaluation.robustness import degenerate_strokes, measure_robustness
from ..mypaint.drawing import draw_coverage
from ..names import find_painter
from ..painter import Painter
from ..registry import load_painter
from ..stroke import CANVAS_SIZE, STROKE_LENGTH, random_strokes
from .config import TrainingConfig
from .data import draw_training_data
from .trainer import PainterTrainer

QUICK = TrainingConfig(
    brush="", strokes=2_000, held_out=500, pretraining_steps=60, adversarial_steps=20, evaluate_every=20
)
"""A schedule of half a minute, to see what a brush can become."""


@dataclass(frozen=True)
class BrushFidelity:
    """What was measured of a brush's painter.

    Attributes:
        figures: for a report; the reason alone where no painter can be had.
        strokes: (N, 12) in [0, 1] that were painted; none where no painter can be had.
        real: (N, 64, 64) uint8 coverage by the engine; likewise.
        neural: (N, 64, 64) in [0, 1] coverage by the painter; likewise.
    """

    figures: dict[str, Any]
    strokes: NDArray[np.float32]
    real: NDArray[np.uint8]
    neural: NDArray[np.float32]


def measure_brush(brush: str, strokes: int, seed: int, robustness: int = 0) -> BrushFidelity:
    """Compare a brush's painter with the engine on strokes that no training saw.

    Args:
        brush: an installed brush, or a ``.myb`` file.
        strokes: how many.
        seed: of them.
        robustness: how many more are painted to look for what is not finite, beside degenerate ones; 0 for none.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
    """
    try:
        painter, schedule = _painter_of(brush)
    except InvalidInputError as error:
        none = np.empty((0, CANVAS_SIZE, CANVAS_SIZE))
        return BrushFidelity(
            {"obstacle": str(error)},
            np.empty((0, STROKE_LENGTH), np.float32),
            none.astype(np.uint8),
            none.astype(np.float32),
        )
    drawn = draw_coverage(strokes, seed, brush=brush)
    neural = paint_all(painter, drawn[0])
    figures = {"schedule": schedule, **stroke_figures(neural, drawn[1]).pooled().as_dict()}
    if robustness:
        hard = random_strokes(robustness, np.random.default_rng(seed)).astype(np.float32)
        figures["robustness"] = asdict(measure_robustness(painter, np.concatenate([hard, degenerate_strokes()])))
    return BrushFidelity(figures, *drawn, neural)


def _painter_of(brush: str) -> tuple[Painter, str]:
    """A brush's painter, and how it was trained."""
    try:
        find_painter("gan", brush)
    except InvalidInputError:
        return train_quickly(brush), "quick"
    return load_painter("gan", brush=brush), "full"


def train_quickly(brush: str, progress: Callable[[int], object] | None = None) -> Painter:
    """A painter of a brush after half a minute of training, which is kept nowhere.

    Raises:
        InvalidInputError: a brush that cannot be painted with, or whose law is not followed.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = replace(QUICK, brush=brush, out=Path(folder))
        trainer = PainterTrainer(config, *draw_training_data(config, progress))
        trainer.run()
    return trainer.painter.eval().requires_grad_(False)
