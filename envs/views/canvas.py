"""The canvas view: everything, and what networks read from it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..state import PaintingState
from .view import BUDGET_LEVELS, View, budget_plane, join

OBSERVATION_CHANNELS = 7
"""Of the canvas view: canvas, target, and the strokes left."""


@dataclass(frozen=True)
class CanvasView(View):
    """Canvas, target and strokes left, (7, size, size); every number of a stroke is (action + 1) / 2."""

    name = "canvas"

    def shape(self, size: int) -> tuple[int, int, int]:
        """(7, size, size)."""
        return OBSERVATION_CHANNELS, size, size

    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """See ``View``."""
        return _whole(state.canvas, state.target, state.strokes_left.to(state.canvas.dtype))

    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """See ``View``."""
        return ((numbers + 1) / 2).clamp(0, 1)

    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """See ``View``."""
        return strokes * 2 - 1


def observe(canvas: Tensor, target: Tensor, left: Tensor) -> Tensor:
    """Observations (B, 7, H, W) of canvases and targets (B, 3, H, W) in [0, 1] with ``left`` strokes, (B,), to go."""
    return join(_whole(canvas, target, left), *canvas.shape[2:])


def strokes_left_of(observation: Tensor) -> Tensor:
    """How many strokes are left, (B,), read from observations (B, 7, size, size) in [0, 1] to within 2 %."""
    return torch.expm1(observation[:, -1, 0, 0] * (255 / BUDGET_LEVELS))


def _whole(canvas: Tensor, target: Tensor, left: Tensor) -> list[tuple[Tensor, int]]:
    """What the canvas view shows, as ``View.parts`` has it."""
    return [(canvas, 3), (target, 3), (budget_plane(left), 1)]
