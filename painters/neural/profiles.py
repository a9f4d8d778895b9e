"""Separable Gaussian profiles, 2^max(log2 of a Gaussian, -32): the hottest place of the painter.

Memory is what takes time there, so they are made in one array; they are differentiable as often as one likes, and by
``torch.func``. The exponent is a squared difference times a curvature. As a product of matrices, quadratic
coefficients times 1, p, p^2, it would be a sum of terms hundreds of times as large as itself: under TF32, which rounds
factors to 11 binary digits, coverage would be off by up to .99; and with three terms it would be no faster.
"""

import math
from typing import Any

import torch
from torch import Tensor

LOG2_E = 1 / math.log(2)
FLOOR = -32.0
"""log2 of what profiles fade to: far below one level of 16-bit paint, and far above the denormal numbers that make CPUs
crawl. Gradients are left as they are there: with the profile itself they are below 2e-10."""


def in_powers_of_two(variance: Tensor, log_height: Tensor) -> tuple[Tensor, Tensor]:
    """Curvature and height of profiles exp(log_height - d^2 / (2 variance)) that are 2^(curvature d^2 + height)."""
    return (-0.5 * LOG2_E) / variance, log_height * LOG2_E


def gaussian_profiles(mean: Tensor, curvature: Tensor, height: Tensor, positions: Tensor) -> Tensor:
    """2^(curvature (p - mean)^2 + height) at some positions p, of G Gaussians about each of M means.

    Args:
        mean: (..., M).
        curvature: (..., G, M), below 0.
        height: (..., G, M).
        positions: (P,).

    Returns:
        (..., G, P, M), 2^-32 or more.
    """
    if torch.compiler.is_compiling():
        squared = _offsets(mean, positions).square()
        return (squared * _rows(curvature) + _rows(height)).clamp(min=FLOOR).exp2()
    # torch takes 30 microseconds to look at the signature of such a function: a tenth of the time of few strokes.
    make = _Profiles.apply if torch.is_grad_enabled() else _Profiles.forward
    profiles: Tensor = make(mean, curvature, height, positions)
    return profiles


class _Profiles(torch.autograd.Function):
    """2^max(curvature (p - mean)^2 + height, -32) of (..., M), (..., G, M), the same, and positions (P,).

    Its result is (..., G, P, M).
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(mean: Tensor, curvature: Tensor, height: Tensor, positions: Tensor) -> Tensor:
        squared = _offsets(mean, positions).square_()
        return torch.addcmul(_rows(height), squared, _rows(curvature)).clamp_(min=FLOOR).exp2_()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, Tensor], output: Tensor) -> None:
        mean, curvature, _, positions = inputs
        ctx.save_for_backward(output, mean, curvature, positions)
        ctx.save_for_forward(output, mean, curvature, positions)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """d(2^x) = ln 2 * 2^x, by way of the moments of the gradient about the mean."""
        profiles, mean, curvature, positions = ctx.saved_tensors
        offset = _offsets(mean, positions)
        # Where nobody follows the gradient itself, in place: new arrays of this size are a tenth of its time.
        times = torch.mul if torch.is_grad_enabled() else Tensor.mul_
        exponent = gradient * profiles
        none = exponent.sum(-2)
        exponent = times(exponent, offset)
        first = exponent.sum(-2)
        second = times(exponent, offset).sum(-2)
        return (curvature * first).sum(-2) * (-2 * math.log(2)), second * math.log(2), none * math.log(2), None

    @staticmethod
    def jvp(ctx: Any, mean_tangent: Tensor, curvature_tangent: Tensor, height_tangent: Tensor, _: None) -> Tensor:
        profiles, mean, curvature, positions = ctx.saved_tensors
        offset = _offsets(mean, positions)
        slope = -2 * _rows(curvature * mean_tangent[..., None, :]) * offset + _rows(curvature_tangent) * offset.square()
        tangent: Tensor = (slope + _rows(height_tangent)) * profiles * math.log(2)
        return tangent


def _offsets(mean: Tensor, positions: Tensor) -> Tensor:
    """(..., 1, P, M): from each of means (..., M) to each of positions (P,)."""
    return positions[:, None] - mean[..., None, None, :]


def _rows(numbers: Tensor) -> Tensor:
    """Numbers (..., M) for every position: (..., 1, M)."""
    return numbers[..., None, :]
