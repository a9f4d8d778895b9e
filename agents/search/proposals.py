"""Where new strokes should begin: drawn from the error map, laid along the picture's edges, picked by what they gain.

Gradient descent cannot move a stroke to an error it does not touch. So strokes begin where the error is, and of many
candidates only those are kept that lower it most, one after another.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...painters import stroke as layout
from ...painters.painter import Painter
from ...painters.stroke import LOG_RADIUS_SCALE, STROKE_LENGTH
from .config import ProposalConfig
from .matching_pursuit import matching_pursuit, rows_of


class EdgeField:
    """The direction of edges in pictures, from their structure tensors (Bigun and Granlund, 1987).

    Args:
        pictures: (B, 3, H, W) in [0, 1].
        config: how far they are blurred.
    """

    def __init__(self, pictures: Tensor, config: ProposalConfig) -> None:
        across, along = torch.gradient(_blur(pictures, config.edge_scale), dim=(-1, -2))
        products = torch.stack([across.square().sum(1), along.square().sum(1), (across * along).sum(1)], 1)
        xx, yy, xy = _blur(products, config.tensor_scale).flatten(2).unbind(1)
        self.angle = 0.5 * torch.atan2(2 * xy, xx - yy) + math.pi / 2
        """(B, H * W) radians: along the edge, not across it."""
        self.clarity = torch.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-5)
        """(B, H * W) in [0, 1]: 0 where all directions are alike, 1 on a straight edge."""


class _Chance(NamedTuple):
    """Random numbers (B, N) for candidates: uniform in [0, 1], or standard normal."""

    pixel: Tensor
    across: Tensor
    down: Tensor
    turn: Tensor
    wobble: Tensor
    size: Tensor
    length: Tensor
    bend: Tensor
    entry_pressure: Tensor
    end_pressure: Tensor


_NORMAL = ("wobble", "bend")
_DOUBLE = ("pixel",)
"""Which of thousands of pixels a number means, should be no matter of its last digits."""


def _draw_chance(counts: Sequence[int], generators: Sequence[torch.Generator], like: Tensor) -> _Chance:
    """So many numbers for each picture, by its own generator; 0 beyond. They are drawn on the CPU, on any device."""
    numbers = torch.zeros(len(_Chance._fields), len(counts), max(counts), dtype=torch.float64, device="cpu")
    for row, (count, generator) in enumerate(zip(counts, generators, strict=True)):
        for number, name in enumerate(_Chance._fields):
            draw = torch.randn if name in _NORMAL else torch.rand
            dtype = torch.float64 if name in _DOUBLE else torch.float32
            numbers[number, row, :count] = draw(count, generator=generator, dtype=dtype, device="cpu")
    pixel, *rest = numbers.to(like.device, non_blocking=True)
    return _Chance(pixel, *(values.to(like.dtype) for values in rest))


def draw_candidates(
    counts: Sequence[int],
    error: Tensor,
    edges: EdgeField,
    generators: Sequence[torch.Generator],
    config: ProposalConfig,
) -> Tensor:
    """Draw short strokes at random, more of them where the error is large, along the edges there.

    Args:
        counts: how many for each of B pictures.
        error: (B, H, W), at least 0.
        edges: of the targets.
        generators: sources of the random numbers, one for each picture.
        config: what strokes are drawn.

    Returns:
        (B, N, 12) in [0, 1], black, N the largest count; beyond a picture's own count they mean nothing.
    """
    chance, side = _draw_chance(counts, generators, error), error.shape[2]

    def between(low: float, high: float, part: Tensor) -> Tensor:
        return low + (high - low) * part

    chances = (_blur(error[:, None], config.error_blur).flatten(1) + 1e-9).double().cumsum(1)
    pixel = torch.searchsorted(chances, chance.pixel * chances[:, -1:]).clamp(max=chances.shape[1] - 1)
    middle = torch.stack([pixel % side + chance.across, pixel // side + chance.down], -1) / side
    clarity = edges.clarity.gather(1, pixel)
    angle = edges.angle.gather(1, pixel) + (1 - clarity) * between(-math.pi / 2, math.pi / 2, chance.turn)
    angle = angle + config.wobble * chance.wobble
    radius = torch.exp(LOG_RADIUS_SCALE * chance.size) / layout.CANVAS_SIZE
    reach = radius * between(config.shortest, config.longest, chance.length**config.length_exponent)
    bend = config.bend * reach * chance.bend
    direction = torch.stack([angle.cos(), angle.sin()], -1)
    normal = torch.stack([-angle.sin(), angle.cos()], -1)

    strokes = error.new_zeros(*angle.shape, STROKE_LENGTH)
    strokes[..., layout.START] = middle - reach[..., None] * direction
    strokes[..., layout.CONTROL] = middle + bend[..., None] * normal
    strokes[..., layout.END] = middle + reach[..., None] * direction
    strokes[..., layout.SIZE] = chance.size
    strokes[..., layout.ENTRY_PRESSURE] = between(config.least_pressure, 1.0, chance.entry_pressure)
    strokes[..., layout.END_PRESSURE] = between(config.least_pressure, 1.0, chance.end_pressure)
    return strokes.clamp(config.margin, 1 - config.margin)


def pick_strokes(
    counts: Sequence[int],
    canvas: Tensor,
    target: Tensor,
    edges: EdgeField,
    painter: Painter,
    generators: Sequence[torch.Generator],
    config: ProposalConfig,
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay the best of many candidates on each canvas, one over the other: matching pursuit.

    Args:
        counts: how many strokes for each of B canvases.
        canvas: (B, 3, H, W) in [0, 1], half painted.
        target: (B, 3, H, W) in [0, 1].
        edges: of the targets.
        painter: strokes (N, 12) to coverage (N, 1, H, W).
        generators: sources of the random numbers, one for each canvas.
        config: what strokes are drawn, and how many.

    Returns:
        Strokes (B, T, 12) in [0, 1] with their best colors, T the largest count, their coverage (B, T, H * W), and by
        how much each lowered the summed squared error (B, T); beyond a canvas' own count they mean nothing.
    """
    trials = [config.candidates * count for count in counts]
    candidates = draw_candidates(trials, (canvas - target).square().sum(1), edges, generators, config)
    coverage = render(painter, candidates.flatten(0, 1), config.render_size).unflatten(0, candidates.shape[:2])
    there = None if min(trials) == max(trials) else trials
    picked = matching_pursuit(coverage, canvas.flatten(2), target.flatten(2), max(counts), there=there)
    strokes, coverage = rows_of(candidates, picked.numbers), rows_of(coverage, picked.numbers)
    strokes[..., layout.COLOR] = picked.color
    return strokes, coverage, picked.gain


def render(painter: Painter, strokes: Tensor, most: int) -> Tensor:
    """Coverage (N, H * W) of strokes (N, 12), so many of them at a time."""
    parts = [painter(part).flatten(1) for part in strokes.split(most)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _blur(pictures: Tensor, scale: float) -> Tensor:
    """Gaussian blur of (B, C, H, W) with a standard deviation of ``scale`` pixels."""
    reach = math.ceil(3 * scale)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=pictures.device) / scale) ** 2)
    weights = (weights / weights.sum()).view(1, 1, -1)
    padded = F.pad(pictures.flatten(0, 1)[:, None], (reach, reach, reach, reach), mode="replicate")
    return F.conv2d(F.conv2d(padded, weights[:, :, None]), weights[..., None]).view_as(pictures)
