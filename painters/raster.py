"""Where coverage is sampled: a grid of pixels over, beside or finer than the 64x64 canvas. Nothing here paints."""

from typing import NamedTuple

import torch
from torch import Tensor

from .modes import product
from .stroke import CANVAS_SIZE


class Raster(NamedTuple):
    """A grid of pixels, measured in pixels of the 64x64 canvas."""

    left: float
    top: float
    step: float
    """Side of one pixel of the grid: 0.5 has four where the canvas has one."""
    width: int
    height: int

    def columns(self, device: torch.device | str = "cpu") -> Tensor:
        """The pixels' centers from left to right, (width,).

        Examples:
            >>> Raster(left=-1.0, top=0.0, step=0.5, width=3, height=2).columns()
            tensor([-0.7500, -0.2500,  0.2500])
        """
        return self.left + (torch.arange(self.width, device=device) + 0.5) * self.step

    def rows(self, device: torch.device | str = "cpu") -> Tensor:
        """The pixels' centers from top to bottom, (height,)."""
        return self.top + (torch.arange(self.height, device=device) + 0.5) * self.step

    def holds(self, other: "Raster") -> bool:
        """Whether another grid lies inside this one's borders."""
        return all(
            own <= start and start + other.step * count <= own + self.step * most
            for own, start, count, most in (
                (self.left, other.left, other.width, self.width),
                (self.top, other.top, other.height, self.height),
            )
        )


WHOLE = Raster(0.0, 0.0, 1.0, CANVAS_SIZE, CANVAS_SIZE)
"""The 64x64 canvas."""


def resample(coverage: Tensor, old: Raster, new: Raster) -> Tensor:
    """Coverage (N, 1, H, W) on a raster, bilinearly on another, (N, 1, H', W'); empty outside the old one."""
    device = coverage.device
    rows = _weights(new.rows(device), old.rows(device), old.step).to(coverage)
    columns = _weights(new.columns(device), old.columns(device), old.step).to(coverage)
    return product(product(rows, coverage), columns.T)


def _weights(target: Tensor, source: Tensor, step: float) -> Tensor:
    return (1 - (target[:, None] - source).abs() / step).clamp(min=0)
