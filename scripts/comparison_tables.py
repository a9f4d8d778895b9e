"""The tables of ``paintgym compare``, narrow enough for a terminal of 80 columns; every figure is the report's."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..agents.evaluation.report.findings import format_figure, settings_of

Document = dict[str, Any]


def print_report(document: Document, console: Console) -> None:
    """Print a table of each source and measure, one of what the real brush makes of it, and the findings."""
    for table in _tables(document):
        console.print(table)
    for finding in document["findings"]:
        console.print(finding["statement"], style="bold", highlight=False, markup=False)
        for line in finding["details"]:
            console.print(Padding(Text(line), (0, 0, 0, 2)))


def _tables(document: Document) -> Iterator[Table]:
    figures = [figure for figure in document["figures"] if figure["name"] != "seconds"]
    measures = [figure for figure in figures if not figure["name"].startswith("replay ")]
    caption = f"minimized: {document['minimized']}; seed {document['settings']['seed']}"
    for source in dict.fromkeys(source for source, _ in settings_of(document)):
        pictures = f"{source}, {document['settings']['sources'][source]['pictures']} pictures"
        for figure in measures:
            rows = [row for row in document["summaries"] if (row["source"], row["figure"]) == (source, figure["name"])]
            columns = ("mean", "95 % interval", "median", "quartiles")
            table = _table(f"{pictures}: {figure['title']}", caption, columns)
            for row, following in zip_longest(rows, rows[1:]):
                low, high, lower, upper, mean, median = (
                    format_figure(document, figure["name"], row[key])
                    for key in ("low", "high", "lower_quartile", "upper_quartile", "mean", "median")
                )
                _add(table, row, following, mean, f"{low}-{high}", median, f"{lower}-{upper}")
            yield table
        yield _replay_table(document, source, pictures)


def _replay_table(document: Document, source: str, pictures: str) -> Table:
    """Means of what is measured of the real brush's canvas, and of the time."""
    figures = [
        figure for figure in document["figures"] if figure["name"].startswith("replay ") or figure["name"] == "seconds"
    ]
    caption = "seconds: of the agent. Replay: the same strokes, painted by MyPaint; PSNR: between the two canvases"
    columns = [figure["title"].replace(", replay", "\nreplay").replace(", dB", "\ndB") for figure in figures]
    table = _table(f"{pictures}: means", caption, columns)
    means = {
        (row["strokes"], row["method"], row["figure"]): row["mean"]
        for row in document["summaries"]
        if row["source"] == source
    }
    rows = [{"strokes": strokes, "method": name} for strokes, name in dict.fromkeys(key[:2] for key in means)]
    for row, following in zip_longest(rows, rows[1:]):
        shown = [
            format_figure(document, figure["name"], means[row["strokes"], row["method"], figure["name"]])
            for figure in figures
        ]
        _add(table, row, following, *shown)
    return table


def _table(title: str, caption: str, columns: Any) -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("strokes", justify="right")
    table.add_column("who", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _add(table: Table, row: Document, following: Document | None, *figures: str) -> None:
    last_of_budget = following is None or following["strokes"] != row["strokes"]
    table.add_row(str(row["strokes"]), row["method"], *figures, end_section=last_of_budget)
