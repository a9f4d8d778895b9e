"""How the VAE painter is trained: encoder and decoder, then the predictor. The networks are in ``vae``."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ...processes import ALONE, Processes
from ..evaluation.fidelity import as_batches
from ..neural.vae import VaePainter
from .batch_norm import share_statistics
from .config import TrainingConfig
from .encoder import Encoder, floored_divergence
from .stages import Stage, descend


def vae_recipe(config: TrainingConfig, processes: Processes = ALONE) -> tuple[nn.ModuleDict, list[Stage]]:
    """The networks, under ``"painter"`` and ``"encoder"``, and the stages."""
    painter, encoder = VaePainter().to(config.device), Encoder().to(config.device)
    networks = nn.ModuleDict({"painter": painter, "encoder": encoder})
    share_statistics(networks, processes)
    return networks, [
        Autoencoding(config, painter, encoder, processes),
        Predicting(config, painter, encoder, processes),
    ]


def _fast(tensor: Tensor) -> torch.autocast:
    # Two to three times faster on a CPU, and no worse: weights, losses and inference stay in float32.
    return torch.autocast(tensor.device.type, torch.bfloat16)


class Autoencoding(Stage):
    """Encoder and decoder learn a space in which strokes can be written down: the evidence lower bound."""

    name = "autoencoding"
    result = "autoencoded"

    def __init__(
        self, config: TrainingConfig, painter: VaePainter, encoder: Encoder, processes: Processes = ALONE
    ) -> None:
        self.trained = nn.ModuleList([encoder, painter.decoder])
        optimizer = torch.optim.Adam(self.trained.parameters(), config.vae_learning_rate)
        super().__init__(painter, config.autoencoding_steps, optimizer, processes)
        self.encoder, self.decoder = encoder, painter.decoder
        self.free_bits = config.free_bits

    def train_step(self, strokes: Tensor, real: Tensor, random: np.random.Generator) -> dict[str, float]:
        """One step on cross-entropy, in nats a stroke, plus floored divergence (Kingma and Welling, 2014)."""
        self.trained.train()
        with _fast(real):
            mean, log_variance = (part.float() for part in self.encoder(real))
            drawn = random.standard_normal((self.processes.count * len(mean), mean.shape[1]), np.float32)
            noise = torch.from_numpy(self.processes.share(drawn)).to(mean)
            logits = self.decoder(mean + (0.5 * log_variance).exp() * noise).float()
        reconstruction = F.binary_cross_entropy_with_logits(logits, real, reduction="sum") / len(real)
        divergence = floored_divergence(mean, log_variance, self.free_bits, self.processes)
        descend((reconstruction + divergence) / real[0].numel(), self.optimizer, self.trained, self.processes)
        return {"reconstruction": reconstruction.item(), "divergence": divergence.item()}

    @torch.no_grad()
    def draw(self, strokes: NDArray[np.float32], coverage: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The real coverage, encoded and decoded: the most that a predictor could reach."""
        self.trained.eval()
        batches = as_batches(strokes, coverage, device=next(self.encoder.parameters()).device)
        return np.concatenate([self.decoder(self.encoder(real)[0]).sigmoid()[:, 0].cpu() for _, real in batches])


class Predicting(Stage):
    """The predictor learns which latent an action means; encoder and decoder are frozen."""

    name = "predictor"
    result = "predicted"

    def __init__(
        self, config: TrainingConfig, painter: VaePainter, encoder: Encoder, processes: Processes = ALONE
    ) -> None:
        optimizer = torch.optim.Adam(painter.predictor.parameters(), config.vae_learning_rate)
        super().__init__(painter, config.predictor_steps, optimizer, processes)
        self.encoder, self.decoder, self.predictor = encoder, painter.decoder, painter.predictor
        self.latent_weight = config.latent_weight

    def train_step(self, strokes: Tensor, real: Tensor, random: np.random.Generator) -> dict[str, float]:
        """One step on the pixels that the decoder makes of the latent, and on the latent itself."""
        self.painter.eval()  # Batch statistics are frozen with the decoder; the predictor has none.
        self.encoder.eval()
        with _fast(real):
            with torch.no_grad():
                mean, _ = self.encoder(real)
            latent = self.predictor(strokes)
            logits = self.decoder(latent).float()
        pixel = F.binary_cross_entropy_with_logits(logits, real)
        distance = (latent.float() - mean.float()).square().mean()
        descend(pixel + self.latent_weight * distance, self.optimizer, self.predictor, self.processes)
        return {"pixel": pixel.item(), "latent": distance.item()}
