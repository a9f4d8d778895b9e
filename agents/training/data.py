"""The pictures that a policy learns from, and those that it is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ...envs.targets.targets import load_targets
from ...errors import InvalidInputError
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE
from .config import DIGITS, PolicyTrainingConfig
from .target_sampler import TargetSampler

_WITH_PARTS = (DIGITS, "paintings", "bam")
"""Targets that have a part for training and another for tests."""


@dataclass(frozen=True)
class TrainingData:
    """Pictures to learn from, and others to be measured on."""

    sampler: TargetSampler
    """Draws what is learned from."""
    held_out: Tensor
    """(N, 3, 64, 64) in [0, 1], for measurements on the way."""
    last: Tensor
    """(M, 3, 64, 64) in [0, 1], for the last measurement: more of the same."""


def find_data(config: PolicyTrainingConfig) -> TrainingData:
    """The pictures of a training run.

    Raises:
        MissingDataError: the data that belong to the target's name are not there.
        InvalidInputError: unknown target, or a folder with a single picture.
    """
    if config.target in _WITH_PARTS:
        sampler = TargetSampler(config.target, config=config.augmentation)
        targets = load_targets(config.target, CANVAS_SIZE, split="test")
        numbers: Sequence[int] = range(len(targets))
    else:
        targets = load_targets(config.target, CANVAS_SIZE)
        if len(targets) < 2:
            raise InvalidInputError(f"{config.target} holds one picture, expected two or more: some are held out")
        numbers = range(0, len(targets), config.held_out_every)
        others = sorted(set(range(len(targets))) - set(numbers))
        sampler = TargetSampler(config.target, numbers=others, config=config.augmentation)

    def spread_evenly(count: int) -> Tensor:
        chosen = np.linspace(0, len(numbers) - 1, min(count, len(numbers))).round().astype(int)
        pictures = np.stack([targets.picture(numbers[index]) for index in chosen])
        return to_tensor(pictures, config.device)

    return TrainingData(sampler, spread_evenly(config.held_out), spread_evenly(4 * config.held_out))
