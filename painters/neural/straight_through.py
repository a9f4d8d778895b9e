"""Optimizing strokes through a painter whose ink has grain: its ink, with the proxy renderer's gradients."""

import torch
from torch import Tensor

from ..painter import Painter
from ..styled import StyledPainter
from .proxy import ProxyPainter
from .splat import SplatPainter
from .stamp.painter import StampPainter


class StraightThroughPainter(Painter):
    """Paints as a painter does, with the proxy renderer's gradients ("straight through", Bengio et al., 2013).

    Args:
        painter: whose ink it is; called without gradients.
    """

    architecture = "straight-through"

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self.name, self.brush, self.ribbon = painter.name, painter.brush, painter.ribbon
        self.painter = painter
        self.proxy = ProxyPainter(painter.ribbon).to(next(painter.parameters()).device)

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        smooth: Tensor = self.proxy(strokes)
        # Detached too, since forward mode differentiates what is done without gradients.
        with torch.no_grad():
            difference = self.painter(strokes.detach()) - smooth.detach()
        ink: Tensor = smooth + difference
        return ink


def pass_straight_through(painter: Painter) -> Painter:
    """The painter to optimize strokes through: one that lays dabs gets smooth gradients, any other has its own.

    Grain and hard edges have loud gradients that say little. With 30 strokes on a still life squared error is .0051,
    .0045 and .0046 for calligraphy, marker and knife, by their own gradients .0062, .0062 and .0066, in twice the time.
    """
    if isinstance(painter, StyledPainter):
        return StyledPainter(pass_straight_through(painter.painter), painter.style)
    return StraightThroughPainter(painter) if isinstance(painter, SplatPainter | StampPainter) else painter
