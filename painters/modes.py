"""torch's modes: under any of them the renderer computes what it computes without, or says what it cannot.

Autocast and TF32 would compute places in 8 or 11 binary digits: a stroke would lie pixels beside where it belongs.
Tensors of inference mode can be neither differentiated nor changed later, and a default type of float64 meets weights
of float32. Whatever a caller has switched on for a model of its own must not reach the ink.
"""

import contextlib
import threading
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch._C._functorch import get_unwrapped, is_batchedtensor, is_functorch_wrapped_tensor
from torch.autograd.forward_ad import unpack_dual


class _DefaultType:
    """float32 as torch's default for as long as anybody needs it: it is one for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = torch.float32

    @contextlib.contextmanager
    def single(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                self._before = torch.get_default_dtype()
                if self._before != torch.float32:
                    torch.set_default_dtype(torch.float32)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0 and self._before != torch.float32:
                    torch.set_default_dtype(self._before)


_DEFAULT_TYPE = _DefaultType()


@contextlib.contextmanager
def plain_torch() -> Iterator[None]:
    """A context, or a decorator, with inference mode and autocast off and float32 as the default data type.

    For work that begins and ends in the package: loading networks, steps of environments, agents. What lets gradients
    of a caller through cannot use it, and uses ``full_precision``.

    Examples:
        >>> torch.set_default_dtype(torch.float64)
        >>> with torch.inference_mode(), plain_torch():
        ...     ones = torch.ones(2)
        >>> ones.dtype, ones.is_inference()
        (torch.float32, False)
        >>> torch.set_default_dtype(torch.float32)
    """
    with _DEFAULT_TYPE.single(), torch.inference_mode(False), full_precision("cpu"), full_precision("cuda"):
        yield


def full_precision(device: torch.device | str) -> contextlib.AbstractContextManager[object]:
    """A context without autocast on a device.

    Examples:
        >>> with torch.autocast("cpu", torch.bfloat16), full_precision("cpu"):
        ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
        torch.float32
    """
    kind = torch.device(device).type if isinstance(device, str) else device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else contextlib.nullcontext()


def rounds_factors(values: Tensor) -> bool:
    """Whether torch may round the factors of float32 products on this device to 11 or 8 binary digits: TF32, bfloat16.

    ``torch.set_float32_matmul_precision`` and the settings under ``torch.backends`` say so; ``torch.compile``, whose
    product may be called under any of them, is told that it does.
    """
    if values.dtype != torch.float32:
        return False
    if torch.compiler.is_compiling():
        return True
    try:
        return torch.get_float32_matmul_precision() != "highest"
    except RuntimeError:  # Some backend rounds factors and another does not.
        return True


def multiply(left: Tensor, right: Tensor) -> Tensor:
    """The matrix product in full precision, whatever ``rounds_factors`` says: by way of float64 where it has to be."""
    if rounds_factors(left):
        return (left.double() @ right.double()).to(left.dtype)
    # What the operator asks about shapes costs a tenth of a small product's time.
    return torch.bmm(left, right) if left.ndim == right.ndim == 3 else left @ right


def product(left: Tensor, right: Tensor) -> Tensor:
    """The matrix product where 11 binary digits of each factor are enough, as in ink and colors, but 8 are not.

    Ink would be off by 3e-3 in bfloat16. In TF32 it is right to 1e-3, and a GPU would need time for float64.
    """
    return multiply(left, right) if may_round_to_bfloat16(left) else left @ right


def may_round_to_bfloat16(values: Tensor) -> bool:
    """Whether these are factors that ``"medium"`` precision rounds to 8 binary digits: some processors do, no GPU."""
    return values.device.type == "cpu"


class FullLinear(nn.Linear):
    """A linear layer in full precision, whatever ``rounds_factors`` says: the same weights, the same keys."""

    def forward(self, values: Tensor) -> Tensor:
        """See ``nn.Linear``."""
        if not rounds_factors(values):
            return super().forward(values)
        product = values.double() @ self.weight.double().T
        return (product if self.bias is None else product + self.bias.double()).to(values.dtype)


class FullConv2d(nn.Conv2d):
    """A convolution that a processor may compute as a product of matrices, in full precision: see ``product``."""

    def forward(self, values: Tensor) -> Tensor:
        """See ``nn.Conv2d``."""
        if not (may_round_to_bfloat16(values) and rounds_factors(values)):
            return super().forward(values)
        bias = None if self.bias is None else self.bias.double()
        exact: Tensor = self._conv_forward(values.double(), self.weight.double(), bias)
        return exact.to(values.dtype)


def has_value(tensor: Tensor) -> bool:
    """Whether a tensor's numbers can be looked at: inside ``torch.func.vmap`` they cannot, as one stands for many."""
    while is_functorch_wrapped_tensor(tensor):
        if is_batchedtensor(tensor):
            return False
        tensor = get_unwrapped(tensor)
    return True


def is_transformed(*tensors: Tensor) -> bool:
    """Whether one of some tensors is followed forward, which looks away at no ``no_grad``.

    By a transform of ``torch.func``, or by a tangent of its own.
    """
    return any(is_functorch_wrapped_tensor(tensor) or unpack_dual(tensor).tangent is not None for tensor in tensors)
