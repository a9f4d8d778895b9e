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
from .config import DIGITS, AugmentationConfig


class TargetSampler:
    """Draws targets for a canvas of 64x64.

    Pictures are cut: by default squares of 64 to 256 pixels of the picture's 256, mirrored or not, channels in another
    order now and then, a little brighter or darker. Digits are taken as they are.

    Args:
        source: as ``load_targets`` takes it.
        split: which part of it.
        numbers: which of the pictures; all by default.
        config: how they are cut.
    """

    def __init__(
        self,
        source: TargetSource,
        split: Split = "train",
        numbers: Sequence[int] | None = None,
        config: AugmentationConfig | None = None,
    ) -> None:
        self._config = config or AugmentationConfig()
        self._whole = isinstance(source, str) and source == DIGITS
        size = CANVAS_SIZE if self._whole else self._config.picture_side
        self._targets = load_targets(source, size, split=split)
        self._numbers = range(len(self._targets)) if numbers is None else numbers

    def draw(self, count: int, random: np.random.Generator) -> Tensor:
        """Targets (count, 3, 64, 64) in [0, 1]."""
        return torch.stack([self._draw(random) for _ in range(count)])

    def _draw(self, random: np.random.Generator) -> Tensor:
        picture = to_tensor(self._targets.picture(self._numbers[int(random.integers(len(self._numbers)))]))
        if self._whole:
            return picture[0]
        config = self._config
        side = int(random.integers(CANVAS_SIZE, config.picture_side + 1))
        top, left = random.integers(0, config.picture_side + 1 - side, 2)
        square = picture[:, :, top : top + side, left : left + side]
        square = F.interpolate(square, (CANVAS_SIZE, CANVAS_SIZE), mode="bilinear", antialias=True)[0]
        if random.random() < config.mirrored:
            square = square.flip(2)
        if random.random() < config.permuted:
            square = square[torch.from_numpy(random.permutation(3))]
        factor, shift = random.uniform(*config.contrast), random.uniform(-config.brightness, config.brightness)
        return (square * factor + shift).clamp(0, 1)
