"""Reading painted digits: a plain MNIST classifier, its training, its weights. It judges; no agent learns from it."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ...envs.targets.names import Split
from ...envs.targets.targets import load_targets
from ...errors import InvalidInputError
from ...files import write_whole
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE
from .config import DIGIT_SIDE, ClassifierConfig

WEIGHTS = Path(__file__).parent / "weights" / "digits.safetensors"

READ, READ_ORIGINAL, READ_REPLAY = "read", "read original", "replay read"
"""Figures of a painted digit in a comparison: 1 where it is read correctly, else 0."""

_BATCH_SIZE = 500
"""Digits that are read at a time: bounds memory."""
_ACCURACY_BATCHES = 100
"""Batches whose mean accuracy is reported."""
_NAME = re.compile(r"digit (\d),")
"""Of a target of MNIST: the digit that it shows."""

Report = Callable[[int, float], object]
"""Called with the batches done, and the share of digits of late that were read correctly."""


class DigitReader(nn.Module):
    """Three convolutions and a linear layer on 28x28 pixels, as MNIST has them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 48, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(48 * (DIGIT_SIDE // 4) ** 2, 10),
        )

    def forward(self, ink: Tensor) -> Tensor:
        """Logits (N, 10) of ink (N, 1, 28, 28) in [0, 1]."""
        logits: Tensor = self.layers(ink)
        return logits

    @torch.no_grad()
    def read(self, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The digits (N,) on pictures (N, size, size, 3) uint8, dark on white as ``target="mnist"`` has them."""
        return self(ink_of(pictures)).argmax(1).numpy()  # type: ignore[no-any-return]


def ink_of(pictures: NDArray[np.uint8]) -> Tensor:
    """What the reader sees of pictures (N, size, size, 3) uint8: (N, 1, 28, 28) in [0, 1], 1 where they are black."""
    ink = 1 - to_tensor(pictures).mean(1, keepdim=True)
    return F.interpolate(ink, (DIGIT_SIDE, DIGIT_SIDE), mode="bilinear", antialias=True)


def digit_of(name: str) -> int | None:
    """The digit that a target of MNIST shows by its name, such as ``"digit 7, test 0"``; None for other targets."""
    found = _NAME.match(name)
    return int(found[1]) if found else None


def load_digit_reader(path: str | Path = WEIGHTS) -> DigitReader:
    """The classifier that comes with the package, frozen.

    Raises:
        InvalidInputError: a file that is not a classifier's.
    """
    reader = DigitReader()
    try:
        reader.load_state_dict({name: weight.float() for name, weight in load_file(path).items()})
    except Exception as error:
        raise InvalidInputError(f"{path} is not a digit classifier of this version ({error})") from None
    return reader.eval().requires_grad_(False)


def load_digits(split: Split, count: int) -> tuple[Tensor, Tensor]:
    """The first digits of a part of MNIST, as the environment shows them.

    Returns:
        Ink (N, 1, 28, 28) in [0, 1], and the digits (N,) int64.

    Raises:
        MissingDataError: MNIST is not in the data folder.
    """
    targets = load_targets("mnist", CANVAS_SIZE, split=split)
    count = min(count, len(targets))
    ink = [
        ink_of(np.stack([targets.picture(index) for index in range(begin, min(begin + _BATCH_SIZE, count))]))
        for begin in range(0, count, _BATCH_SIZE)
    ]
    return torch.cat(ink), torch.tensor([digit_of(targets.name(index)) for index in range(count)])


def train_digit_reader(
    config: ClassifierConfig, ink: Tensor, digits: Tensor, report: Report | None = None
) -> DigitReader:
    """Train a classifier from scratch on ink (N, 1, 28, 28) in [0, 1] and digits (N,), shifted a little."""
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    reader = DigitReader()
    optimizer = torch.optim.Adam(reader.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    right, done = 0.0, 0
    for _ in range(config.epochs):
        order = torch.from_numpy(random.permutation(len(ink)))
        for rows in order.split(config.batch_size)[: config.steps // config.epochs]:
            down, along = random.integers(-config.largest_shift, config.largest_shift + 1, 2).tolist()
            logits = reader(ink[rows].roll((down, along), (2, 3)))
            loss = F.cross_entropy(logits, digits[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            done += 1
            right += (float((logits.argmax(1) == digits[rows]).float().mean()) - right) / min(done, _ACCURACY_BATCHES)
            if report:
                report(done, right)
    return reader.eval()


@torch.no_grad()
def accuracy(reader: DigitReader, ink: Tensor, digits: Tensor) -> float:
    """The share of digits in [0, 1] that are read correctly from ink (N, 1, 28, 28)."""
    read = torch.cat([reader(batch).argmax(1) for batch in ink.split(_BATCH_SIZE)])
    return float((read == digits).double().mean())


def save_digit_reader(reader: DigitReader, path: Path, config: ClassifierConfig, figures: dict[str, float]) -> None:
    """Write the classifier's weights in 16 bits, and its card beside them as ``.json``, each whole or not at all."""
    weights = {name: weight.detach().half().contiguous() for name, weight in reader.state_dict().items()}
    with write_whole(path) as temporary:
        save_file(weights, temporary)
    settings = {name: value for name, value in asdict(config).items() if name != "out"}
    card = {
        "data": "MNIST's training digits as target='mnist' shows them, dark on white paper",
        "parameters": sum(weight.numel() for weight in weights.values()),
        **figures,
        "configuration": settings,
    }
    with write_whole(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")
