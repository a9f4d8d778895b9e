"""Finding out what is wrong on a device without waiting for it."""

from typing import Any

import torch
from torch import Tensor

from ..errors import InvalidInputError


class LateCheck:
    """Remembers on the device that something was wrong, and says so as soon as the host hears of it.

    Asking a GPU for a number makes the host wait until all that was asked before is done. Here the answer is copied
    while both go on: the error comes with the same call on a CPU, and with one of the next calls from a GPU.
    """

    def __init__(self) -> None:
        self._wrong: Tensor | None = None
        self._heard: Tensor | None = None
        self._seen: Any = None

    def __reduce__(self) -> tuple[type["LateCheck"], tuple[()]]:
        """Copies, pickled ones too, begin afresh: what was heard belongs to one device's memory."""
        return LateCheck, ()

    def __call__(self, wrong: Tensor, message: str) -> None:
        """Take note of ``wrong``, () bool, and raise if it, or what was noted before, is known to be true.

        Raises:
            InvalidInputError: something was wrong, now or in an earlier call.
        """
        if self._wrong is None or self._wrong.device != wrong.device:
            # Tensors of inference mode could not be changed outside, where the next call may come from.
            with torch.inference_mode(False):
                self._wrong = torch.zeros((), dtype=torch.bool, device=wrong.device)
                self._heard = torch.zeros((), dtype=torch.bool, pin_memory=wrong.is_cuda)
            self._seen = self._heard.numpy()
        assert self._heard is not None
        self._wrong.logical_or_(wrong)
        self._heard.copy_(self._wrong, non_blocking=True)
        if self._seen:
            self._wrong.zero_()
            self._seen[()] = False
            late = " (in this call or an earlier one: a GPU is not waited for)" if wrong.is_cuda else ""
            raise InvalidInputError(message + late)
