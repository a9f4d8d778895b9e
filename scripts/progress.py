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


def _bars(*columns: ProgressColumn) -> Bars:
    console = Console(stderr=True)
    # Where nobody watches, a bar would only leave stray lines in a log.
    disable = not console.is_terminal
    return Bars(
        TextColumn("{task.description}"), BarColumn(), *columns, console=console, transient=True, disable=disable
    )
