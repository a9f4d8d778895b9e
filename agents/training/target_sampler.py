"""Pictures to train on: random squares of targets, so that a hundred paintings last long."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...envs.targets.names import Split
from ...envs.targets.targets import TargetSource, load_targets
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE

_MOST_PIXELS = 256
_DIGITS = "mnist"


class TargetSampler:
    """Draws targets for a canvas of 64x64.

    Pictures are cut: squares of 64 to 256 pixels of the picture's 256, mirrored or not, channels in another order now
    and then, a little brighter or darker. Digits are taken as they are.

    Args:
        source: as ``load_targets`` takes it.
        split: which part of it.
        numbers: which of the pictures; all by default.
    """

    def __init__(self, source: TargetSource, split: Split = "train", numbers: Sequence[int] | None = None) -> None:
        self._whole = isinstance(source, str) and source == _DIGITS
        self._targets = load_targets(source, CANVAS_SIZE if self._whole else _MOST_PIXELS, split=split)
        self._numbers = range(len(self._targets)) if numbers is None else numbers

    def draw(self, count: int, random: np.random.Generator) -> Tensor:
        """Targets (count, 3, 64, 64) in [0, 1]."""
        return torch.stack([self._one(random) for _ in range(count)])

    def _one(self, random: np.random.Generator) -> Tensor:
        picture = to_tensor(self._targets.picture(self._numbers[int(random.integers(len(self._numbers)))]))
        if self._whole:
            return picture[0]
        side = int(random.integers(CANVAS_SIZE, _MOST_PIXELS + 1))
        top, left = random.integers(0, _MOST_PIXELS + 1 - side, 2)
        square = picture[:, :, top : top + side, left : left + side]
        square = F.interpolate(square, (CANVAS_SIZE, CANVAS_SIZE), mode="bilinear", antialias=True)[0]
        if random.random() < 0.5:
            square = square.flip(2)
        if random.random() < 0.3:
            square = square[torch.from_numpy(random.permutation(3))]
        return (square * random.uniform(0.8, 1.2) + random.uniform(-0.1, 0.1)).clamp(0, 1)
