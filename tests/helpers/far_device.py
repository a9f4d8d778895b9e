"""A device that is not the CPU, on machines without any: its tensors hold numbers, and mix with none of the CPU's.

What is made without its name lies on the CPU, as on any machine with a GPU; and whoever looks at its numbers from the
host is counted, as a GPU would be waited for.
"""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

FAR = torch.device("meta")
"""Its name: autograd takes it without a driver. torch's own tensors of it hold no numbers; ours do."""

_LOOKS = ("_local_scalar_dense", "nonzero", "equal", "masked_select", "unique_consecutive", "repeat_interleave")
"""Operations that the host waits for."""
_INDICES = ("index", "index_put", "index_put_", "_index_put_impl_")
"""Operations that take numbers of rows from the CPU, and wait."""


class FarTensor(Tensor):
    """A tensor that says it is on ``FAR``."""

    @staticmethod
    def __new__(cls, held: Tensor) -> "FarTensor":
        form = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype, "device": FAR}
        made: FarTensor = Tensor._make_wrapper_subclass(cls, held.shape, **form)
        return made

    def __init__(self, held: Tensor) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"FarTensor({self.held!r})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError(f"{func} on a device that is there no more")


class FarDevice(TorchDispatchMode):
    """Computes on ``FAR`` for as long as it is entered.

    Attributes:
        looks: how often the host has waited for its numbers.
    """

    looks = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), func.overloadpacket.__name__
        tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        far = any(isinstance(value, FarTensor) for value in tensors)
        lost = [value for value in tensors if value.device == FAR and not isinstance(value, FarTensor)]
        if lost:
            raise RuntimeError(f"{name}: a list was taken for a tensor on {FAR}, which the host would wait for")
        # As on a GPU, a single number of the CPU is taken, and more are not.
        strangers = [value for value in tensors if not isinstance(value, FarTensor) and value.ndim]
        if far and strangers and name != "copy_":
            if name not in _INDICES:
                raise RuntimeError(f"{name}: tensors on {FAR} and on the CPU, of shape {tuple(strangers[0].shape)}")
            self.looks += 1
        device = kwargs.get("device")
        if device is not None:
            kwargs["device"] = torch.device("cpu")
        brought = name == "_to_copy" and far and device is not None and torch.device(device) != FAR
        in_time = kwargs.get("non_blocking") or (name == "copy_" and len(args) > 2 and args[2])
        brought |= name == "copy_" and not isinstance(args[0], FarTensor) and far
        # What is sent there in time waits for what was asked before.
        brought |= name == "_to_copy" and not far and device is not None and torch.device(device) == FAR
        self.looks += (brought and not in_time) or (far and name in _LOOKS)
        held, held_options = tree_map_only(FarTensor, lambda value: value.held, (args, kwargs))
        out = func(*held, **held_options)
        if name == "copy_":
            return args[0]
        if device is not None:
            return tree_map_only(Tensor, FarTensor, out) if torch.device(device) == FAR else out
        if not far:
            return out
        return return_and_correct_aliasing(func, args, kwargs, tree_map_only(Tensor, FarTensor, out))


@contextlib.contextmanager
def far_device() -> Iterator[FarDevice]:
    """``FAR`` can be used."""
    tensor = torch.tensor

    def make_tensor(data: Any, *, device: Any = None, **options: Any) -> Tensor:
        # It looks into lists beneath all modes.
        made = tensor(data, **options)
        return made if device is None else made.to(device)

    def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
        return make_tensor(data, dtype=dtype or self.dtype, device=device or self.device)

    def is_autocast_enabled(kind: str) -> bool:
        return False

    def autocast(*_: Any, **__: Any) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    with (
        FarDevice() as device,
        mock.patch("torch.tensor", make_tensor),
        mock.patch.object(Tensor, "new_tensor", new_tensor),
        mock.patch("torch.is_autocast_enabled", is_autocast_enabled),
        mock.patch("torch.autocast", autocast),
    ):
        yield device
