"""Views: what a policy sees of a half-painted picture, and what its numbers mean.

The canvas view shows everything, and an action's points are places on the whole canvas. The focus view shows a window
about the place of the largest error, and points and color are relative to it: a policy need not learn the same thing
again for every place of a picture.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from ..state import PaintingState

BUDGET_LEVELS = 30.0
"""Levels, of 255, for every factor of e in the strokes left: 4,913 strokes and more look alike."""


class View(ABC):
    """What a policy sees, and what its numbers mean. Views have no state: where a window lies is the environment's."""

    name: str

    @abstractmethod
    def shape(self, size: int) -> tuple[int, int, int]:
        """Channels, height and width of an observation of canvases of ``size`` pixels."""

    def find_focus(self, canvas: Tensor, target: Tensor) -> Tensor | None:
        """Where to look at canvases and targets (B, 3, size, size), as a state has it; None for everywhere."""
        return None

    @abstractmethod
    def parts(self, state: PaintingState) -> list[tuple[Tensor, int]]:
        """What an observation is made of: values in [0, 1] that expand to (B, channels, h, w), and their channels."""

    def observe(self, state: PaintingState) -> Tensor:
        """Observations (B, C, h, w) in [0, 1], with gradients to the canvas."""
        _, height, width = self.shape(state.canvas.shape[-1])
        return join(self.parts(state), height, width)

    @abstractmethod
    def strokes(self, state: PaintingState, numbers: Tensor) -> Tensor:
        """Strokes (B, T, 12) in [0, 1] of an action's numbers (B, T, 12) in [-1, 1], with gradients."""

    @abstractmethod
    def numbers(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """The action's numbers (B, T, 12) that mean strokes (B, T, 12): the inverse of ``strokes``.

        Exact for strokes that an action reaches; beyond, numbers lie outside [-1, 1].
        """


def budget_plane(strokes_left: Tensor) -> Tensor:
    """How an observation in [0, 1] shows ``strokes_left`` (B,): (B, 1, 1, 1), to be expanded."""
    return (BUDGET_LEVELS / 255 * torch.log1p(strokes_left)).clamp(max=1)[:, None, None, None]


def join(parts: list[tuple[Tensor, int]], height: int, width: int) -> Tensor:
    """Values that expand to (B, channels, height, width), as one (B, C, height, width)."""
    return torch.cat([values.expand(-1, channels, height, width) for values, channels in parts], 1)
