"""Settings of the lite loss's teaching. Only numbers: reading and checking them does not wait for torch."""

from dataclasses import dataclass
from pathlib import Path

from ...checks import check_positive, check_whole
from ...errors import InvalidInputError


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
    seed: int = 0
    """Seed of pictures, canvases, weights and batches."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        for name in ("pictures", "canvases", "steps", "pictures_per_step"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0)
        check_positive("learning_rate", self.learning_rate)
        if self.pictures_per_step > self.pictures:
            raise InvalidInputError(
                f"pictures is {self.pictures}, which does not fill a batch: pictures_per_step is "
                f"{self.pictures_per_step}",
                "pictures",
                "pictures_per_step",
            )
