"""``paintgym compare``: let agents paint the same pictures, and tabulate loss and time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from ..agents.agent import LARGEST_BUDGET, check_whole, load_agent
from ..agents.compare import Summary, choose_pictures, compare, contact_sheet, report, summarise
from ..envs.loss import Loss, PixelLoss, make_loss
from ..envs.targets import Split, load_targets
from ..envs.vgg import WEIGHTS_FILE
from ..errors import InvalidInputError
from ..files import check_can_write, data_directory, write_whole
from ..painters.painter import load_painter
from .progress import counting

Item = TypeVar("Item")


@dataclass(frozen=True)
class Arguments:
    """Let agents paint the same pictures with the same numbers of strokes and the same seed.

    The table shows the mean, the median and the quartiles over the pictures. Paintings are judged by mse, and by vgg19
    where its weights are in the data folder, whatever loss the agents minimise.
    """

    agents: str = "random,greedy,gradient"
    """Who paints, separated by commas."""
    targets: str = "photographs"
    """What is painted, separated by commas: mnist, paintings, photographs, bam, picture files or folders."""
    strokes: str = "15,30,200"
    """Stroke budgets, separated by commas."""
    loss: str = "mse"
    """What the agents minimise: mse or vgg19 (needs its weights)."""
    painter: str = "gan"
    """The neural painter, by name or as a path to a .safetensors file."""
    pictures: int = 8
    """At most this many pictures of each target, spread evenly over it."""
    split: Split = "test"
    """The part of targets that have parts."""
    seed: int = 0
    """Seed of every painting."""
    json: Path | None = None
    """Write all figures here."""
    sheet: Path | None = None
    """Write a contact sheet here (.png): a row for each picture, the target first."""


def run(arguments: Arguments) -> None:
    """Paint, print the table, and write what was asked for."""
    check_whole("pictures", arguments.pictures, 1, 10_000)
    check_whole("seed", arguments.seed, 0, 2**63 - 1)
    budgets = _split(arguments.strokes, "strokes", int)
    for budget in budgets:
        check_whole("strokes", budget, 1, LARGEST_BUDGET)
    if arguments.sheet and arguments.sheet.suffix.lower() != ".png":
        raise InvalidInputError(f"the contact sheet cannot be written to {arguments.sheet}; expected a name in .png")
    for output in (arguments.json, arguments.sheet):
        if output:
            check_can_write(output)
    sources = {
        source: load_targets(source, split=arguments.split) for source in _split(arguments.targets, "targets", str)
    }
    painter, loss = load_painter(arguments.painter), make_loss(arguments.loss)
    agents = [load_agent(name, painter=painter, loss=loss) for name in _split(arguments.agents, "agents", str)]

    paintings = sum(len(choose_pictures(targets, arguments.pictures)) for targets in sources.values())
    trials = []
    with counting("comparing", paintings * len(budgets) * len(agents)) as advance:
        for trial in compare(
            agents, sources, budgets, _measures(loss), seed=arguments.seed, pictures=arguments.pictures
        ):
            trials.append(trial)
            advance(1)

    console = Console()
    for table in _tables(summarise(trials), f"agents minimise {loss.name}; seed {arguments.seed}"):
        console.print(table)
    if arguments.json:
        document = {"painter": painter.name, **report(trials)}
        with write_whole(arguments.json) as temporary:
            temporary.write_text(json.dumps(document, indent=2) + "\n")
        console.print(f"wrote {arguments.json}")
    if arguments.sheet:
        with write_whole(arguments.sheet) as temporary:
            contact_sheet(trials).save(temporary)
        console.print(f"wrote {arguments.sheet}")


def _split(text: str, name: str, convert: Callable[[str], Item]) -> list[Item]:
    """The items of a list with commas, each once."""
    try:
        items = list(dict.fromkeys(convert(part.strip()) for part in text.split(",") if part.strip()))
    except ValueError:
        raise InvalidInputError(f"{name} are {text!r}, expected whole numbers separated by commas") from None
    if not items:
        raise InvalidInputError(f"no {name} are named; expected at least one")
    return items


def _measures(loss: Loss) -> list[Loss]:
    """The pixel loss, then VGG19's where its weights are, then the loss itself if it is another."""
    measures: list[Loss] = [PixelLoss()]
    if loss.name != "vgg19" and (data_directory() / WEIGHTS_FILE).is_file():
        measures.append(make_loss("vgg19"))
    return measures if loss.name == PixelLoss.name else [*measures, loss]


def _tables(summaries: list[Summary], caption: str) -> Iterator[Table]:
    """A table for each source and measure, narrow enough for a terminal of 80 columns."""
    for source in dict.fromkeys(summary.source for summary in summaries):
        rows = [summary for summary in summaries if summary.source == source]
        for measure in rows[0].losses:
            title = f"{source}, {rows[0].pictures} pictures: {measure}"
            table = Table("strokes", "agent", "mean", "median", "quartiles", "seconds", title=title, caption=caption)
            for row, following in zip_longest(rows, rows[1:]):
                spread = row.losses[measure]
                quartiles = f"{spread.lower_quartile:.5f} to {spread.upper_quartile:.5f}"
                figures = (f"{spread.mean:.5f}", f"{spread.median:.5f}", quartiles, f"{row.seconds.mean:.1f}")
                last_of_budget = following is None or following.strokes != row.strokes
                table.add_row(str(row.strokes), row.agent, *figures, end_section=last_of_budget)
            yield table
