"""The best colors for given coverage, in closed form. Where strokes lie is decided elsewhere.

A canvas is linear in the colors of its strokes, so under the squared error they are a least squares problem.
"""

import math

import torch
from torch import Tensor

_EMPTY = 1e-6
"""Pixels that a stroke is taken to cover at least: one without ink has no best color."""


def best_color(coverage: Tensor, canvas: Tensor, target: Tensor, square: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The best color of each stroke, were it the next on the canvas.

    With D = target - canvas (1 - a), the squared error |D - a c|^2 is least at c = <a, D> / <a, a>; it is separable
    and convex, so clipping to [0, 1] keeps the best.

    Args:
        coverage: (..., N, P) in [0, 1], P pixels.
        canvas: (..., 3, P) in [0, 1].
        target: (..., 3, P) in [0, 1].
        square: (..., N, P) coverage squared, where it is known already.

    Returns:
        Colors (..., N, 3) in [0, 1], and by how much each stroke lowers the summed squared error (..., N); below 0
        where even the best color raises it.
    """
    residual = target - canvas
    square = coverage.square() if square is None else square
    linear = coverage @ torch.cat([residual, (residual * canvas).sum(-2, keepdim=True)], -2).mT
    energy = canvas.square().sum(-2, keepdim=True)
    quadratic = square @ torch.cat([canvas, energy, torch.ones_like(energy)], -2).mT
    norm = quadratic[..., 4:]
    numerator = linear[..., :3] + quadratic[..., :3]
    color = (numerator / norm.clamp(min=_EMPTY)).clamp(0, 1)
    gain = (color * (2 * numerator - color * norm)).sum(-1) - 2 * linear[..., 3] - quadratic[..., 3]
    return color, gain


def solve_colors(
    coverage: Tensor, color: Tensor, target: Tensor, paper: Tensor, rounds: int, ridge: float = 1e-3
) -> Tensor:
    """Improve the colors of a whole stack of strokes, all at once.

    Accelerated projected gradient (Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009) on
    the normal equations, scaled to a unit diagonal. A little ridge toward the present colors keeps those of hidden
    strokes where they are.

    Args:
        coverage: (..., T, P) in [0, 1], in painting order, P pixels.
        color: (..., T, 3) in [0, 1], where to begin.
        target: (..., 3, P) in [0, 1].
        paper: (..., 3, P) in [0, 1], what the strokes lie on.
        rounds: iterations; each costs T^2.
        ridge: weight of the present colors, in parts of each stroke's own weight in the normal equations.

    Returns:
        (..., T, 3) in [0, 1].
    """
    weight, seen_paper = stack_weights(coverage)
    normal = weight @ weight.mT
    diagonal = normal.diagonal(dim1=-2, dim2=-1)
    pull = ridge * diagonal + _EMPTY
    right_side = weight @ (target - seen_paper[..., None, :] * paper).mT + pull[..., None] * color
    diagonal.add_(pull)
    scale = diagonal.rsqrt()
    # The largest absolute row sum bounds the largest eigenvalue of the scaled matrix.
    bound = (normal * scale[..., None, :]).mul_(scale[..., None]).abs_().sum(-1).amax(-1, keepdim=True)
    step = (scale.square() / bound)[..., None]
    ahead, momentum = color, 1.0
    for _ in range(rounds):
        moved = (ahead - (normal @ ahead).sub_(right_side).mul_(step)).clamp_(0, 1)
        next_momentum = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = (moved - color).mul_((momentum - 1) / next_momentum).add_(moved)
        color, momentum = moved, next_momentum
    return color


def stack_weights(coverage: Tensor) -> tuple[Tensor, Tensor]:
    """How much of every stroke, and of the paper, is seen in the end.

    Args:
        coverage: (..., T, P) in [0, 1], in painting order.

    Returns:
        Weights (..., T, P) and (..., P), which sum to 1: the canvas is their product with the colors.
    """
    # Slice by slice: ``cumprod`` along the strokes takes three times as long.
    above = torch.ones_like(coverage)
    above_slices, slices = above.unbind(-2), (1 - coverage).unbind(-2)
    for t in range(len(slices) - 1, 0, -1):
        torch.mul(above_slices[t], slices[t], out=above_slices[t - 1])
    return coverage * above, above_slices[0] * slices[0]


def contributions(coverage: Tensor, color: Tensor, target: Tensor, paper: Tensor) -> Tensor:
    """By how much the summed squared error would rise, were one stroke taken away: (..., T).

    Args:
        coverage: (..., T, P) in [0, 1], in painting order.
        color: (..., T, 3) in [0, 1].
        target: (..., 3, P) in [0, 1].
        paper: (..., 3, P) in [0, 1], what the strokes lie on.
    """
    weight, seen_paper = stack_weights(coverage)
    error = seen_paper[..., None, :] * paper + color.mT @ weight - target
    canvas = paper
    costs = []
    parts = coverage[..., None, :].unbind(-3), weight[..., None, :].unbind(-3), color[..., None].unbind(-3)
    for covered, seen, paint in zip(*parts, strict=True):
        change = seen * (canvas - paint)
        costs.append((change * (2 * error + change)).sum((-2, -1)))
        canvas = torch.lerp(canvas, paint.expand_as(canvas), covered)
    return torch.stack(costs, -1)
