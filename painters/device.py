"""Devices by name, and what is sent to them."""

import platform
from itertools import chain
from pathlib import Path

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

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


def name_device(device: str | torch.device) -> str:
    """What the machine calls its GPU, or its processor.

    Examples:
        >>> len(name_device("cpu")) > 0
        True
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def device_of(module: object) -> torch.device:
    """Where a network's numbers lie; the CPU where it has none, or is none.

    Examples:
        >>> device_of(nn.Linear(1, 1)), device_of("gan")
        (device(type='cpu'), device(type='cpu'))
    """
    numbers = chain(module.parameters(), module.buffers()) if isinstance(module, nn.Module) else ()
    return next((number.device for number in numbers), torch.device("cpu"))


def check_is_on(what: str, module: nn.Module, device: torch.device) -> None:
    """Raise InvalidInputError for a network whose numbers lie on another device than the one that is asked for."""
    for found in {number.device for number in chain(module.parameters(), module.buffers())}:
        if found.type == device.type and device.index in (None, found.index):
            continue
        raise InvalidInputError(
            f"the {what} is on {str(found)!r}, but device is {str(device)!r}; move it with .to({str(device)!r})", what
        )


def upload(numbers: ArrayLike, device: torch.device | str | None, dtype: torch.dtype = torch.int64) -> Tensor:
    """Numbers of the host on a device, without waiting for what it is doing, as ``torch.tensor`` would."""
    return torch.tensor(numbers, dtype=dtype, device="cpu").to(device, non_blocking=True)


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has done what it was asked; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
