"""Reference scores of the tasks: who is always there to be compared with, painted and measured once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...envs.tasks import TASKS
from ...runs import read_json, write_json
from ..registry import AGENTS, load_agent
from . import protocol

NAMES = ("nothing", "flat", "random", "greedy", "policy", "gradient")


def paint_references(
    path: Path, tasks: Sequence[str] | None = None, device: str = "cpu"
) -> Iterator[tuple[str, str, float]]:
    """Paint every task's held-out targets by each of ``NAMES``, and write the scores; what is there is kept.

    Yields:
        Task, name and score, as soon as they are written.
    """
    document: dict[str, dict[str, Any]] = read_json(path)
    for task_id in tasks or TASKS:
        task = TASKS[task_id]
        held_out = protocol.hold_out(task, task.held_out)
        if document.get(task_id, {}).get("targets") != held_out.fingerprint:
            document[task_id] = {"targets": held_out.fingerprint}
        for name in NAMES:
            if name not in document[task_id]:
                figures = protocol.evaluate(held_out, reference_painter(name, task_id, device))
                document[task_id][name] = figures["score"]
                write_json(path, document)
                yield task_id, name, figures["score"]


def reference_painter(name: str, task_id: str, device: str = "cpu") -> protocol.Painter:
    """Who paints by that name: ``"nothing"``, ``"flat"``, or an agent that minimizes the task's loss on a device."""
    if name == "nothing":
        return protocol.paint_nothing
    if name == "flat":
        return protocol.paint_flat
    task = TASKS[task_id]
    options: dict[str, Any] = {"loss": task.arguments["perceptual"], "device": device}
    if "policy" in AGENTS[name].options and task.arguments["target"] == "mnist":
        options["policy"] = "mnist"
    return protocol.painted_by(load_agent(name, **options))
