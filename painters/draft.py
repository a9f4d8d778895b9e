"""The draft painter: ink without grain, from four constants, ten times faster than the GAN painter with gradients.

Nothing is painted with it, but policies learn by its gradients. The brush jitters every dab, so that the gradient of
its exact ink tells how the grain would shift as loudly as how the stroke should. The draft painter follows the Bezier
curve with Gaussians whose optical densities add up, as ``gan`` explains.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .gan import SplatPainter
from .painter import Painter
from .stroke import (
    CANVAS_SIZE,
    CONTROL,
    END,
    END_PRESSURE,
    ENTRY_PRESSURE,
    LOG_RADIUS_SCALE,
    PRESSURE_SCALE,
    SIZE,
    START,
    bezier_control,
    bezier_point,
)
from .style import StyledPainter

_GAUSSIANS = 24
_SPREAD = 0.35
"""Standard deviation that a piece of path adds along and across, as a part of its length: it has no direction here."""
_LEAST_INK, _FLOOR = 1e-9, -25.0

# Fitted to the GAN painter on 3,000 strokes, half of them short (Adam on the squared error of coverage).
_LOG_WIDTH, _WIDTH_BY_PRESSURE, _LOG_INK, _PRESSURE_POWER = -0.757, 0.765, 0.632, 0.635


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


class DraftPainter(Painter):
    """Coverage of strokes as a smooth ribbon: about 25 dB from the GAN painter's, which adds the brush's grain."""

    architecture = "draft"
    name = "draft"
    time: Tensor
    pixels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("time", (torch.arange(_GAUSSIANS) + 0.5) / _GAUSSIANS, persistent=False)
        self.register_buffer("pixels", torch.arange(CANVAS_SIZE) + 0.5, persistent=False)

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        start, control, end = (strokes[:, None, point] * CANVAS_SIZE for point in (START, CONTROL, END))
        bezier, time = bezier_control(start, control, end), self.time[:, None]
        x, y = bezier_point(start, bezier, end, time).unbind(-1)
        velocity = 2 * (1 - time) * (bezier - start) + 2 * time * (end - bezier)
        length = velocity.norm(dim=-1) / _GAUSSIANS
        pressure = PRESSURE_SCALE * self._pressure(strokes)
        log_radius = LOG_RADIUS_SCALE * strokes[:, SIZE, None]
        own = torch.exp(2 * (log_radius + _LOG_WIDTH + _WIDTH_BY_PRESSURE * pressure))
        variance = own + (_SPREAD * length).square()
        ink = (pressure + 1e-4) ** _PRESSURE_POWER * length * torch.exp(_LOG_INK - log_radius) * own / variance
        log_height = ink.clamp(min=_LEAST_INK).log()
        columns = self._profile(x, variance)
        rows = self._profile(y, variance, log_height[..., None])
        return -torch.expm1(-(rows.transpose(1, 2) @ columns))[:, None]

    def _pressure(self, strokes: Tensor) -> Tensor:
        """Pressure (N, M) in [0, 1]: level in the middle half, linear before and after."""
        entry, end = strokes[:, ENTRY_PRESSURE, None], strokes[:, END_PRESSURE, None]
        half = 0.5 * (end - entry)
        return entry + half * (4 * self.time).clamp(max=1) + half * (4 * self.time - 3).clamp(min=0)

    def _profile(self, centre: Tensor, variance: Tensor, log_height: Tensor | float = 0.0) -> Tensor:
        squares = (self.pixels - centre[..., None]).square()
        return torch.exp((-0.5 / variance[..., None] * squares + log_height).clamp(min=_FLOOR))
