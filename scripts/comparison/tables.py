"""The tables of ``paintgym compare``, narrow enough for a terminal of 80 columns; every figure is the report's."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...agents.evaluation.report.findings import Summary, format_figure, settings_of


def print_report(summary: Summary, console: Console) -> None:
    """Print a table of each source and measure, one of what the real brush makes of it, and the findings."""
    for table in _tables(summary):
        console.print(table)
    for finding in summary["findings"]:
        console.print(finding["statement"], style="bold", highlight=False, markup=False)
        for line in finding["details"]:
            console.print(Padding(Text(line), (0, 0, 0, 2)))


def _tables(summary: Summary) -> Iterator[Table]:
    figures = [figure for figure in summary["figures"] if figure["name"] != "seconds"]
    measures = [figure for figure in figures if not figure["name"].startswith("replay ")]
    caption = f"minimized: {summary['minimized']}; seed {summary['settings']['seed']}"
    for source in dict.fromkeys(source for source, _ in settings_of(summary)):
        pictures = f"{source}, {summary['settings']['sources'][source]['pictures']} pictures"
        for figure in measures:
            rows = [row for row in summary["summaries"] if (row["source"], row["figure"]) == (source, figure["name"])]
            columns = ("mean", "95 % interval", "median", "quartiles")
            table = _table(f"{pictures}: {figure['title']}", caption, columns)
            for row, next_row in zip_longest(rows, rows[1:]):
                low, high, lower, upper, mean, median = (
                    format_figure(summary, figure["name"], row[key])
                    for key in ("low", "high", "lower_quartile", "upper_quartile", "mean", "median")
                )
                _add(table, row, next_row, mean, f"{low}-{high}", median, f"{lower}-{upper}")
            yield table
        yield _replay_table(summary, source, pictures)


def _replay_table(summary: Summary, source: str, pictures: str) -> Table:
    """Means of what is measured of the real brush's canvas, and of the time."""
    figures = [
        figure for figure in summary["figures"] if figure["name"].startswith("replay ") or figure["name"] == "seconds"
    ]
    caption = "seconds: of the agent. Replay: the same strokes, painted by MyPaint; PSNR: between the two canvases"
    columns = [figure["title"].replace(", replay", "\nreplay").replace(", dB", "\ndB") for figure in figures]
    table = _table(f"{pictures}: means", caption, columns)
    means = {
        (row["strokes"], row["method"], row["figure"]): row["mean"]
        for row in summary["summaries"]
        if row["source"] == source
    }
    rows = [{"strokes": strokes, "method": name} for strokes, name in dict.fromkeys(key[:2] for key in means)]
    for row, next_row in zip_longest(rows, rows[1:]):
        shown = [
            format_figure(summary, figure["name"], means[row["strokes"], row["method"], figure["name"]])
            for figure in figures
        ]
        _add(table, row, next_row, *shown)
    return table


def _table(title: str, caption: str, columns: Any) -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("strokes", justify="right")
    table.add_column("who", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _add(table: Table, row: Summary, next_row: Summary | None, *figures: str) -> None:
    last_of_budget = next_row is None or next_row["strokes"] != row["strokes"]
    table.add_row(str(row["strokes"]), row["method"], *figures, end_section=last_of_budget)
