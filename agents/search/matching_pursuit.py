"""Matching pursuit: which of many strokes to lay next, and in which color."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...painters.device import upload
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


def matching_pursuit(
    coverage: Tensor,
    canvas: Tensor,
    target: Tensor,
    count: int,
    noise: float = 0.0,
    there: Sequence[int] | None = None,
) -> Pursuit:
    """Pick the stroke that lowers the squared error most, in its best color, lay it, and go on (Mallat, Zhang, 1993).

    Args:
        coverage: (B, N, P) in [0, 1] of the strokes to choose from, P pixels, N >= count.
        canvas: (B, 3, P) in [0, 1].
        target: (B, 3, P) in [0, 1].
        count: how many to pick; none is picked twice.
        noise: standard deviation, in powers of e, of a factor on every gain, for exploration.
        there: how many of the N each canvas may choose from; all by default. Where that is fewer than ``count``, what
            is picked in the end means nothing.
    """
    square = coverage.square()
    taken = torch.zeros_like(coverage[..., 0])
    if there is not None:
        taken.masked_fill_(beyond(there, taken.shape[1], taken.device), -math.inf)
    factor = torch.exp(noise * torch.randn_like(taken)) if noise else 1.0
    index, colors, gains = [], [], []
    for _ in range(count):
        color, gain = best_color(coverage, canvas, target, square)
        best = (gain * factor + taken).argmax(1, keepdim=True)
        taken = taken.scatter(1, best, -math.inf)
        chosen = rows_of(color, best)
        index.append(best)
        colors.append(chosen)
        gains.append(gain.gather(1, best))
        canvas = torch.lerp(canvas, chosen.mT.expand_as(canvas), rows_of(coverage, best))
    return Pursuit(torch.cat(index, 1), torch.cat(colors, 1), torch.cat(gains, 1))


def beyond(counts: Sequence[int], length: int, device: torch.device) -> Tensor:
    """(B, length): which numbers, from 0, lie beyond the counts of B rows."""
    return torch.arange(length, device=device) >= upload(counts, device)[:, None]


def rows_of(values: Tensor, numbers: Tensor) -> Tensor:
    """Rows (B, K, D) of values (B, N, D) by their numbers (B, K)."""
    return values.gather(1, numbers[..., None].expand(-1, -1, values.shape[2]))
