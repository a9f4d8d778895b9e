"""A step as one compiled graph where that can be had."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_map_only


class CompiledStep:
    """A function under ``torch.compile``; on a GPU as CUDA graphs. Where it cannot be compiled it is called as it is.

    Args:
        function: of states and tensors.
        device: where they are.
    """

    def __init__(self, function: Callable[..., Any], device: torch.device) -> None:
        self._function = function
        self._graphs = device.type == "cuda"
        mode = "reduce-overhead" if self._graphs else None
        self._compiled: Callable[..., Any] | None = torch.compile(function, fullgraph=True, dynamic=False, mode=mode)

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns.

        Warns:
            UserWarning: it could not be compiled; once.
        """
        if self._compiled is not None:
            try:
                if not self._graphs:
                    return self._compiled(*arguments)
                torch.compiler.cudagraph_mark_step_begin()
                # The next replay of a graph writes into the tensors that this one returned.
                return tree_map_only(torch.Tensor, torch.clone, self._compiled(*arguments))
            except Exception as error:
                self._compiled = None
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                warnings.warn(f"steps are not compiled: {reason}", stacklevel=2)
        return self._function(*arguments)
