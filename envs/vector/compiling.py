"""A step as one compiled graph where that can be had."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..state import PaintingState

_WARM_UPS = 3
"""Steps before one is recorded: kernels are tuned and libraries take their memory in the first ones."""

Step = Callable[[PaintingState, Tensor], tuple[Any, ...]]
"""The state after a step, and further tensors."""


class CompiledStep:
    """A step under ``torch.compile``; on a GPU recorded as a CUDA graph, too. Where either fails it is called as it is.

    Args:
        step: of states and actions, always of the same shapes.
        device: where they are.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self._step = step
        self._compiled: Step | None = torch.compile(step, fullgraph=True, dynamic=False)
        self._records = device.type == "cuda"

    def __call__(self, state: PaintingState, actions: Tensor) -> tuple[Any, ...]:
        """What the step returns.

        Warns:
            UserWarning: it could not be compiled; once.
        """
        if self._compiled is not None:
            try:
                if self._records:
                    self._compiled, self._records = _RecordedStep(self._compiled, state, actions), False
                return self._compiled(state, actions)
            except Exception as error:
                self._compiled = None
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                warnings.warn(f"steps are not compiled: {reason}", stacklevel=2)
        return self._step(state, actions)


class _RecordedStep:
    """A step as a CUDA graph: the host starts one thing, and not hundreds of kernels.

    A graph reads and writes always the same memory. The first state is its input from then on, and another is copied
    there, but for what passed through the last step as it was, such as targets and their features. The state after a
    step is the graph's own memory, good until the next; all else is copied.

    Args:
        step: to be recorded; it must not wait for the device.
        state: its first state, which belongs to the graph from now on.
        actions: of the first step.
    """

    def __init__(self, step: Step, state: PaintingState, actions: Tensor) -> None:
        self._state, self._actions = state, actions.clone()
        device = actions.device
        aside = torch.cuda.Stream(device)
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                step(self._state, self._actions)
        torch.cuda.current_stream(device).wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        # On the steps' own GPU: the usual stream is the current one's, and the graph of another would be empty.
        with torch.cuda.graph(self._graph, stream=aside):
            self._after, *self._others = step(self._state, self._actions)

    def __call__(self, state: PaintingState, actions: Tensor) -> tuple[Any, ...]:
        for own, given in zip(self._state.tensors(), state.tensors(), strict=True):
            if own.data_ptr() != given.data_ptr():
                own.copy_(given)
        self._actions.copy_(actions)
        self._graph.replay()
        return self._after, *(values.clone() for values in self._others)
