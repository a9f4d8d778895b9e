"""The Neural Painters generator shape, the baseline that ours is measured against."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ..modes import FullLinear
from ..painter import Painter
from ..stroke import COLOR, STROKE_LENGTH

_CHANNELS = (256, 128, 64, 32)
"""Of features of 4x4, 8x8, 16x16 and 32x32 pixels."""


class DeconvPainter(Painter):
    """A linear layer to 4x4x256 and four transposed convolutions to 64x64 (Nakano, "Neural Painters", 2019).

    The shape keeps its twelve inputs; the three of the color are set to 0, since coverage does not depend on them.
    """

    architecture = "deconv"
    form: Tensor

    def __init__(self) -> None:
        super().__init__()
        form = torch.ones(STROKE_LENGTH)
        form[COLOR] = 0
        self.register_buffer("form", form, persistent=False)
        self.project = nn.Sequential(
            FullLinear(STROKE_LENGTH, 16 * _CHANNELS[0]),
            nn.Unflatten(1, (_CHANNELS[0], 4, 4)),
            nn.BatchNorm2d(_CHANNELS[0]),
            nn.ReLU(),
        )
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(_CHANNELS):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.grow = nn.Sequential(*layers, nn.ConvTranspose2d(_CHANNELS[-1], 1, 4, stride=2, padding=1), nn.Sigmoid())

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        coverage: Tensor = self.grow(self.project(strokes * self.form))
        return coverage
