"""The Neural Painters generator shape, the baseline that ours is measured against."""

from itertools import pairwise

from torch import Tensor, nn

from .painter import Painter

_CHANNELS = (256, 128, 64, 32)


class DeconvPainter(Painter):
    """A linear layer to 4x4x256 and four transposed convolutions to 64x64 (Nakano, "Neural Painters", 2019)."""

    architecture = "deconv"

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.Linear(12, 16 * _CHANNELS[0]),
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
        coverage: Tensor = self.grow(self.project(strokes))
        return coverage
