"""Bounds that gradient descent can leave again. What is bounded, others decide."""

from typing import Any

import torch
from torch import Tensor


class _Bound(torch.autograd.Function):
    """``clamp`` whose gradient still leads back inside: strokes at the border would else never learn to leave it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, low: float, high: float) -> Tensor:
        return values.clamp(low, high)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, float, float], output: Tensor) -> None:
        values, *context.bounds = inputs
        context.save_for_backward(values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (values,) = context.saved_tensors
        low, high = context.bounds
        # Descent moves against the gradient.
        outward = ((values < low) & (gradient > 0)) | ((values > high) & (gradient < 0))
        return gradient.masked_fill(outward, 0.0), None, None


def bound(values: Tensor, low: float, high: float) -> Tensor:
    """Values between low and high, with gradients that lead back inside from beyond."""
    bounded: Tensor = _Bound.apply(values, low, high) if torch.is_grad_enabled() else values.clamp(low, high)
    return bounded
