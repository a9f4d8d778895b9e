"""Means over the batches of all processes, through which gradients flow."""

from typing import Any

import torch
from torch import Tensor

from ...processes import Processes


def mean_over(value: Tensor, processes: Processes) -> Tensor:
    """The mean of a tensor over all processes; gradients flow back to all of them.

    Raises:
        LostProcessError: another process ended, here or when gradients flow back.
    """
    if processes.count == 1:
        return value
    total: Tensor = _Total.apply(value, processes)
    return total / processes.count


class _Total(torch.autograd.Function):
    """torch's own is deprecated, and what it raises while gradients flow back would be nobody's to catch."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, processes: Processes) -> Tensor:
        ctx.processes = processes
        return processes.total(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        summed: Tensor = ctx.processes.total(gradient)
        return summed, None
