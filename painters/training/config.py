"""The settings of a painter's training, and the strokes that it learns from. Nothing here trains."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...batches import LearningRateRule, learning_rate_factor
from ...checks import check_number, check_positive, check_whole
from ...errors import InvalidInputError
from ...runs import settings_of
from ..names import DEFAULT_BRUSH, brush_key

TRAINABLE = ("gan", "vae", "gan-deconv")
"""The painters that there is a recipe for."""

_HELD_OUT_SEED_OFFSET = 1_000_003
"""Added to the seed for strokes that measure, far from any other run's seed: a prime, of no meaning."""
_GAN_SETTINGS = (
    "pretraining_steps",
    "adversarial_steps",
    "learning_rate",
    "adversarial_learning_rate",
    "critic_learning_rate",
    "adversarial_weight",
    "allowed_psnr_loss",
)
_ALL_TO_LEARN = {"strokes": 200_000, "pretraining_steps": 3_000, "adversarial_steps": 1_000}
_FEW_TO_LEARN = {"strokes": 20_000, "pretraining_steps": 400, "adversarial_steps": 200}
"""Dabs that are the engine's own need little correction: 600 steps moved the PSNR of shipped brushes by 0 to 2.3 dB."""
_LEARNING_RATES = ("learning_rate", "adversarial_learning_rate", "critic_learning_rate", "vae_learning_rate")
_VAE_SETTINGS = ("autoencoding_steps", "predictor_steps", "vae_learning_rate", "free_bits", "latent_weight")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a training run does; the same configuration and data give the same weights."""

    painter: str = "gan"
    """gan: our generator; vae: encoder, decoder and predictor; gan-deconv: the Neural Painters generator shape."""
    brush: str = DEFAULT_BRUSH
    """The MyPaint brush to learn: an installed one of one color, such as classic/charcoal, or a .myb file."""
    out: Path | None = None
    """Folder for checkpoints, TensorBoard logs, contact sheets and the trained painter; runs/PAINTER by default, for
    other brushes runs/PAINTER/BRUSH."""
    strokes: int | None = None
    """Strokes the engine draws to train on (1,000 a second and core): 200,000 by default, and 20,000 where a brush's
    own law leaves little to learn, which is so for the gan of any brush but classic/dry_brush."""
    held_out: int = 2_000
    """Strokes kept for measuring; none of them is trained on."""
    seed: int = 0
    """Seed of the strokes, the weights and the batches."""
    batch_size: int = 64
    """Strokes in a batch; of every process, where torchrun starts several."""
    learning_rate_rule: LearningRateRule = "sqrt"
    """How all learning rates grow with the processes that torchrun starts: as the root of their number, which Adam
    wants, as their number, or not at all."""
    pretraining_steps: int | None = None
    """GANs: steps on pixels alone, the non-adversarial stage; 3,000 by default, or 400 likewise."""
    adversarial_steps: int | None = None
    """GANs: steps on pixels and critic; 0 leaves the stage out. 1,000 by default, or 200 likewise."""
    learning_rate: float = 3e-3
    """GANs: of the generator in pretraining; falls to zero along a cosine."""
    adversarial_learning_rate: float = 5e-4
    """GANs: of the generator in the adversarial stage; falls likewise."""
    critic_learning_rate: float = 4e-4
    """GANs: of the critic."""
    adversarial_weight: float = 1e-2
    """GANs: weight of the critic's opinion beside the pixel loss."""
    allowed_psnr_loss: float = 2.0
    """GANs: what the adversarial stage may cost in PSNR (dB) for crisper ink; beyond it a painter is not kept."""
    autoencoding_steps: int = 4_000
    """VAE: steps of encoder and decoder."""
    predictor_steps: int = 6_000
    """VAE: steps of the predictor, through the frozen decoder; 0 leaves the stage out."""
    vae_learning_rate: float = 2e-3
    """VAE: of both stages; falls to zero along a cosine in each."""
    free_bits: float = 0.1
    """VAE: nats of divergence that cost a latent dimension nothing."""
    latent_weight: float = 1.0
    """VAE: weight of the predicted latent's squared distance from the encoder's, beside the pixel loss."""
    evaluate_every: int = 100
    """Steps between measurements on held-out strokes; a checkpoint follows each."""
    patience: int = 10
    """Stop a stage after this many measurements without a better one."""
    device: str = "cpu"
    """Where to train: cpu or cuda."""

    def __post_init__(self) -> None:
        """Fill in what depends on painter and brush."""
        usual = _FEW_TO_LEARN if self.architecture == "stamp" else _ALL_TO_LEARN
        for name, value in usual.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    @property
    def architecture(self) -> str:
        """The registry's name for what is trained."""
        if self.painter == "gan":
            return "splat" if self.brush == DEFAULT_BRUSH else "stamp"
        return {"gan-deconv": "deconv"}.get(self.painter, self.painter)

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        if self.painter not in TRAINABLE:
            raise InvalidInputError(f"painter is {self.painter!r}, expected one of {', '.join(TRAINABLE)}", "painter")
        for name in ("strokes", "held_out", "batch_size", "evaluate_every", "patience"):
            check_whole(name, getattr(self, name), 1)
        for name in ("seed", *self.stage_names):
            check_whole(name, getattr(self, name), 0)
        for name in _LEARNING_RATES:
            check_positive(name, getattr(self, name))
        for name in ("adversarial_weight", "free_bits", "latent_weight"):
            check_number(name, getattr(self, name), 0)
        if self.drawn < self.batch_size:
            raise InvalidInputError(
                f"strokes is {self.strokes}, which does not fill a batch: batch_size is {self.batch_size}",
                "strokes",
                "batch_size",
            )
        if not sum(self.stage_steps):
            first, second = self.stage_names
            raise InvalidInputError(f"{first} and {second} are 0, expected one training step or more", first, second)

    def for_processes(self, count: int) -> "TrainingConfig":
        """The same with the learning rates of so many processes."""
        factor = learning_rate_factor(self.learning_rate_rule, count)
        return replace(self, **{name: factor * getattr(self, name) for name in _LEARNING_RATES})

    @property
    def folder(self) -> Path:
        """Where everything goes."""
        own = Path("runs") / self.painter
        return self.out or (own if self.brush == DEFAULT_BRUSH else own / brush_key(self.brush))

    @property
    def stage_names(self) -> tuple[str, str]:
        """The settings that hold the steps of this painter's two stages."""
        return ("autoencoding_steps", "predictor_steps") if self.painter == "vae" else _GAN_SETTINGS[:2]

    @property
    def stage_steps(self) -> tuple[int, int]:
        """Steps of this painter's two stages."""
        first, second = self.stage_names
        return getattr(self, first), getattr(self, second)

    @property
    def drawn(self) -> int:
        """Strokes to train on."""
        assert self.strokes is not None  # see __post_init__
        return self.strokes

    @property
    def held_out_seed(self) -> int:
        """Seed of the strokes that measure."""
        return self.seed + _HELD_OUT_SEED_OFFSET

    def settings(self) -> dict[str, Any]:
        """What decides the weights: all but the folder, the device, and what other painters' recipes read."""
        unread = {"out", "device", *(_GAN_SETTINGS if self.painter == "vae" else _VAE_SETTINGS)}
        settings = settings_of(self, tuple(unread))
        # A file's name alone does not tell what is in it.
        return settings | {"brush": brush_key(self.brush)}
