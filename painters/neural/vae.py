"""The VAE painter: encoder, decoder and predictor. How they are trained is in ``vae_stages``.

The recipe is that of "Neural Painters" (Nakano, 2019) and of its model, "World Models" (Ha and Schmidhuber, 2018): an
encoder and a decoder learn a space of 64 numbers in which strokes can be written down, and then a predictor learns
which 64 numbers an action means. Three things are better than there, so that the comparison with the GAN is fair: it
learns coverage alone (color is exact), its decoder upsamples and convolves instead of transposing convolutions, which
leave a checkerboard, and the predictor is taught by the encoder's latents and by the frozen decoder's pixels too.

What stays is the VAE's own weakness. The grain of a stroke is hundreds of dabs, each shifted and resized on its own; 64
numbers, blurred by the encoder's noise, cannot hold them. What the decoder cannot know it must guess, and the guess
with the least expected error is the average of all strokes that share a latent: smooth tone where the brush leaves
grain. No critic tells it that an average of strokes is not a stroke.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..modes import FullConv2d, FullLinear
from ..painter import Painter
from ..stroke import COLOR, STROKE_LENGTH

LATENT_LENGTH = 64
"""That of Neural Painters."""

_DECODER_CHANNELS = (128, 96, 64, 32)
"""Of features of 4x4, 8x8, 16x16 and 32x32 pixels."""
_PREDICTOR_WIDTH = 384
"""Of its three hidden layers."""
_OCTAVES = 3
"""Sines and cosines of each number, of half a wave, one and two over its range: a few pixels are told apart so."""


class Decoder(nn.Module):
    """Draws latents: 4x4 features, four times upsampled and convolved."""

    def __init__(self) -> None:
        super().__init__()
        first, last = _DECODER_CHANNELS[0], _DECODER_CHANNELS[-1]
        layers: list[nn.Module] = [FullLinear(LATENT_LENGTH, 16 * first), nn.ReLU(), nn.Unflatten(1, (first, 4, 4))]
        for inputs, outputs in pairwise(_DECODER_CHANNELS):
            layers += [nn.Upsample(scale_factor=2), FullConv2d(inputs, outputs, 3, padding=1)]
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Upsample(scale_factor=2), FullConv2d(last, 1, 3, padding=1))
        self.to(memory_format=torch.channels_last)

    def forward(self, latent: Tensor) -> Tensor:
        """Logits of coverage, (N, 1, 64, 64), of latents (N, 64)."""
        logits: Tensor = self.layers(latent)
        return logits


class Predictor(nn.Module):
    """Says which latent an action means.

    A network is slow to learn from a bare coordinate where exactly a thing lies; from its sines and cosines it learns
    fast (Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions", 2020).
    """

    form: Tensor
    frequencies: Tensor

    def __init__(self) -> None:
        super().__init__()
        form = [index for index in range(STROKE_LENGTH) if index not in range(STROKE_LENGTH)[COLOR]]
        self.register_buffer("form", torch.tensor(form), persistent=False)
        self.register_buffer("frequencies", math.pi * 2.0 ** torch.arange(_OCTAVES), persistent=False)
        width, inputs = _PREDICTOR_WIDTH, len(form) * (1 + 2 * _OCTAVES)
        self.layers = nn.Sequential(
            FullLinear(inputs, width),
            nn.SiLU(),
            FullLinear(width, width),
            nn.SiLU(),
            FullLinear(width, width),
            nn.SiLU(),
            FullLinear(width, LATENT_LENGTH),
        )

    def forward(self, strokes: Tensor) -> Tensor:
        """The mean latent, (N, 64), of strokes (N, 12) in [0, 1], whatever their color."""
        form = strokes[:, self.form]
        waves = (form[..., None] * self.frequencies).flatten(1)
        latent: Tensor = self.layers(torch.cat([form, waves.sin(), waves.cos()], 1))
        return latent


class VaePainter(Painter):
    """Predictor and decoder: the latent's mean is drawn, without noise, so equal strokes give equal ink."""

    architecture = "vae"

    def __init__(self) -> None:
        super().__init__()
        self.predictor = Predictor()
        self.decoder = Decoder()

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        logits: Tensor = self.decoder(self.predictor(strokes))
        return logits.sigmoid()
