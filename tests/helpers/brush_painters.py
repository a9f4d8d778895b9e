"""Stamp painters of brushes before anything was learned, made once."""

import copy
import functools

from paintgym.painters.neural.stamp.painter import StampPainter
from paintgym.painters.training.config import TrainingConfig
from paintgym.painters.training.gan import gan_recipe


def untrained(brush: str) -> StampPainter:
    """A painter of one's own, in evaluation mode and frozen."""
    return copy.deepcopy(_untrained(brush))


@functools.cache
def _untrained(brush: str) -> StampPainter:
    painter = gan_recipe(TrainingConfig(brush=brush))[0]["painter"]
    assert isinstance(painter, StampPainter)
    return painter.eval().requires_grad_(False)
