"""Training a neural painter on strokes of the real brush: pretraining, the adversarial stage, checkpoints.

What the networks are is in ``gan`` and ``deconv``; how good they are is measured in ``fidelity``.
"""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ..errors import InvalidInputError
from ..files import write_whole
from .drawing import draw_coverage
from .fidelity import Fidelity, as_batches, contact_sheet, measure_fidelity
from .gan import NOISE_LENGTH, Critic, SplatPainter
from .mypaint import brush_noise
from .painter import Painter, build_painter, save_painter

_ARCHITECTURES = {"gan": "splat", "gan-deconv": "deconv"}
_HELD_OUT_SEED_OFFSET = 1_000_003
_SHEET_STROKES = 48


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a training run does; the same configuration and data give the same weights."""

    painter: str = "gan"
    """gan: our generator; gan-deconv: the Neural Painters generator shape."""
    out: Path = Path("runs/gan")
    """Folder for checkpoints, TensorBoard logs, contact sheets and the trained painter."""
    strokes: int = 200_000
    """Strokes the engine draws to train on (1,000 a second and core)."""
    held_out: int = 2_000
    """Strokes kept for measuring; none of them is trained on."""
    seed: int = 0
    """Seed of the strokes, the weights and the batches."""
    batch_size: int = 64
    pretraining_steps: int = 3_000
    """Steps on pixels alone: the non-adversarial stage."""
    adversarial_steps: int = 1_000
    """Steps on pixels and critic; 0 leaves the stage out."""
    learning_rate: float = 3e-3
    """Of the generator in pretraining; falls to zero along a cosine."""
    adversarial_learning_rate: float = 5e-4
    critic_learning_rate: float = 4e-4
    adversarial_weight: float = 1e-2
    """Weight of the critic's opinion beside the pixel loss."""
    evaluate_every: int = 100
    """Steps between measurements on held-out strokes; a checkpoint follows each."""
    patience: int = 10
    """Stop a stage after this many measurements without a better one."""
    allowed_psnr_loss: float = 2.0
    """What the adversarial stage may cost in PSNR (dB) for crisper ink; beyond it a painter is not kept."""
    device: str = "cpu"
    """Where to train: cpu or cuda."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        if self.painter not in _ARCHITECTURES:
            raise InvalidInputError(f"unknown painter {self.painter!r}; choose one of {list(_ARCHITECTURES)}")
        for name in ("strokes", "held_out", "batch_size", "evaluate_every", "patience"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}, expected 1 or more")
        if self.strokes < self.batch_size:
            raise InvalidInputError(f"{self.strokes} strokes do not fill a batch of {self.batch_size}")
        if min(self.pretraining_steps, self.adversarial_steps) < 0 or self.total_steps < 1:
            raise InvalidInputError("expected 1 or more training steps in all, and no negative number of them")
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise InvalidInputError("device cuda was asked for, but torch finds no GPU; use --device cpu")

    @property
    def total_steps(self) -> int:
        """Steps of both stages."""
        return self.pretraining_steps + self.adversarial_steps


@dataclass(frozen=True)
class TrainingProgress:
    """Where a run stands, for progress bars."""

    step: int
    total: int
    stage: str
    fidelity: Fidelity | None


Data = tuple[NDArray[np.float32], NDArray[np.uint8]]


def draw_training_data(config: TrainingConfig, progress: Callable[[int], object] | None = None) -> tuple[Data, Data]:
    """Strokes and coverage to train on, and others to measure with; kept in ``out`` so that a resumed run has them."""
    cache = config.out / f"strokes_{config.strokes}_{config.held_out}_{config.seed}.npz"
    if cache.is_file():
        with np.load(cache) as stored:
            parts = [stored[name] for name in ("strokes", "coverage", "held_strokes", "held_coverage")]
    else:
        parts = [
            *draw_coverage(config.strokes, config.seed, progress=progress),
            *draw_coverage(config.held_out, config.seed + _HELD_OUT_SEED_OFFSET, progress=progress),
        ]
        with write_whole(cache) as temporary:
            names = ("strokes", "coverage", "held_strokes", "held_coverage")
            np.savez(temporary, **dict(zip(names, parts, strict=True)))
    return (parts[0], parts[1]), (parts[2], parts[3])


class PainterTrainer:
    """One training run; ``run`` carries it from wherever its checkpoint left it to the end."""

    def __init__(self, config: TrainingConfig, training: Data, held_out: Data) -> None:
        config.check()
        self.config = config
        self.strokes, self.coverage = training
        self.held_out = held_out
        torch.manual_seed(config.seed)
        self.painter: Painter = build_painter(_ARCHITECTURES[config.painter])
        if isinstance(self.painter, SplatPainter):
            self.painter.set_noise(torch.from_numpy(brush_noise(NOISE_LENGTH)))
        self.painter.to(config.device)
        self.critic = Critic().to(config.device)
        self.optimizer = torch.optim.Adam(self.painter.parameters(), config.learning_rate)
        self.critic_optimizer = torch.optim.Adam(
            self.critic.parameters(), config.critic_learning_rate, betas=(0.0, 0.99)
        )
        self.step = 0
        self.waited = 0
        self.best: dict[str, Any] = {}
        self.pretrained: dict[str, float] = {}

    @property
    def stage(self) -> str:
        """The stage of the next step."""
        return "pretraining" if self.step < self.config.pretraining_steps else "adversarial"

    def run(self, progress: Callable[[TrainingProgress], object] | None = None) -> Fidelity:
        """Train to the end, save the best painter as ``painter.safetensors`` in ``out``, and return its fidelity."""
        config = self.config
        writer = SummaryWriter(str(config.out / "tensorboard"), purge_step=self.step or None)
        table = "\n".join(f"|{name}|{value}|" for name, value in dataclasses.asdict(config).items())
        writer.add_text("configuration", "|setting|value|\n|-|-|\n" + table)
        fidelity: Fidelity | None = None
        while self.step < config.total_steps:
            losses = self._train_step()
            self.step += 1
            if self.step % config.evaluate_every == 0 or self.step in (config.pretraining_steps, config.total_steps):
                fidelity = self._evaluate(writer, losses)
                self.save_checkpoint()
            if progress:
                progress(TrainingProgress(self.step, config.total_steps, self.stage, fidelity))
        writer.close()
        self.painter.load_state_dict(self.best["weights"])
        fidelity = measure_fidelity(self.painter, *self.held_out)
        self._ship(fidelity)
        return fidelity

    def _batch(self) -> tuple[Tensor, Tensor]:
        # A batch depends on (seed, step) alone, so a resumed run sees what an uninterrupted one would.
        rows = np.random.default_rng([self.config.seed, self.step]).integers(
            len(self.strokes), size=self.config.batch_size
        )
        return next(as_batches(self.strokes[rows], self.coverage[rows], len(rows), self.config.device))

    def _train_step(self) -> dict[str, float]:
        config, adversarial = self.config, self.stage == "adversarial"
        strokes, real = self._batch()
        self._set_learning_rate()
        self.painter.train()
        neural = self.painter(strokes)
        losses = {}
        if adversarial:
            # Hinge losses (Lim and Ye, "Geometric GAN", 2017), spectral normalisation (Miyato et al., 2018).
            critic_loss = F.relu(1 - self.critic(real)).mean() + F.relu(1 + self.critic(neural.detach())).mean()
            self.critic_optimizer.zero_grad()
            critic_loss.backward()
            self.critic_optimizer.step()
            losses["critic"] = critic_loss.item()
        difference = neural - real
        pixel_loss = difference.square().mean() + 0.1 * difference.abs().mean()
        loss = pixel_loss
        if adversarial:
            opinion = -self.critic(neural).mean()
            loss = pixel_loss + config.adversarial_weight * opinion
            losses["generator"] = opinion.item()
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.painter.parameters(), 1.0)
        self.optimizer.step()
        return losses | {"pixel": pixel_loss.item()}

    def _set_learning_rate(self) -> None:
        config = self.config
        if self.stage == "pretraining":
            first, begun, steps = config.learning_rate, self.step, config.pretraining_steps
        else:
            first, steps = config.adversarial_learning_rate, config.adversarial_steps
            begun = self.step - config.pretraining_steps
        rate = first * 0.5 * (1 + np.cos(np.pi * begun / steps)) * min(1.0, (begun + 1) / 100)
        for group in self.optimizer.param_groups:
            group["lr"] = float(rate)

    def _evaluate(self, writer: SummaryWriter, losses: dict[str, float]) -> Fidelity:
        config = self.config
        fidelity = measure_fidelity(self.painter, *self.held_out)
        for name, value in losses.items():
            writer.add_scalar(f"loss/{name}", value, self.step)
        for name, value in fidelity.as_dict().items():
            writer.add_scalar(f"held_out/{name}", value, self.step)
        self.painter.eval()
        strokes, coverage = self.held_out
        sheet = contact_sheet(self.painter, strokes[:_SHEET_STROKES], coverage[:_SHEET_STROKES])
        writer.add_image("real_beside_neural", np.asarray(sheet), self.step, dataformats="HWC")
        with write_whole(config.out / "sheet.png") as temporary:
            sheet.save(temporary)

        adversarial = self.step > config.pretraining_steps
        # Pretraining is for likeness; the adversarial stage is for grain, at a bounded cost in likeness.
        score = -fidelity.detail_gap if adversarial else fidelity.psnr
        allowed = not adversarial or fidelity.psnr >= self.pretrained.get("psnr", 0.0) - config.allowed_psnr_loss
        if allowed and ("score" not in self.best or score > self.best["score"]):
            weights = {key: value.detach().cpu().clone() for key, value in self.painter.state_dict().items()}
            self.best = {"score": score, "step": self.step, "weights": weights}
            self.waited = 0
        else:
            self.waited += 1
        pretraining_ends = self.step == config.pretraining_steps
        if self.waited >= config.patience and not pretraining_ends:
            self.step = config.total_steps if adversarial else config.pretraining_steps
            pretraining_ends = not adversarial
        if pretraining_ends:
            self._begin_adversarial_stage()
        return fidelity

    def _begin_adversarial_stage(self) -> None:
        self.painter.load_state_dict(self.best["weights"])
        fidelity = measure_fidelity(self.painter, *self.held_out)
        self.pretrained = fidelity.as_dict() | {"step": self.best["step"]}
        self.best["score"] = -fidelity.detail_gap
        self.waited = 0
        self.optimizer = torch.optim.Adam(
            self.painter.parameters(), self.config.adversarial_learning_rate, betas=(0.5, 0.99)
        )

    def save_checkpoint(self) -> None:
        """Write everything that a later ``resume`` needs, whole or not at all."""
        state = {
            "painter": self.painter.state_dict(),
            "critic": self.critic.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "critic_optimizer": self.critic_optimizer.state_dict(),
            "step": self.step,
            "waited": self.waited,
            "best": self.best,
            "pretrained": self.pretrained,
            "config": json.dumps(dataclasses.asdict(self.config), default=str),
        }
        with write_whole(self.config.out / "checkpoint.pt") as temporary:
            torch.save(state, temporary)

    def resume(self) -> bool:
        """Take up the checkpoint in ``out``, if there is one; says whether there was.

        Raises:
            InvalidInputError: the checkpoint was made with another configuration.
        """
        path = self.config.out / "checkpoint.pt"
        if not path.is_file():
            return False
        # weights_only: a checkpoint is data, and must not be able to run code.
        state = torch.load(path, map_location=self.config.device, weights_only=True)
        mine = json.dumps(dataclasses.asdict(self.config), default=str)
        if state["config"] != mine:
            raise InvalidInputError(f"{path} was made with other settings; give the same ones, or another --out")
        self.step, self.waited = state["step"], state["waited"]
        self.best, self.pretrained = state["best"], state["pretrained"]
        if self.pretrained:
            self.optimizer = torch.optim.Adam(self.painter.parameters(), betas=(0.5, 0.99))
        self.painter.load_state_dict(state["painter"])
        self.critic.load_state_dict(state["critic"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        return True

    def _ship(self, fidelity: Fidelity) -> None:
        config = self.config
        settings = {key: value for key, value in dataclasses.asdict(config).items() if key not in ("out", "device")}
        card = {
            "data": f"{config.strokes} uniform strokes by libmypaint, brush classic/dry_brush, seed {config.seed}",
            "held_out_seed": config.seed + _HELD_OUT_SEED_OFFSET,
            "best_step": self.best["step"],
            "parameters": sum(weight.numel() for weight in self.painter.parameters()),
            "pretrained": self.pretrained,
            "fidelity": fidelity.as_dict(),
            "configuration": settings,
        }
        save_painter(self.painter, config.out / "painter.safetensors", {}, card)
