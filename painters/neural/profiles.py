"""Separable Gaussian profiles, 2^max(log2 of a Gaussian, -32): the hottest place of the painter.

Memory is what takes time there, so they are made in one array each; they are differentiable as often as one likes, and
by ``torch.func``.
"""

import math
from typing import Any

import torch
from torch import Tensor

from ..modes import rounds_factors

_LOG2_E = 1 / math.log(2)
_FLOOR = -32.0
"""log2 of what profiles fade to: far below one level of 16-bit paint, and far above the denormal numbers that make CPUs
crawl. Gradients are left as they are there: with the profile itself they are below 2e-10."""


def gaussian_profiles(mean: Tensor, variance: Tensor, log_height: Tensor, basis: Tensor) -> Tensor:
    """exp(log_height - (p - mean)^2 / (2 variance)) at some positions p.

    As one product of quadratic coefficients with 1, p, p^2 that takes three passes over memory. The terms are hundreds
    of times as large as their sum, though: with factors rounded to 11 binary digits, as TF32 does, ink is lost. Where
    torch may round them, differences are squared instead, in twice as many passes.

    Args:
        mean: (N, M), measured from the same place as the positions.
        variance: (N, M), above 0.
        log_height: (N, M).
        basis: (3, P): 1, p, p^2.

    Returns:
        (N, M, P), 2^-32 or more.
    """
    curvature = -0.5 / variance
    # torch takes 30 microseconds to look at the signature of such a function: a tenth of the time of few strokes.
    differentiable = torch.is_grad_enabled()
    if rounds_factors(mean):
        offset = _OffsetProfiles.apply if differentiable else _OffsetProfiles.forward
        exact: Tensor = offset(mean, curvature * _LOG2_E, log_height * _LOG2_E, basis[1])
        return exact
    terms = [curvature * mean.square() + log_height, -2 * curvature * mean, curvature]
    quadratic = _QuadraticProfiles.apply if differentiable else _QuadraticProfiles.forward
    quick: Tensor = quadratic(torch.stack(terms, -1) * _LOG2_E, basis.to(mean.dtype))
    return quick


class _QuadraticProfiles(torch.autograd.Function):
    """2^max(coefficients @ basis, -32) of coefficients (N, M, 3) and basis (3, P)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(coefficients: Tensor, basis: Tensor) -> Tensor:
        profiles: Tensor = torch.matmul(coefficients, basis).clamp_(min=_FLOOR).exp2_()
        return profiles

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(output, inputs[1])
        ctx.save_for_forward(output, inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """d(2^x) = ln 2 * 2^x."""
        profiles, basis = ctx.saved_tensors
        return torch.matmul(gradient * profiles, basis.T * math.log(2)), None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> Tensor:
        profiles, basis = ctx.saved_tensors
        slope: Tensor = torch.matmul(tangent, basis * math.log(2)) * profiles
        return slope


class _OffsetProfiles(torch.autograd.Function):
    """2^max(curvature (p - mean)^2 + height, -32) of (N, M) each and positions (P,), without a product of matrices."""

    generate_vmap_rule = True

    @staticmethod
    def forward(mean: Tensor, curvature: Tensor, height: Tensor, positions: Tensor) -> Tensor:
        profiles = (positions - mean[..., None]).square_().mul_(curvature[..., None]).add_(height[..., None])
        return profiles.clamp_(min=_FLOOR).exp2_()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, Tensor], output: Tensor) -> None:
        mean, curvature, _, positions = inputs
        ctx.save_for_backward(output, mean, curvature, positions)
        ctx.save_for_forward(output, mean, curvature, positions)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """d(2^x) = ln 2 * 2^x, by way of the moments of the gradient about the mean."""
        profiles, mean, curvature, positions = ctx.saved_tensors
        offset = positions - mean[..., None]
        exponent = gradient * profiles * math.log(2)
        first = exponent * offset
        return -2 * curvature * first.sum(-1), (first * offset).sum(-1), exponent.sum(-1), None

    @staticmethod
    def jvp(ctx: Any, mean_tangent: Tensor, curvature_tangent: Tensor, height_tangent: Tensor, _: None) -> Tensor:
        profiles, mean, curvature, positions = ctx.saved_tensors
        offset = positions - mean[..., None]
        slope = -2 * (curvature * mean_tangent)[..., None] * offset + curvature_tangent[..., None] * offset.square()
        tangent: Tensor = (slope + height_tangent[..., None]) * profiles * math.log(2)
        return tangent
