"""Many training runs, side by side in processes of their own: each is finished, kept, and taken up again by itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...parallel import work_through
from .run import Report, RunPlan, train


def train_all(
    plans: Sequence[RunPlan],
    root: Path,
    workers: int = 1,
    watch: Callable[[RunPlan], AbstractContextManager[Report]] | None = None,
) -> Iterator[dict[str, Any]]:
    """Train what is not finished, and give each run's document as soon as it is there.

    Args:
        plans: the runs.
        root: folder of runs.
        workers: processes; each computes with one thread, which small networks are fastest with.
        watch: gives for a run what is called with its progress; runs in other processes are not watched.
    """
    if workers == 1 and watch is not None:
        for plan in plans:
            with watch(plan) as report:
                document = _train(plan, root, report)
            yield document
        return
    for _, document in work_through(partial(_train, root=root), plans, workers):
        yield document


def _train(plan: RunPlan, root: Path, report: Report = lambda steps, figure: None) -> dict[str, Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(plan, root, report)
    finally:
        torch.set_num_threads(threads)
