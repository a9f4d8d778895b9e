"""Losses by name."""

import torch

from ...errors import InvalidInputError
from ...painters.modes import plain_torch
from .loss import Loss, PixelLoss
from .perceptual import PerceptualLoss, perceptual_names


@plain_torch()
def make_loss(name: str, device: torch.device | str | None = None) -> Loss:
    """The loss called ``"mse"``, ``"vgg19"``, ``"lite"`` or, in bfloat16, ``"vgg19-bf16"`` or ``"lite-bf16"``.

    Raises:
        InvalidInputError: unknown name.
        MissingDataError: its weights are neither in the data folder nor to be downloaded.
    """
    if name == PixelLoss.name:
        return PixelLoss()

    names = perceptual_names()
    if name not in names:
        raise InvalidInputError(f"there is no loss {name!r}; expected one of {', '.join([PixelLoss.name, *names])}")
    network, _, precision = name.partition("-")
    return PerceptualLoss(network, precision=precision or "fp32").to(device)
