"""Losses by name."""

import torch

from ...errors import InvalidInputError
from ...painters.device import find_device
from .loss import Loss, PixelLoss
from .perceptual import PerceptualLoss, perceptual_names


def make_loss(name: str, device: torch.device | str | None = None) -> Loss:
    """The loss called ``"mse"``, ``"vgg19"``, ``"lite"`` or, in bfloat16, ``"vgg19-bf16"`` or ``"lite-bf16"``.

    Raises:
        InvalidInputError: unknown name, or a device that torch cannot use here.
        MissingDataError: its weights are neither in the data folder nor to be downloaded.
    """
    device = None if device is None else find_device(device)
    if name == PixelLoss.name:
        return PixelLoss()
    names = perceptual_names()
    if name not in names:
        raise InvalidInputError(f"there is no loss {name!r}; expected one of {', '.join([PixelLoss.name, *names])}")
    network, _, precision = name.partition("-")
    return PerceptualLoss(network, precision=precision or "fp32").to(device)
