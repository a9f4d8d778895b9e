"""Where coverage is sampled: a grid of pixels over, beside or finer than the 64x64 canvas. Nothing here paints."""

from typing import NamedTuple

import torch
from torch import Tensor

from .stroke import CANVAS_SIZE


class Raster(NamedTuple):
    """A grid of pixels, measured in pixels of the 64x64 canvas."""

    left: float
    top: float
    step: float
    """Side of one pixel of the grid: 0.5 has four where the canvas has one."""
    width: int
    height: int

    def columns(self) -> Tensor:
        """The pixels' centers from left to right, (width,)."""
        return self.left + (torch.arange(self.width) + 0.5) * self.step

    def rows(self) -> Tensor:
        """The pixels' centers from top to bottom, (height,)."""
        return self.top + (torch.arange(self.height) + 0.5) * self.step


WHOLE = Raster(0.0, 0.0, 1.0, CANVAS_SIZE, CANVAS_SIZE)
"""The 64x64 canvas."""


def resample(coverage: Tensor, old: Raster, new: Raster) -> Tensor:
    """Coverage (N, 1, H, W) on a raster, bilinearly on another, (N, 1, H', W'); empty outside the old one."""
    rows = _weights(new.rows(), old.rows(), old.step).to(coverage)
    columns = _weights(new.columns(), old.columns(), old.step).to(coverage)
    resampled: Tensor = rows @ coverage @ columns.T
    return resampled


def _weights(wanted: Tensor, known: Tensor, step: float) -> Tensor:
    return (1 - (wanted[:, None] - known).abs() / step).clamp(min=0)
