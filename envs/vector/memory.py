"""What to say when memory does not suffice."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...errors import InvalidInputError
from ..core import PaintingCore


@contextmanager
def told_what_fits(core: PaintingCore, num_envs: int, size: int, device: torch.device) -> Iterator[None]:
    """Turn torch's error about memory into one that says how many environments fit.

    Raises:
        InvalidInputError: memory does not suffice.
    """
    try:
        yield
    except RuntimeError as error:  # of GPUs torch has a kind of its own
        if not (isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)):
            raise
        number = num_envs // 2
        while number and not _fits(core, number, size, device):
            number //= 2
        raise InvalidInputError(
            f"{num_envs} environments do not fit into the memory of {device}, {number} do; make fewer, or smaller ones"
        ) from None


@torch.no_grad()
def _fits(core: PaintingCore, num_envs: int, size: int, device: torch.device) -> bool:
    """Whether so many environments can take a step."""
    try:
        state = core.initial(torch.zeros(num_envs, 3, size, size, device=device))
        core.quantized_observation(core.transition(state, torch.zeros(num_envs, core.action_length, device=device)))
    except RuntimeError:
        return False
    return True
