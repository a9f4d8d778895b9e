"""How a GAN painter is trained: on pixels, then on pixels and a critic. The networks are in ``gan`` and ``deconv``."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...processes import ALONE, Processes
from ..evaluation.fidelity import Fidelity
from ..mypaint.brushes import brush_noise, brush_stream
from ..neural.splat import NOISE_LENGTH, SplatPainter
from ..neural.stamp.painter import StampPainter
from ..painter import Painter
from ..registry import build_painter
from .batch_norm import share_statistics
from .brush_law import painter_options
from .config import TrainingConfig
from .critic import Critic
from .stages import Figures, Stage, descend


def gan_recipe(config: TrainingConfig, processes: Processes = ALONE) -> tuple[nn.ModuleDict, list[Stage]]:
    """The networks, under ``"painter"`` and ``"critic"``, and the stages."""
    painter = build_painter(config.architecture, **painter_options(config))
    if isinstance(painter, SplatPainter):
        painter.set_noise(torch.from_numpy(brush_noise(NOISE_LENGTH)[:, :3]))
    if isinstance(painter, StampPainter):
        offset, radius = (painter.law[name].matters for name in ("offset_by_random", "radius_by_random"))
        painter.set_noise(torch.from_numpy(brush_noise(len(painter.noise), offset, radius)))
        if painter.law.shakes:
            painter.pen.stream.copy_(torch.from_numpy(brush_stream(len(painter.pen.stream))))
    painter.to(config.device)
    critic = Critic().to(config.device)
    networks = nn.ModuleDict({"painter": painter, "critic": critic})
    share_statistics(networks, processes)
    return networks, [Pretraining(config, painter, processes), Adversarial(config, painter, critic, processes)]


def _pixel_loss(neural: Tensor, real: Tensor) -> Tensor:
    difference = neural - real
    return difference.square().mean() + 0.1 * difference.abs().mean()


class Pretraining(Stage):
    """Likeness, pixel by pixel."""

    name = "pretraining"
    result = "pretrained"

    def __init__(self, config: TrainingConfig, painter: Painter, processes: Processes = ALONE) -> None:
        optimizer = torch.optim.Adam(painter.parameters(), config.learning_rate)
        super().__init__(painter, config.stage_steps[0], optimizer, processes)

    def train_step(self, strokes: Tensor, real: Tensor, random: np.random.Generator) -> dict[str, float]:
        """One step on squared and absolute error."""
        self.painter.train()
        loss = _pixel_loss(self.painter(strokes), real)
        descend(loss, self.optimizer, self.painter, self.processes)
        return {"pixel": loss.item()}


class Adversarial(Stage):
    """Grain, at a bounded cost in likeness."""

    name = "adversarial"
    result = "adversarial"

    def __init__(self, config: TrainingConfig, painter: Painter, critic: Critic, processes: Processes = ALONE) -> None:
        optimizer = torch.optim.Adam(painter.parameters(), config.adversarial_learning_rate, betas=(0.5, 0.99))
        super().__init__(painter, config.stage_steps[1], optimizer, processes)
        self.critic = critic
        self.critic_optimizer = torch.optim.Adam(critic.parameters(), config.critic_learning_rate, betas=(0.0, 0.99))
        self.weight = config.adversarial_weight
        self.allowed_psnr_loss = config.allowed_psnr_loss

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The critic's too."""
        return {**super().optimizers, "critic_optimizer": self.critic_optimizer}

    def train_step(self, strokes: Tensor, real: Tensor, random: np.random.Generator) -> dict[str, float]:
        """One step of the critic, then one of the painter."""
        self.painter.train()
        neural = self.painter(strokes)
        # Hinge losses (Lim and Ye, "Geometric GAN", 2017), spectral normalization (Miyato et al., 2018).
        critic_loss = F.relu(1 - self.critic(real)).mean() + F.relu(1 + self.critic(neural.detach())).mean()
        self.critic_optimizer.zero_grad()
        critic_loss.backward()
        self.processes.average_gradients(self.critic.parameters())
        self.critic_optimizer.step()
        pixel_loss = _pixel_loss(neural, real)
        opinion = -self.critic(neural).mean()
        descend(pixel_loss + self.weight * opinion, self.optimizer, self.painter, self.processes)
        return {"critic": critic_loss.item(), "generator": opinion.item(), "pixel": pixel_loss.item()}

    def score(self, fidelity: Fidelity, finished: Mapping[str, Figures]) -> float | None:
        """The smaller the gap in detail the better, unless likeness is lost for it."""
        pretrained = finished.get(Pretraining.result)
        if pretrained and fidelity.psnr < pretrained["psnr"] - self.allowed_psnr_loss:
            return None
        return -fidelity.detail_gap
