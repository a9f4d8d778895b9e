"""Matching pursuit: which of many strokes to lay next, and in which color."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .color import best_color


class Pursuit(NamedTuple):
    """Strokes that were picked for B canvases, in painting order.

    Attributes:
        numbers: (B, count) which of the N.
        color: (B, count, 3) in [0, 1], the best for each where it was picked.
        gain: (B, count) by how much each lowered the summed squared error; below 0 where it raised it.
    """

    numbers: Tensor
    color: Tensor
    gain: Tensor


def matching_pursuit(coverage: Tensor, canvas: Tensor, target: Tensor, count: int, noise: float = 0.0) -> Pursuit:
    """Pick the stroke that lowers the squared error most, in its best color, lay it, and go on (Mallat, Zhang, 1993).

    Args:
        coverage: (B, N, P) in [0, 1] of the strokes to choose from, P pixels, N >= count.
        canvas: (B, 3, P) in [0, 1].
        target: (B, 3, P) in [0, 1].
        count: how many to pick; none is picked twice.
        noise: standard deviation, in powers of e, of a factor on every gain, for exploration.
    """
    square = coverage.square()
    taken = torch.zeros_like(coverage[..., 0])
    factor = torch.exp(noise * torch.randn_like(taken)) if noise else 1.0
    index, colors, gains = [], [], []
    for _ in range(count):
        color, gain = best_color(coverage, canvas, target, square)
        best = (gain * factor + taken).argmax(1, keepdim=True)
        taken = taken.scatter(1, best, -math.inf)
        chosen = _rows(color, best)
        index.append(best)
        colors.append(chosen)
        gains.append(gain.gather(1, best))
        canvas = torch.lerp(canvas, chosen.mT.expand_as(canvas), _rows(coverage, best))
    return Pursuit(torch.cat(index, 1), torch.cat(colors, 1), torch.cat(gains, 1))


def _rows(values: Tensor, numbers: Tensor) -> Tensor:
    """Rows (B, K, D) of values (B, N, D) by their numbers (B, K)."""
    return values.gather(1, numbers[..., None].expand(-1, -1, values.shape[2]))
