"""Progress bars of the command line, on standard error; where nobody watches, there are none, and nothing is loaded."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn

    from ..agents.baselines.run import RunPlan
    from ..agents.progress import Progress


@contextmanager
def counting(task: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar from 0 to ``total``; gives a function to call with the number finished since the last call."""
    if not _is_watched():
        yield lambda finished: None
        return
    with _bars(_count()) as bars:
        bar = bars.add_task(task, total=total)
        yield lambda finished: bars.advance(bar, finished)


@contextmanager
def painting(task: str, budget: int) -> Iterator[Callable[["Progress"], None]]:
    """A bar for an agent at work: strokes of the ``budget``, loss, and the time left."""
    if not _is_watched():
        yield lambda progress: None
        return
    with _bars(_text("{task.fields[strokes]:>4}/" + str(budget) + " strokes  loss {task.fields[loss]}")) as bars:
        bar = bars.add_task(task, total=1.0, strokes=0, loss="-")

        def update(progress: "Progress") -> None:
            bars.update(bar, completed=progress.fraction, strokes=progress.strokes, loss=f"{progress.loss:.5f}")

        yield update


@contextmanager
def measuring(task: str, total: int, watched: bool = True) -> Iterator[Callable[[int, float], None]]:
    """A bar from 0 to ``total`` with a figure: gives a function to call with how much is done, and the figure.

    Args:
        task: what is done.
        total: how much of it.
        watched: False for processes whose bar would lie over another's.
    """
    if not watched or not _is_watched():
        yield lambda done, figure: None
        return
    with _bars(_count(), _text("{task.fields[figure]}")) as bars:
        bar = bars.add_task(task, total=total, figure="")
        yield lambda done, figure: bars.update(bar, completed=done, figure=f"{figure:.4f}")


def learning(plan: "RunPlan") -> AbstractContextManager[Callable[[int, float], None]]:
    """A bar for a run of a baseline: its steps, and what the last rewards add up to."""
    return measuring(f"{plan.task} {plan.algorithm}, seed {plan.seed}", plan.steps)


def _is_watched() -> bool:
    # In a log, a bar would only leave stray lines.
    return sys.stderr is not None and sys.stderr.isatty()


def _bars(*columns: "ProgressColumn") -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    described = (TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn())
    return Progress(*described, console=Console(stderr=True), transient=True)


def _count() -> "ProgressColumn":
    from rich.progress import MofNCompleteColumn

    return MofNCompleteColumn()


def _text(form: str) -> "ProgressColumn":
    from rich.progress import TextColumn

    return TextColumn(form)
