"""Settings of the lite loss's teaching. Only numbers: reading and checking them does not wait for torch."""

from dataclasses import dataclass
from pathlib import Path

from ...checks import check_positive, check_whole
from ...errors import InvalidInputError
from ...painters.stroke import CANVAS_SIZE


@dataclass(frozen=True)
class DistillationConfig:
    """Everything that decides what teaching the lite network does."""

    out: Path = Path("runs/lite")
    """Folder for the trained network, lite.safetensors, and its card."""
    pictures: int = 1_200
    """Target pictures: crops of the training paintings, and MNIST digits."""
    canvases: int = 8
    """Half-painted canvases for each picture."""
    steps: int = 3_000
    """Steps of Adam."""
    pictures_per_step: int = 8
    """Pictures, with all their canvases, in a batch."""
    learning_rate: float = 2e-3
    """Of Adam at first; it falls to zero along a cosine."""
    digits_every: int = 5
    """One picture in so many is a digit of MNIST, the others are squares of paintings."""
    picture_side: int = 256
    """Pixels a side of the paintings that squares are cut from: from a detail of 64 pixels to all of it."""
    greedy_every: int = 4
    """One picture in so many is painted by the agent greedy, one by random strokes, the others by random strokes in
    the picture's colors with ever smaller brushes: what an optimizer's canvases look like."""
    greedy_strokes: int = 60
    """Strokes of the paintings by greedy."""
    random_strokes: int = 200
    """Strokes of the others."""
    least_distance: float = 1e-4
    """Added to distances before logarithms are taken: those of equal pictures have none."""
    warmup_part: float = 0.1
    """Part of the steps in which the learning rate rises."""
    largest_gradient: float = 1.0
    """Norm to which gradients are clipped."""
    seed: int = 0
    """Seed of pictures, canvases, weights and batches."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        whole = ("pictures", "canvases", "steps", "pictures_per_step", "digits_every", "greedy_every")
        for name in (*whole, "greedy_strokes", "random_strokes"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0)
        check_whole("picture_side", self.picture_side, CANVAS_SIZE)
        for name in ("learning_rate", "least_distance", "largest_gradient"):
            check_positive(name, getattr(self, name))
        if self.pictures_per_step > self.pictures:
            raise InvalidInputError(
                f"pictures is {self.pictures}, which does not fill a batch: pictures_per_step is "
                f"{self.pictures_per_step}",
                "pictures",
                "pictures_per_step",
            )
