"""Many training runs, side by side in processes of their own: each is finished, kept, and taken up again by itself."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...parallel import work_through
from .run import RunPlan, train


def train_all(plans: Sequence[RunPlan], root: Path, workers: int = 1) -> Iterator[dict[str, Any]]:
    """Train what is not finished, and give each run's document as soon as it is there.

    Args:
        plans: the runs.
        root: folder of runs.
        workers: processes; each computes with one thread, which small networks are fastest with.
    """
    for _, document in work_through(partial(_train, root=root), plans, workers):
        yield document


def _train(plan: RunPlan, root: Path) -> dict[str, Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(plan, root)
    finally:
        torch.set_num_threads(threads)
