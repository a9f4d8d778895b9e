"""Painting batches of pictures on a Ray cluster: Ray Data gives them out to workers that each hold the agent."""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ...errors import InvalidInputError, PaintgymError
from ...painters.device import find_device
from ...through_ray import name_node, wait_for_room
from .batch import Answer, Batch, paint_batch
from .plan import FolderPlan

if TYPE_CHECKING:
    from ..agent import Agent


@dataclass(frozen=True)
class SpreadPlan:
    """How a folder is painted by a cluster; nothing of it changes a painting but the threads.

    Attributes:
        workers: at most so many at once; by default as many as the cluster has room for.
        threads: that each computes with, and cores that it takes.
        device: where each paints: ``"cpu"``, or ``"cuda"``, where each takes a GPU of its own.
        window: bytes of pictures that are on their way at once, in all of the cluster.
        tries: how often a batch whose worker died is begun anew. Ray tries each time as often again, as it counts also
            what was never begun because a node had just gone.
    """

    workers: int | None = None
    threads: int = 1
    device: str = "cpu"
    window: int = 2**29
    tries: int = 3

    @property
    def gpus(self) -> int:
        """That each worker takes."""
        return int(self.device != "cpu")


@dataclass(frozen=True)
class SpreadPainter:
    """From batches to answers, on the Ray cluster that this process is connected to."""

    agent: "Agent"
    plan: FolderPlan
    spread: SpreadPlan

    def __call__(self, batches: Iterator[Batch]) -> Iterator[Answer]:
        """Paint; a picture that no worker outlives is answered with a complaint."""
        import ray

        wait_for_room(self.spread.threads, self.spread.gpus)
        paint = self._paint_from_within if ray.util.client.ray.is_connected() else self.paint
        for waiting in _windows(batches, self.spread.window):
            for _ in range(self.spread.tries):
                lost = dict(enumerate(waiting))
                for number, answers in paint(waiting):
                    yield from answers if lost.pop(number, None) else ()
                waiting = [*lost.values()]
                if not waiting:
                    break
            for source in (source for batch in waiting for source in batch if source.wanted):
                yield Answer(source.number, f"{source.name}: each worker that painted it died; Ray's logs say why", {})

    def paint(self, batches: Sequence[Batch]) -> Iterator[tuple[int, list[Answer]]]:
        """The answers to each batch by its number, but for those whose workers died."""
        import ray
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # Batches whose workers died do not end the others.
        rows = [{"number": number, "batch": pickle.dumps(batch)} for number, batch in enumerate(batches)]
        painted = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            _Worker,
            fn_constructor_args=(ray.put((self.agent, self.plan, torch.__version__)), self.spread),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=self.spread.workers),
            num_cpus=self.spread.threads,
            num_gpus=self.spread.gpus,
            max_task_retries=self.spread.tries,
        )
        for row in painted.iter_rows():
            if row["trouble"]:
                raise InvalidInputError(row["trouble"])
            yield row["number"], pickle.loads(row["answers"])

    def _paint_from_within(self, batches: Sequence[Batch]) -> Iterator[tuple[int, list[Answer]]]:
        """The same by an actor that is part of the cluster: Ray Data does not work through Ray Client."""
        import ray

        conductor = ray.remote(num_cpus=0)(_Conductor).remote(self, batches)
        try:
            while answers := ray.get(conductor.next.remote()):
                yield answers
        except ray.exceptions.RayActorError:
            return


class _Conductor:
    def __init__(self, painter: SpreadPainter, batches: Sequence[Batch]) -> None:
        self._answers = painter.paint(batches)

    def next(self) -> tuple[int, list[Answer]] | None:
        return next(self._answers, None)


class _Worker:
    """An actor: it holds the agent, and paints batches with it."""

    def __init__(self, held: Any, spread: SpreadPlan) -> None:
        import ray

        torch.set_num_threads(spread.threads)
        self._agent, self._plan, self._torch = ray.get(held)
        self._device = spread.device

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The answers to a batch, or what is wrong with this machine."""
        answers, trouble = [], ""
        try:
            if torch.__version__ != self._torch:
                raise InvalidInputError(
                    f"torch {torch.__version__} paints other bytes than {self._torch}; install that"
                )
            self._agent.to(find_device(self._device))  # Not before: here it can be told that there is none.
            answers = list(paint_batch(self._agent, self._plan, pickle.loads(row["batch"])))
        except (PaintgymError, OSError) as error:
            trouble = f"{name_node()}: {error}"
        except Exception as error:  # Ray Data would take it for a worker that died, and drop it.
            trouble = f"{name_node()}: {type(error).__name__}: {error}"
        return {"number": row["number"], "answers": pickle.dumps(answers), "trouble": trouble}


def _windows(batches: Iterator[Batch], most: int) -> Iterator[list[Batch]]:
    """Batches in lists of so many bytes; a larger one is alone."""
    window: list[Batch] = []
    size = 0
    for batch in batches:
        more = sum(len(source.content) for source in batch)
        if window and size + more > most:
            yield window
            window, size = [], 0
        window.append(batch)
        size += more
    if window:
        yield window
