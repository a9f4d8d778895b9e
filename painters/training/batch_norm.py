"""Batch normalization by the statistics of all processes: a network must not see that its batch is shared out."""

import torch
from torch import Tensor, nn

from ...processes import Processes
from .averages import mean_over


class SharedBatchNorm(nn.BatchNorm2d):
    """A ``BatchNorm2d`` whose batch is that of all processes; torch's ``SyncBatchNorm`` wants GPUs.

    Args:
        own: whose weights and statistics it takes over, under the same names.
        processes: those that train together, with batches of one size.
    """

    def __init__(self, own: nn.BatchNorm2d, processes: Processes) -> None:
        super().__init__(own.num_features, own.eps, own.momentum)
        self.weight, self.bias = own.weight, own.bias
        for name, value in own.named_buffers():
            self.register_buffer(name, value)
        self._processes = processes

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) of this process's batch, normalized."""
        if not self.training:
            return super().forward(features)
        values = features.float()
        mean = mean_over(values.mean((0, 2, 3)), self._processes)
        centered = values - mean[:, None, None]
        variance = mean_over(centered.square().mean((0, 2, 3)), self._processes)
        self._remember(mean.detach(), variance.detach(), values.numel() // values.shape[1] * self._processes.count)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centered * scale[:, None, None] + self.bias[:, None, None]).to(features.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        assert self.momentum is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        self.num_batches_tracked.add_(1)


def share_statistics(module: nn.Module, processes: Processes) -> None:
    """Let several processes normalize by what all of their batches have in common, inside of a module."""
    if processes.count == 1:
        return
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, SharedBatchNorm(child, processes))
        share_statistics(child, processes)
