"""TF32 on a CPU: the factors of every float32 product of matrices are rounded to eleven binary digits.

What is left of them is multiplied in float64: the processor may know other ways to round.
"""

from typing import Any

import pytest
import torch
from paintgym.painters import modes
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN = torch.ops.aten
_FACTORS = {
    _ATEN.mm.default: (0, 1),
    _ATEN.bmm.default: (0, 1),
    _ATEN.addmm.default: (1, 2),
    _ATEN.baddbmm.default: (1, 2),
}
_MADE_OF_PRODUCTS = (_ATEN.linear.default, _ATEN.matmul.default)
"""What inference mode does not take apart."""


def round_factor(values: Tensor) -> Tensor:
    """float32 with ten binary digits behind the first one, rounded to even as the hardware does."""
    bits = values.contiguous().view(torch.int32)
    return ((bits + 0x0FFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


class EmulatedTF32(TorchDispatchMode):
    """Counts the products that it rounded in ``products``."""

    def __init__(self) -> None:
        super().__init__()
        self.products = 0
        self._patches: list[pytest.MonkeyPatch] = []  # It is entered again while it takes an operation apart.

    def __enter__(self) -> "EmulatedTF32":
        self._patches.append(pytest.MonkeyPatch())
        self._patches[-1].setattr(modes, "may_round_to_bfloat16", lambda values: False)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._patches.pop().undo()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        if function in _MADE_OF_PRODUCTS:
            with self:
                return function.decompose(*arguments, **(options or {}))
        if function not in _FACTORS or arguments[0].dtype != torch.float32:
            return function(*arguments, **(options or {}))
        self.products += 1
        exact = [
            (round_factor(value) if place in _FACTORS[function] else value).double()
            for place, value in enumerate(arguments)
        ]
        return function(*exact, **(options or {})).float()
