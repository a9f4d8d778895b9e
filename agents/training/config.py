"""Settings of a policy's training. Only numbers and names: reading and checking them does not wait for torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...batches import LearningRateRule
from ...checks import check_number, check_positive, check_whole
from ...errors import InvalidInputError
from ...painters.names import DEFAULT_BRUSH, learned_brushes
from ...runs import settings_of
from ..limits import LARGEST_BUDGET
from ..policy.config import PlannerConfig
from ..policy.schedule import strokes_per_step

Method = Literal["analytic", "ppo", "analytic+ppo"]

DIGITS = "mnist"
"""The target whose pictures are digits."""


@dataclass(frozen=True)
class AnalyticConfig:
    """What a step of analytic training asks of the strokes (``analytic``)."""

    horizon: int = 2
    """Steps of the environment that the gradient flows back through."""
    batch_strokes: int = 48
    """Strokes that a batch lays in each step of the horizon."""
    batches: int = 1
    """Batches that a step of Adam takes the mean of, each with half-painted canvases and chance of its own; of every
    process, where torchrun starts several: two processes with one learn what one with two does."""
    buffer_size: int = 96
    """Half-painted canvases kept for each number of strokes a step."""
    buffers: tuple[int, ...] = (1, 2, 4, 8, 16)
    """Strokes a step of each buffer of canvases."""
    schedule: tuple[int, ...] = (1, 2, 3, 1, 4, 2, 0, 3)
    """Which of the buffers is painted on next, over and over: the middle ones most often, as paintings do."""
    fewest_strokes: int = 5
    """Of a painting."""
    exploration: float = 0.5
    """Standard deviation, in powers of e, of the noise on errors and gains that anchors and strokes are picked by."""
    others_weight: float = 0.1
    """Weight of all strokes proposed in a place, beside the best of them: so none is lost."""
    own_weight: float = 0.2
    """Of what strokes would gain alone (their regret), beside the part of the error that they leave together."""
    regret_floor: float = 0.1
    """Part of the highest gain that is added before the logarithm: strokes that gain nothing are not worth despair."""
    least_gain: float = 1e-6
    """Squared error that a highest gain counts as at least: finished canvases have none."""
    least_error: float = 2e-4
    """Mean squared error that is added to every error before ratios are taken, likewise."""
    warmup_steps: int = 100
    """Steps in which the learning rate rises from 0."""
    fewest_steps: int = 6
    """Of a painting, at as many strokes a step as its buffer has."""
    most_steps: int = 32
    """Likewise."""
    mean_decay: float = 0.9
    """Adam's beta 1."""
    square_decay: float = 0.98
    """Adam's beta 2: shorter than the usual 0.999, for some thousand steps."""
    largest_gradient: float = 1.0
    """Norm to which gradients are clipped."""

    def __post_init__(self) -> None:
        for name in ("horizon", "batches", "buffer_size", "fewest_strokes", "warmup_steps", "fewest_steps"):
            check_whole(name, getattr(self, name), 1)
        check_whole("most_steps", self.most_steps, self.fewest_steps)
        if not self.buffers or not self.schedule:
            raise InvalidInputError("buffers and schedule are to name at least one number each", "buffers", "schedule")
        for strokes in self.buffers:
            check_whole("buffers", strokes, 1)
        for number in self.schedule:
            check_whole("schedule", number, 0, len(self.buffers) - 1)
        # A batch is taken without repetition from a buffer's canvases, of which each gets the buffer's strokes.
        most = self.buffer_size * min(self.buffers)
        check_whole("batch_strokes", self.batch_strokes, max(self.buffers), max(most, max(self.buffers)))
        for name in ("regret_floor", "least_gain", "least_error", "largest_gradient"):
            check_positive(name, getattr(self, name))
        for name in ("exploration", "own_weight"):
            check_number(name, getattr(self, name), 0)
        check_number("others_weight", self.others_weight, 0, 1)
        for name in ("mean_decay", "square_decay"):
            check_number(name, getattr(self, name), 0, 0.9999)


@dataclass(frozen=True)
class AugmentationConfig:
    """How squares are cut from pictures to learn from, so that a hundred paintings last long (``target_sampler``)."""

    picture_side: int = 256
    """Pixels a side to which pictures are scaled; squares of 64 pixels, a detail, to all of it are cut."""
    mirrored: float = 0.5
    """Part of the squares that is mirrored, left to right."""
    permuted: float = 0.3
    """Part of the squares whose red, green and blue change places."""
    contrast: tuple[float, float] = (0.8, 1.2)
    """Least and largest factor of all pixels."""
    brightness: float = 0.1
    """Largest number that is added to all pixels, or taken away, which are in [0, 1]."""

    def __post_init__(self) -> None:
        check_whole("picture_side", self.picture_side, 64)
        for name in ("mirrored", "permuted", "brightness"):
            check_number(name, getattr(self, name), 0, 1)
        low, high = self.contrast
        check_number("contrast", low, 0, high)


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
    brushes: tuple[str, ...] = ()
    """MyPaint brushes that the painter learned, such as deevad/chalk, or "learned" for all of them: the policy learns
    to paint with each, and is told which it is; by default with the painter's own alone."""
    perceptual: str = "lite"
    """PPO: the loss whose fall is the reward: lite, vgg19 (needs its weights) or mse."""
    analytic_steps: int = 10_000
    """Analytic: steps of Adam."""
    learning_rate: float = 1e-3
    """Analytic: of Adam, when it is highest, for one batch in a step; falls to zero along a cosine."""
    learning_rate_rule: LearningRateRule = "sqrt"
    """Analytic: how it grows with the batches in a step (--analytic.batches, times the processes that torchrun
    starts): as the root of their number, which Adam wants, as their number, or not at all."""
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
    ppo_gae_lambda: float = 0.95
    """PPO: lambda of the generalized advantage estimate, the usual one."""
    ppo_target_kl: float = 0.05
    """PPO: a round's epochs end early where the policy has moved so far: its strokes are many numbers, which add up."""
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
    held_out_every: int = 8
    """Of a folder of pictures one in so many is held out, the first among them."""
    strokes: tuple[int, ...] = ()
    """Stroke budgets to measure with; 15 30 200 by default, 5 10 20 for mnist."""
    minutes: float | None = None
    """Stop analytic training after this long, whatever is left of its steps; by default it has all the time."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """How squares are cut from pictures."""
    analytic: AnalyticConfig = field(default_factory=AnalyticConfig)
    """Analytic: what a step asks of the strokes."""
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    """How the network's proposals are selected and refined."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        positive = ("ppo_strokes", "ppo_environments", "ppo_epochs", "evaluate_every", "ppo_evaluate_every", "held_out")
        for name, least in (
            *((name, 1) for name in (*positive, "width", "hidden")),
            *((name, 0) for name in ("analytic_steps", "ppo_steps", "seed")),
            ("ppo_batch_size", 2),
            ("held_out_every", 2),
        ):
            check_whole(name, getattr(self, name), least)
        for name in ("learning_rate", "ppo_learning_rate", "ppo_target_kl", "minutes"):
            if getattr(self, name) is not None:
                check_positive(name, getattr(self, name))
        if self.ppo_strokes % self.ppo_strokes_per_step:
            raise InvalidInputError(
                f"ppo_strokes is {self.ppo_strokes}, expected a multiple of {self.ppo_strokes_per_step}, the strokes "
                "that the policy lays in a step of such a painting",
                "ppo_strokes",
            )
        if self.brushes and "ppo" in self.stages:
            raise InvalidInputError("PPO trains with the painter's own brush alone; leave brushes out", "brushes")
        for budget in self.strokes:
            check_whole("strokes", budget, 1, LARGEST_BUDGET)
        if not any(self.stages.values()):
            raise InvalidInputError(f"there are no steps to train for by the method {self.method}")

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
    def ppo_strokes_per_step(self) -> int:
        """Strokes of an action of PPO."""
        return strokes_per_step(self.ppo_strokes, self.planner.schedule)

    @property
    def ppo_round(self) -> int:
        """Actions of a round of PPO."""
        return self.ppo_environments * (self.ppo_strokes // self.ppo_strokes_per_step)

    @property
    def brush_names(self) -> list[str]:
        """Brushes that are learned with; none for the painter's own alone."""
        return [DEFAULT_BRUSH, *learned_brushes(self.painter)] if "learned" in self.brushes else [*self.brushes]

    @property
    def budgets(self) -> tuple[int, ...]:
        """Stroke budgets to measure with."""
        return self.strokes or ((5, 10, 20) if self.target == DIGITS else (15, 30, 200))

    def settings(self) -> dict[str, Any]:
        """What decides the weights, as JSON: all but the folder, the device, the clock, and the batches in a step.

        These may change on the way, as processes do, and are kept as a history.
        """
        unread = ("out", "device", "minutes")
        settings = settings_of(self, unread)
        settings["analytic"].pop("batches")
        own = {"init": self.init and self.init.name, "strokes": list(self.budgets), "brushes": self.brush_names}
        return settings | own
