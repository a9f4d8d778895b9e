"""The two forms of a picture: uint8 pixels, channels last, and float tensors, channels first."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InvalidInputError
from .device import upload


def to_tensor(pictures: NDArray[np.uint8], device: torch.device | str | None = None) -> Tensor:
    """Turn uint8 pixels, (H, W, 3) or (B, H, W, 3), into float32 (B, 3, H, W) in [0, 1].

    Raises:
        InvalidInputError: another shape or data type.
    """
    array = np.asarray(pictures)
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[-1] != 3:
        raise InvalidInputError(
            f"pictures are {array.dtype} of shape {array.shape}, expected uint8 (H, W, 3) or (B, H, W, 3)"
        )
    batch = np.ascontiguousarray(array if array.ndim == 4 else array[None])
    return upload(batch, device, torch.uint8).permute(0, 3, 1, 2).contiguous().float() / 255


def to_uint8(pictures: Tensor) -> NDArray[np.uint8]:
    """Round tensors (..., C, H, W) in [0, 1] to uint8 pixels (..., H, W, C)."""
    rounded = pictures.detach().mul(255).round().clamp(0, 255).to(torch.uint8)
    return rounded.movedim(-3, -1).contiguous().cpu().numpy()
