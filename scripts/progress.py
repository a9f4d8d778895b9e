"""Progress bars of the command line, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from ..agents.agent import Progress


@contextmanager
def counting(task: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar from 0 to ``total``; gives a function to call with the number finished since the last call."""
    with _bars(MofNCompleteColumn(), TimeRemainingColumn()) as bars:
        bar = bars.add_task(task, total=total)
        yield lambda finished: bars.advance(bar, finished)


@contextmanager
def painting(task: str, budget: int) -> Iterator[Callable[["Progress"], None]]:
    """A bar for an agent at work: strokes of the ``budget``, loss, and the time left."""
    details = TextColumn("{task.fields[strokes]:>4}/" + str(budget) + " strokes  loss {task.fields[loss]}")
    with _bars(details, TimeRemainingColumn()) as bars:
        bar = bars.add_task(task, total=1.0, strokes=0, loss="-")

        def update(progress: "Progress") -> None:
            bars.update(bar, completed=progress.fraction, strokes=progress.strokes, loss=f"{progress.loss:.5f}")

        yield update


@contextmanager
def measuring(task: str, total: int) -> Iterator[Callable[[int, float], None]]:
    """A bar from 0 to ``total`` with a figure: gives a function to call with how much is done, and the figure."""
    details = TextColumn("{task.fields[figure]}")
    with _bars(MofNCompleteColumn(), details, TimeRemainingColumn()) as bars:
        bar = bars.add_task(task, total=total, figure="")
        yield lambda done, figure: bars.update(bar, completed=done, figure=f"{figure:.4f}")


def _bars(*columns: ProgressColumn) -> Bars:
    console = Console(stderr=True)
    # Where nobody watches, a bar would only leave stray lines in a log.
    disable = not console.is_terminal
    return Bars(
        TextColumn("{task.description}"), BarColumn(), *columns, console=console, transient=True, disable=disable
    )
