"""Optical density to coverage, sharpened: MyPaint's mask has an edge where its two pieces meet, Gaussians have none."""

import torch
from torch import Tensor, nn

_PIXEL_VARIANCE = 1 / 6
"""Of the triangle, two pixels wide, that bilinear scaling weighs by, in pixels of the result."""


def widening(step: float) -> float:
    """What variances grow by on a canvas whose pixels are ``step`` wide."""
    return step**2 * _PIXEL_VARIANCE if step > 1 else 0.0


def cover(density: Tensor, amount: Tensor, step: float) -> Tensor:
    """Coverage (N, 1, H, W) of density (N, H, W), sharpened by so much, (N, 1)."""
    amount = amount[..., None] / step**2
    if step > 1:
        density = torch.relu(density - amount * _laplacian(density))
        return -torch.expm1(-torch.relu(density - _lost_by_reducing(density)))[:, None]
    if torch.is_grad_enabled() or torch.compiler.is_compiling():
        density = torch.relu(density - amount * _laplacian(density))
        return -torch.expm1(-density)[:, None]
    return _sharpened(density, amount).relu_().neg_().expm1_().neg_()[:, None]


def _lost_by_reducing(density: Tensor) -> Tensor:
    """By how much density (N, H, W) is too large, as its mean lets less through than its parts do on average.

    On a slope s, the mean of exp(-density) under a weight of variance v is exp(v s^2 / 2) times that of the middle.
    """
    down, right = density.diff(dim=1), density.diff(dim=2)
    pad = nn.functional.pad
    slopes = pad(down, (0, 0, 0, 1)) + pad(down, (0, 0, 1, 0)), pad(right, (0, 1)) + pad(right, (1, 0))
    return (slopes[0].square() + slopes[1].square()) * (_PIXEL_VARIANCE / 8)


def _sharpened(density: Tensor, amount: Tensor) -> Tensor:
    """``density - amount * _laplacian(density)``, where no gradients are asked for: half of the arrays are not made."""
    down, right = density.diff(dim=1).mul_(amount), density.diff(dim=2).mul_(amount)
    sharp = density.clone()
    sharp[:, :-1].sub_(down)
    sharp[:, 1:].add_(down)
    sharp[..., :-1].sub_(right)
    sharp[..., 1:].add_(right)
    return sharp


def _laplacian(density: Tensor) -> Tensor:
    """The five-point Laplacian of (N, H, W); at the border only the differences that there are."""
    down, right = density.diff(dim=1), density.diff(dim=2)
    vertical = nn.functional.pad(down, (0, 0, 0, 1)) - nn.functional.pad(down, (0, 0, 1, 0))
    return vertical + nn.functional.pad(right, (0, 1)) - nn.functional.pad(right, (1, 0))
