"""Settings of the digit classifier's training. Only numbers: reading and checking them does not wait for torch."""

from dataclasses import dataclass
from pathlib import Path

from ...checks import check_positive, check_whole
from ...errors import InvalidInputError

DIGIT_SIDE = 28
"""Pixels of MNIST's digits a side; the classifier's weights depend on it."""


@dataclass(frozen=True)
class ClassifierConfig:
    """Everything that decides what training the classifier does."""

    out: Path = Path("runs/classifier")
    """Folder for the trained classifier, digits.safetensors, and its card."""
    digits: int = 60_000
    """Digits of MNIST's training part to learn from."""
    test_digits: int = 10_000
    """Digits of its test part to measure with."""
    epochs: int = 5
    """How often all digits are gone through."""
    batch_size: int = 100
    """Digits in a step of Adam."""
    learning_rate: float = 2e-3
    """Of Adam at first; it falls to zero along a cosine."""
    largest_shift: int = 2
    """Pixels of 28 by which a batch's digits are shifted at most, along each axis."""
    seed: int = 0
    """Seed of weights and batches."""

    def check(self) -> None:
        """Raise InvalidInputError for a setting that cannot work."""
        for name in ("digits", "test_digits", "epochs", "batch_size"):
            check_whole(name, getattr(self, name), 1)
        check_whole("largest_shift", self.largest_shift, 0, DIGIT_SIDE)
        check_whole("seed", self.seed, 0)
        check_positive("learning_rate", self.learning_rate)
        if self.batch_size > self.digits:
            raise InvalidInputError(
                f"digits is {self.digits}, which does not fill a batch: batch_size is {self.batch_size}",
                "digits",
                "batch_size",
            )

    @property
    def steps(self) -> int:
        """Steps of Adam in all."""
        return self.epochs * (self.digits // self.batch_size)
