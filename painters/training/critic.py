"""The critic of the GAN painters. Only training needs it."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ..evaluation.fidelity import high_pass

_GRAIN_GAIN = 4.0
"""Times that fine detail is amplified for the critic: about what brings it to the size of the tone beside it."""


class Critic(nn.Module):
    """Tells real coverage from neural: (N, 1, 64, 64) -> (N, 1, 8, 8) scores, one a patch, with spectral normalization.

    A patch critic, because what tells ink apart is its grain, and the generator already knows where the stroke lies.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((2, width), (width, 2 * width), (2 * width, 2 * width)):
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(2 * width, 1, 3, padding=1)))

    def forward(self, coverage: Tensor) -> Tensor:
        """Scores of patches; above 0 means real."""
        # The grain is faint beside the tone: amplified, the critic sees it from the first step.
        grain = nn.functional.pad(high_pass(coverage), (1, 1, 1, 1)) * _GRAIN_GAIN
        scores: Tensor = self.layers(torch.cat([coverage, grain], 1))
        return scores
