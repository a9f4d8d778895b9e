"""TF32 on a CPU: the factors of every float32 product of matrices are rounded to eleven binary digits."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN = torch.ops.aten
_FACTORS = {
    _ATEN.mm.default: (0, 1),
    _ATEN.bmm.default: (0, 1),
    _ATEN.addmm.default: (1, 2),
    _ATEN.baddbmm.default: (1, 2),
}


def round_factor(values: Tensor) -> Tensor:
    """float32 with ten binary digits behind the first one, rounded to even as the hardware does."""
    bits = values.contiguous().view(torch.int32)
    return ((bits + 0x0FFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


class EmulatedTF32(TorchDispatchMode):
    """Counts the products that it rounded in ``products``."""

    def __init__(self) -> None:
        super().__init__()
        self.products = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        if function in _FACTORS:
            arguments = list(arguments)
            for place in _FACTORS[function]:
                if arguments[place].dtype == torch.float32:
                    arguments[place] = round_factor(arguments[place])
                    self.products += 1
        return function(*arguments, **(options or {}))
