"""Processes that train together, as torchrun starts them: which one this is, its share, and what all of them agree on.

Without torchrun there is one, which shares nothing with anybody. torch is imported where there are several, not before.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import InvalidInputError, LostProcessError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

Kind = TypeVar("Kind", bound="np.generic")
Result = TypeVar("Result")

PATIENCE = 45.0
"""Seconds that a process waits for another before it gives up: a lost machine ends a run within a minute, even where
it takes ten seconds to begin."""
_ASK_SECONDS = 3.0
"""How long the first process may take to answer before it is asked again."""
_SIGN_OF_LIFE = 5.0
"""Seconds between signs of life of a process that works while the others wait."""
_TERMINATED = 128 + 15
"""The exit code of a process that was told to end."""


@dataclass(frozen=True)
class Processes:
    """The processes of a training, seen by one of them.

    Attributes:
        rank: the number of this one, from 0; the first leads: it alone writes and prints.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes and prints."""
        return self.rank == 0

    def share(self, rows: "NDArray[Kind]") -> "NDArray[Kind]":
        """This process's rows, of as many for each."""
        size = len(rows) // self.count
        return rows[self.rank * size : (self.rank + 1) * size]

    def average_gradients(self, weights: "Iterable[nn.Parameter]") -> None:
        """Put the mean over all processes in the place of each gradient."""
        if self.count == 1:
            return
        import torch

        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        self._sum(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def average(self, figures: dict[str, float]) -> dict[str, float]:
        """The mean of each figure over all processes."""
        if self.count == 1:
            return figures
        import torch

        values = torch.tensor(list(figures.values()), dtype=torch.float64)
        self._sum(values)
        return dict(zip(figures, (values / self.count).tolist(), strict=True))

    def broadcast(self, value: Any = None) -> Any:
        """What the first process gives, in all of them."""
        if self.count == 1:
            return value
        import torch.distributed as dist

        box = [value]
        with self._with_the_others():
            dist.broadcast_object_list(box, 0)
        return box[0]

    def begin_alike(self, module: "nn.Module") -> None:
        """Give a module the first process's weights."""
        if self.count > 1:
            module.load_state_dict(self.broadcast({name: value.cpu() for name, value in module.state_dict().items()}))

    def broadcast_arrays(self, arrays: "Sequence[NDArray[Any]] | None") -> "list[NDArray[Any]]":
        """The first process's arrays, in all of them; the others give None."""
        forms = self.broadcast(None if arrays is None else [(array.shape, array.dtype) for array in arrays])
        if self.count == 1:
            return list(arrays or ())
        import numpy as np
        import torch
        import torch.distributed as dist

        received: list[NDArray[Any]] = [np.empty(*form) for form in forms] if arrays is None else list(arrays)
        with self._with_the_others():
            for array in received:
                dist.broadcast(torch.from_numpy(array), 0)
        return received

    def gather(self, value: Result) -> list[Result]:
        """What each process gives, in order, in the first; nothing in the others."""
        if self.count == 1:
            return [value]
        import torch.distributed as dist

        values: list[Any] | None = [None] * self.count if self.leads else None
        with self._with_the_others():
            dist.gather_object(value, values)
        return values or []

    def scatter(self, values: "Sequence[Result] | None") -> Result:
        """What the first process has for each of them; the others give None."""
        if self.count == 1:
            assert values is not None
            return values[0]
        import torch.distributed as dist

        box: list[Any] = [None]
        with self._with_the_others():
            dist.scatter_object_list(box, None if values is None else list(values))
        own: Result = box[0]
        return own

    def first_alone(self, work: Callable[[Callable[[], None]], Result]) -> Result | None:
        """Let the first process work while the others wait, however long it takes.

        Args:
            work: is given a function to call now and then, which lets the others know that they wait for somebody.

        Returns:
            What ``work`` gives; None in the other processes.
        """
        if not self.leads:
            while not self.broadcast():
                pass
            return None
        told = time.monotonic()

        def live() -> None:
            nonlocal told
            if time.monotonic() - told > _SIGN_OF_LIFE:
                self.broadcast(False)
                told = time.monotonic()

        result = work(live)
        self.broadcast(True)
        return result

    def total(self, value: "Tensor") -> "Tensor":
        """The sum of a tensor over all processes, without gradients."""
        import torch

        summed = value.detach().clone(memory_format=torch.contiguous_format)
        self._sum(summed)
        return summed

    def _sum(self, values: "Tensor") -> None:
        import torch.distributed as dist

        with self._with_the_others():
            dist.all_reduce(values)

    @contextmanager
    def _with_the_others(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # what gloo and NCCL raise is one
            said = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
            reason = re.sub(r"^\[\S*\] ", "", said)  # where in their source
            raise LostProcessError(
                f"rank {self.rank} of {self.count}: another process ended or cannot be reached ({reason}); give all "
                "the same command again, and they go on from the last checkpoint"
            ) from None


ALONE = Processes()
"""What a process is without torchrun."""


@contextmanager
def joined(device: str | None, patience: float = PATIENCE) -> Iterator[Processes]:
    """Meet the other processes that torchrun started, if it did; they part in the end.

    Args:
        device: ``"cpu"``, where they talk by gloo, or ``"cuda"``, by NCCL; each then has a GPU of its own. None for
            those that share work out and then have nothing to say to each other.
        patience: seconds that one waits for another.

    Raises:
        InvalidInputError: what torchrun says of them does not fit together, or there are too few GPUs.
        LostProcessError: another process is not there, or is no more; or this one was told to end.
    """
    rank, count, local_rank = find_processes()
    if count == 1:
        yield ALONE
        return
    processes = Processes(rank, count)
    try:
        if device is not None:
            _meet(processes, device, local_rank, patience)
        yield processes
    except SystemExit as end:
        if end.code != _TERMINATED:
            raise
        # torchrun ends all processes when one of them has ended.
        raise LostProcessError(
            f"rank {rank} of {count}: was told to end, as all are when one has ended; give all the same command again, "
            "and they go on from the last checkpoint"
        ) from None
    if device is not None:
        import torch.distributed as dist

        dist.destroy_process_group()


def find_processes() -> tuple[int, int, int]:
    """Rank, number of processes and rank on this machine, as torchrun tells them; 0, 1, 0 without it.

    Raises:
        InvalidInputError: they do not fit together.
    """
    told = {name: os.environ.get(name) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")}
    rank_told, count_told, local_told, *master = told.values()
    if count_told in (None, "", "1"):
        return 0, 1, 0
    try:
        rank, count, local_rank, port = (int(value or "") for value in (rank_told, count_told, local_told, master[1]))
    except ValueError:
        rank, count, local_rank, port = -1, 0, -1, -1
    if not (0 <= rank < count and 0 <= local_rank < count and master[0] and 0 <= port < 2**16):
        said = ", ".join(f"{name} is {value!r}" for name, value in told.items())
        raise InvalidInputError(
            f"in the environment {said}, expected numbers with RANK and LOCAL_RANK below WORLD_SIZE, and who is met "
            "where; start with 'torchrun --nproc-per-node=N -m paintgym ...', which sets them"
        )
    return rank, count, local_rank


def _meet(processes: Processes, device: str, local_rank: int, patience: float) -> None:
    # What C++ has to say comes in forty lines; what matters of it comes as an exception too.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    import torch
    import torch.distributed as dist

    if device not in ("cpu", "cuda"):
        raise InvalidInputError(
            f"device is {device!r}, expected 'cpu' or 'cuda': each of {processes.count} processes has a GPU of its own",
            "device",
        )
    if device == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise InvalidInputError(
                f"rank {processes.rank} of {processes.count}: this is process {local_rank + 1} on a machine with "
                f"{torch.cuda.device_count()} GPUs; give torchrun --nproc-per-node of as many as there are"
            )
        torch.cuda.set_device(local_rank)
        # A lost process is to be an exception in the others, not the end of them.
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
    with processes._with_the_others():
        if not processes.leads:
            _find_the_first(patience)
        dist.init_process_group(backend, timeout=timedelta(seconds=patience))


def _find_the_first(patience: float) -> None:
    """Wait until the first process answers.

    torch would try twice as long as it is told to, with ever longer pauses, and for good where somebody is there who
    says nothing: that is left to a thread, which ends with this process.
    """
    from torch.distributed import TCPStore  # type: ignore[attr-defined]  # torch's types leave it out

    host, port, ends = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), time.monotonic() + patience
    found = threading.Event()

    def ask() -> None:
        while not found.wait(0.1) and time.monotonic() < ends:
            with suppress(RuntimeError):
                TCPStore(host, port, timeout=timedelta(seconds=_ASK_SECONDS), wait_for_workers=False)
                found.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(patience + 2 * _ASK_SECONDS)
    if not found.is_set():
        raise RuntimeError(f"the first does not answer at {host}:{port}")
