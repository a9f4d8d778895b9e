"""Losses by name."""

import torch

from ...painters.device import find_device
from ...painters.modes import plain_torch
from .loss import Loss, PixelLoss
from .names import check_loss
from .perceptual import PerceptualLoss


@plain_torch()
def make_loss(name: str, device: torch.device | str | None = None) -> Loss:
    """The loss called ``"mse"``, ``"vgg19"``, ``"lite"`` or, in bfloat16, ``"vgg19-bf16"`` or ``"lite-bf16"``.

    Raises:
        InvalidInputError: unknown name, or a device that torch cannot use here.
        MissingDataError: its weights are neither in the data folder nor to be downloaded.
    """
    device = None if device is None else find_device(device)
    if check_loss(name) == PixelLoss.name:
        return PixelLoss()
    network, _, precision = name.partition("-")
    return PerceptualLoss(network, precision=precision or "fp32").to(device)
