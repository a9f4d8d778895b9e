"""Targets that stay on the device: which one is painted, and its pixels, without asking a stream or waiting."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..targets.targets import Targets

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def draw_targets(seeds: NDArray[np.uint64], episodes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which of ``count`` targets the episodes of some rows paint, (N,), evenly: a hash of the row's seed and episode.

    SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), begun at the seed and
    stepped once an episode. No state is kept, so rows may end in any order.

    Examples:
        >>> draw_targets(np.array([7, 7, 8], np.uint64), np.array([0, 1, 0]), 100).tolist()
        [55, 25, 94]
    """
    with np.errstate(over="ignore"):
        mixed = _finish(seeds) + _STEP * (episodes.astype(np.uint64) + np.uint64(1))
        return (_finish(mixed) % np.uint64(count)).astype(np.int64)


def _finish(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


class Residents:
    """Target pictures on a device as uint8: each is brought there when it is first painted.

    Args:
        targets: the pictures.
        device: where they are to be.
        most_bytes: more are not kept, and brought anew each time.
    """

    def __init__(self, targets: Targets, device: torch.device, most_bytes: int) -> None:
        self._targets, self._device = targets, device
        count, size = len(targets), targets.size
        self._here = np.zeros(count, np.bool_)
        kept = count * 3 * size**2 <= most_bytes
        self._table = torch.empty(count, 3, size, size, dtype=torch.uint8, device=device) if kept else None

    def pictures(self, indices: NDArray[np.int64]) -> Tensor:
        """Pictures (N, 3, size, size) float32 in [0, 1] of the targets ``indices``, (N,)."""
        if self._table is None:
            return self._bring(indices).float() / 255
        missing = np.unique(indices[~self._here[indices]])
        if len(missing):
            self._table[self._numbers(missing)] = self._bring(missing)
            self._here[missing] = True
        return self._table[self._numbers(indices)].float() / 255

    def _bring(self, indices: NDArray[np.int64]) -> Tensor:
        pictures = np.stack([self._targets.picture(int(index)) for index in indices]).transpose(0, 3, 1, 2)
        return self._sent(np.ascontiguousarray(pictures))

    def _numbers(self, indices: NDArray[np.int64]) -> Tensor:
        return self._sent(indices.copy())

    def _sent(self, values: NDArray[np.uint8] | NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(values).to(self._device, non_blocking=True)
