"""The settings of a policy's training, and the pictures that it learns from and is measured on. Nothing here trains."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...envs.losses.registry import make_loss
from ...painters.pixels import to_tensor
from ...envs.targets.targets import load_targets
from ...errors import InvalidInputError
from ...painters.registry import load_painter
from ...painters.stroke import CANVAS_SIZE
from ..policy.sb3_policy import load_policy
from ..policy.schedule import strokes_per_step
from .target_sampler import TargetSampler

Method = Literal["analytic", "ppo", "analytic+ppo"]

_DIGITS = "mnist"
_WITH_PARTS = (_DIGITS, "paintings", "bam")
_HELD_OUT_ONE_IN = 8


@dataclass(frozen=True)
class PolicyTrainingConfig:
    """Everything that decides what a training run does; the same configuration and data give the same weights."""

    target: str = "paintings"
    """What to learn to paint: mnist, paintings, bam, or a folder of pictures, of which every eighth is held out."""
    method: Method = "analytic"
    """analytic: gradients through painter, canvas and loss; ppo: stable-baselines3's PPO; analytic+ppo: in turn."""
    out: Path | None = None
    """Folder for checkpoints, TensorBoard logs and the trained policy; runs/policy-TARGET by default."""
    init: Path | None = None
    """A policy's .safetensors file to start from; a new network by default."""
    seed: int = 0
    """Seed of weights, pictures and exploration."""
    device: str = "cpu"
    """Where to train: cpu or cuda."""
    painter: str = "gan"
    """The neural painter that is learned with, by name or as a path to a .safetensors file."""
    perceptual: str = "lite"
    """PPO: the loss whose fall is the reward: lite, vgg19 (needs its weights) or mse."""
    analytic_steps: int = 10_000
    """Analytic: steps of Adam."""
    learning_rate: float = 1e-3
    """Analytic: of Adam, when it is highest; falls to zero along a cosine."""
    ppo_steps: int = 200_000
    """PPO: actions in all, rounded up to whole rounds, in each of which every environment paints one picture."""
    ppo_strokes: int = 96
    """PPO: strokes of a painting; a multiple of the strokes a step that the policy lays for so many."""
    ppo_environments: int = 32
    """PPO: pictures painted side by side."""
    ppo_batch_size: int = 200
    """PPO: actions in a batch."""
    ppo_epochs: int = 4
    """PPO: how often a round's actions are gone through."""
    ppo_learning_rate: float = 1e-4
    """PPO: of Adam at first; falls to a tenth in a line."""
    ppo_log_std: float = -2.5
    """PPO: ln of the standard deviation of actions at first."""
    width: int = 64
    """Numbers that describe each patch of what the network sees; of no account with --init."""
    hidden: int = 256
    """Width of the network's layers; of no account with --init."""
    evaluate_every: int = 500
    """Steps of Adam between measurements on held-out pictures; a checkpoint follows each."""
    ppo_evaluate_every: int = 10
    """The same for PPO, in rounds."""
    held_out: int = 16
    """Pictures to measure with on the way, spread evenly over those held out; four times as many at the end."""
    strokes: tuple[int, ...] = ()
    """Stroke budgets to measure with; 15 30 200 by default, 5 10 20 for mnist."""
    minutes: float | None = None
    """Stop analytic training after this long, whatever is left of its steps; by default it has all the time."""

    def check(self) -> None:
        """Raise an error of ``errors`` for a setting that cannot work, or data that are not there."""
        positive = ("ppo_strokes", "ppo_environments", "ppo_epochs", "evaluate_every", "ppo_evaluate_every", "held_out")
        for name, least in (*((name, 1) for name in positive), ("analytic_steps", 0), ("ppo_steps", 0)):
            if getattr(self, name) < least:
                raise InvalidInputError(f"{name} is {getattr(self, name)}, expected {least} or more")
        if min(self.width, self.hidden) < 1 or self.ppo_batch_size < 2:
            raise InvalidInputError("width and hidden are expected to be 1 or more, ppo_batch_size 2 or more")
        for name in ("learning_rate", "ppo_learning_rate", "minutes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InvalidInputError(f"{name} is {value}, expected a number above 0")
        if self.ppo_strokes % strokes_per_step(self.ppo_strokes):
            raise InvalidInputError(
                f"ppo_strokes is {self.ppo_strokes}, expected a multiple of {strokes_per_step(self.ppo_strokes)}, the "
                "strokes that the policy lays in a step of such a painting"
            )
        if not all(1 <= budget <= 5000 for budget in self.strokes):
            raise InvalidInputError(f"strokes are {self.strokes}, expected numbers from 1 to 5000")
        if not any(self.stages.values()):
            raise InvalidInputError(f"there are no steps to train for by the method {self.method}")
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise InvalidInputError("device cuda was asked for, but torch finds no GPU; use --device cpu")
        load_painter(self.painter)
        make_loss(self.perceptual)
        if self.init is not None:
            load_policy(self.init)

    @property
    def folder(self) -> Path:
        """Where everything goes."""
        return self.out or Path("runs") / f"policy-{Path(self.target).name}"

    @property
    def stages(self) -> dict[str, int]:
        """Steps by the name of the stage, in order: ``"analytic"`` in steps of Adam, ``"ppo"`` in actions."""
        round_of = self.ppo_round
        planned = {"analytic": self.analytic_steps, "ppo": -(-self.ppo_steps // round_of) * round_of}
        return {name: steps for name, steps in planned.items() if name in self.method.split("+") and steps}

    @property
    def ppo_round(self) -> int:
        """Actions of a round of PPO."""
        return self.ppo_environments * (self.ppo_strokes // strokes_per_step(self.ppo_strokes))

    @property
    def budgets(self) -> tuple[int, ...]:
        """Stroke budgets to measure with."""
        return self.strokes or ((5, 10, 20) if self.target == _DIGITS else (15, 30, 200))

    def settings(self) -> dict[str, Any]:
        """What decides the weights, as JSON: all but the folder, the device and the clock."""
        unread = {"out", "device", "minutes"}
        settings = {name: value for name, value in dataclasses.asdict(self).items() if name not in unread}
        return settings | {"init": self.init and self.init.name, "strokes": list(self.budgets)}


@dataclass(frozen=True)
class Lessons:
    """Pictures to learn from, and others to be measured on."""

    sampler: TargetSampler
    """Draws what is learned from."""
    held_out: Tensor
    """(N, 3, 64, 64) in [0, 1], for measurements on the way."""
    last: Tensor
    """(M, 3, 64, 64) in [0, 1], for the last measurement: more of the same."""


def find_lessons(config: PolicyTrainingConfig) -> Lessons:
    """The pictures of a training run.

    Raises:
        MissingDataError: the data that belong to the target's name are not there.
        InvalidInputError: unknown target, or a folder with a single picture.
    """
    if config.target in _WITH_PARTS:
        sampler, targets = TargetSampler(config.target), load_targets(config.target, CANVAS_SIZE, split="test")
        numbers: Sequence[int] = range(len(targets))
    else:
        targets = load_targets(config.target, CANVAS_SIZE)
        if len(targets) < 2:
            raise InvalidInputError(f"{config.target} holds one picture, expected two or more: some are held out")
        numbers = range(0, len(targets), _HELD_OUT_ONE_IN)
        sampler = TargetSampler(config.target, numbers=sorted(set(range(len(targets))) - set(numbers)))

    def spread(count: int) -> Tensor:
        chosen = np.linspace(0, len(numbers) - 1, min(count, len(numbers))).round().astype(int)
        pictures = np.stack([targets.picture(numbers[index]) for index in chosen])
        return to_tensor(pictures, config.device)

    return Lessons(sampler, spread(config.held_out), spread(4 * config.held_out))
