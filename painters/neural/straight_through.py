"""Optimising strokes through a painter whose ink has grain: its ink, with the draft painter's gradients.

The draft painter itself is in ``draft``.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .proxy import DraftPainter
from .splat import SplatPainter
from ..painter import Painter
from ..style import StyledPainter


class SmoothedPainter:
    """Paints as a painter does, with the draft painter's gradients ("straight through", Bengio et al., 2013).

    Args:
        painter: whose ink it is; called without gradients.
    """

    def __init__(self, painter: Painter) -> None:
        self.name = painter.name
        self._painter = painter
        self._draft = DraftPainter().to(next(painter.parameters()).device)

    def __call__(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        draft: Tensor = self._draft(strokes)
        with torch.no_grad():
            difference = self._painter(strokes) - draft
        ink: Tensor = draft + difference
        return ink


def smoothed(painter: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The painter to optimise strokes through: one with grain is smoothed, any other is as smooth as it comes."""
    if isinstance(painter, StyledPainter):
        return _in_turn(painter.style.shape, smoothed(painter.painter))
    return SmoothedPainter(painter) if isinstance(painter, SplatPainter) else painter


def _in_turn(shape: Callable[[Tensor], Tensor], painter: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda strokes: painter(shape(strokes))
