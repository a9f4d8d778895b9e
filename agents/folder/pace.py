"""How fast this machine paints a folder with so many processes side by side: measured, as a folder is painted."""

import itertools
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from ...painters.device import name_device
from ...parallel import count_cores, prepare_worker, start_pool
from ..agent import Agent
from ..registry import load_agent
from .estimate import FORMAT, VERSION
from .plan import FolderPlan

_WARM_UP: dict[str, Any] = {"stroke_budget": 8, "size": 128}
"""A painting that is not counted: what is done once in a process, is done in it."""

_agent: Agent | None = None
_started: Barrier | None = None


@dataclass(frozen=True)
class Pace:
    """What so many processes of one thread each reach together.

    Attributes:
        processes: how many.
        paintings_per_hour: of all of them.
        core_share: part of a core that each had; well below 1, other programs worked too, or there are fewer cores.
        start_seconds: before the first stroke: until the last of them was ready to paint.
        memory: bytes that one of them takes at most, libraries that they share included.
    """

    processes: int
    paintings_per_hour: float
    core_share: float
    start_seconds: float
    memory: int


@dataclass(frozen=True)
class PaintedBatch:
    """What a process tells of pictures that it painted side by side and saved."""

    paintings: int
    seconds: float
    computing: float
    """Seconds of these on a core."""
    size: int
    """Bytes of their files."""
    memory: int
    """Bytes that the process took at most so far."""


def levels_of(cores: int) -> list[int]:
    """Numbers of processes to measure: 1, 2, 4 and so on, and as many as there are cores.

    Examples:
        >>> levels_of(6)
        [1, 2, 4, 6]
    """
    return [*itertools.takewhile(lambda count: count < cores, (2**power for power in itertools.count())), cores]


def measure_paces(
    agent: str,
    plan: FolderPlan,
    pictures: Sequence[Path],
    levels: Sequence[int],
    advance: Callable[[int], object] = lambda paintings: None,
) -> dict[str, Any]:
    """Paint some pictures with ever more processes.

    Args:
        agent: who paints.
        plan: how.
        pictures: of the kind that is to be painted, over and over.
        levels: numbers of processes.
        advance: called with the paintings that were finished since the last call.

    Returns:
        JSON: ``machine``, ``settings``, ``paces``, and ``painting_bytes``, what the files of a painting take.
    """
    paces, sizes = [], []
    for processes in levels:
        pace, painted = measure_pace(agent, plan, pictures, processes, advance)
        paces.append(asdict(pace))
        sizes += [batch.size / batch.paintings for batch in painted]
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": {"cores": count_cores(), "processor": name_device("cpu")},
        "settings": {"agent": agent, "strokes": plan.strokes, "size": plan.size, "suffixes": [*plan.suffixes]},
        "paces": paces,
        "painting_bytes": round(sum(sizes) / len(sizes)),
    }


def measure_pace(
    agent: str,
    plan: FolderPlan,
    pictures: Sequence[Path],
    processes: int,
    advance: Callable[[int], object] = lambda paintings: None,
) -> tuple[Pace, list[PaintedBatch]]:
    """Let so many processes paint a batch each, all at the same time; what they take to start is told apart.

    Raises:
        LostProcessError: one of them was killed.
    """
    begun = time.perf_counter()
    barrier = multiprocessing.get_context("spawn").Barrier(processes)
    batch = [*itertools.islice(itertools.cycle(pictures), plan.batch)]
    with start_pool(processes, _prepare, agent, barrier) as pool:
        # A worker takes one of these each, as none is done before all are there.
        ready = max(future.result() for future in [pool.submit(_wait) for _ in range(processes)])
        painted = []
        for future in [pool.submit(_paint, batch, plan) for _ in range(processes)]:
            painted.append(future.result())
            advance(len(batch))
    pace = Pace(
        processes=processes,
        paintings_per_hour=3600 * sum(one.paintings / one.seconds for one in painted),
        core_share=sum(one.computing / one.seconds for one in painted) / processes,
        start_seconds=ready - begun,
        memory=max(one.memory for one in painted),
    )
    return pace, painted


def _prepare(agent: str, barrier: Barrier) -> None:
    global _agent, _started
    prepare_worker()
    import torch

    torch.set_num_threads(1)
    _agent, _started = load_agent(agent), barrier
    _agent.paint_many([np.full((64, 64, 3), 128, np.uint8)], **_WARM_UP)


def _wait() -> float:
    assert _started is not None
    _started.wait()
    return time.perf_counter()  # one clock for all processes of a machine


def _paint(batch: Sequence[Path], plan: FolderPlan) -> PaintedBatch:
    assert _agent is not None
    begun, computed = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        size = 0
        for painting in _agent.paint_many(batch, plan.strokes, size=plan.size, seed=plan.seed):
            for suffix in plan.written:
                file = Path(folder) / f"painting{suffix}"
                painting.save(file, plan.upscale, plan.frames, plan.seconds)
                size += file.stat().st_size
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, computing = time.perf_counter() - begun, time.process_time() - computed
    return PaintedBatch(len(batch), seconds, computing, size, memory)
