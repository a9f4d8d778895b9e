"""Many training runs, side by side in processes of their own: each is finished, kept, and taken up again by itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...errors import InvalidInputError, PaintgymError
from ...memory import keep_all
from ...parallel import work_through
from ...through_ray import name_node, through_ray, wait_for_room
from .run import SETTINGS, Report, RunPlan, begin, train

_RETRIES = 10
"""How often a run whose machine went is taken up by another, where its last checkpoint left it."""


def train_all(
    plans: Sequence[RunPlan],
    root: Path,
    workers: int = 1,
    watch: Callable[[RunPlan], AbstractContextManager[Report]] | None = None,
    on: str | None = None,
    device: str = "cpu",
) -> Iterator[dict[str, Any]]:
    """Train what is not finished, and give each run's document as soon as it is there.

    Args:
        plans: the runs.
        root: folder of runs.
        workers: processes; each computes with one thread, which small networks are fastest with.
        watch: gives for a run what is called with its progress; runs in other processes are not watched.
        on: a Ray cluster (see ``through_ray``) that trains each run as a task of its own, with one core, in place of
            ``workers``, and with a GPU of its own where ``device`` is one. All of its nodes must see ``root``.
        device: where each trains.
    """
    if on is not None:
        lacking = []
        for plan in plans:
            if document := begin(plan, root):
                yield document
            else:
                lacking.append(plan)
        if lacking:
            yield from through_ray(on, partial(_train_as_tasks, root.resolve(), device), iter(lacking))
        return
    if workers == 1 and watch is not None:
        for plan in plans:
            with watch(plan) as report:
                document = _train(plan, root, report, device)
            yield document
        return
    for _, document in work_through(partial(_train, root=root, device=device), plans, workers):
        yield document


def _train_as_tasks(root: Path, device: str, plans: Iterator[RunPlan]) -> Iterator[dict[str, Any]]:
    import ray

    gpus = device.startswith("cuda")
    wait_for_room(1, gpus)
    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=_RETRIES)(_train_where_it_was_begun)
    waiting = [task.remote(plan, root, device) for plan in plans]
    while waiting:
        (finished,), waiting = ray.wait(waiting, num_returns=1)
        yield ray.get(finished)


def _train_where_it_was_begun(plan: RunPlan, root: Path, device: str) -> dict[str, Any]:
    if not (plan.folder(root) / SETTINGS).is_file():
        raise InvalidInputError(
            f"{name_node()} does not see {plan.folder(root)}; name a folder of runs that all machines share"
        )
    try:
        return _train(plan, root, device=device)
    except PaintgymError as error:
        raise InvalidInputError(f"{name_node()}: {error}") from None


def _train(
    plan: RunPlan, root: Path, report: Report = lambda steps, figure: None, device: str = "cpu"
) -> dict[str, Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_all()
    try:
        return train(plan, root, report, device)
    finally:
        torch.set_num_threads(threads)
