"""Devices by name."""

import torch

from ..errors import InvalidInputError


def find_device(device: str | torch.device) -> torch.device:
    """The device of a name such as ``"cpu"`` or ``"cuda"``.

    Raises:
        InvalidInputError: torch cannot use it here.
    """
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError, TypeError, ValueError):
        name = str(device)
        reason = (
            "torch finds no GPU"
            if name.startswith("cuda") and not torch.cuda.is_available()
            else "torch knows none of that name"
        )
        raise InvalidInputError(
            f"device is {name!r}, which cannot be used here ({reason}); expected 'cpu' or 'cuda'"
        ) from None
    return found
