"""``paintgym learning-curves``: what training runs reached when, as a table and a picture; nothing is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro
from markupsafe import escape

from ...agents.evaluation.report.plots import COLORS, Line, plot_lines
from ...errors import InvalidInputError
from ...files import check_can_write, write_whole
from ..options import about

_STAGES = ("analytic", "ppo")
_SERIES = ("#1b6ca8", "#c8553d", "#3a7d44", "#8d5a97", "#b08900", "#555555")
_STYLE = (
    "text{font:11px sans-serif;fill:#333}.tick,.label{font-size:10px}.grid{stroke:#ddd}.band{opacity:0}"
    "polyline{fill:none;stroke-width:2}.label{text-anchor:end}.key{text-anchor:start;font-size:12px}"
)
_KEY_HEIGHT, _ROW = 14, 16


@dataclass(frozen=True)
class Arguments:
    """Tabulate and draw how a figure on held-out pictures fell while policies were trained.

    Minutes are counted from a run's first measurement, the measurements included. Runs on the same machine, one at a
    time, can be compared; runs that were interrupted cannot.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Folders that paintgym train-policy wrote."""
    figure: str = "mse_200"
    """What to show: mse_ or lite_ and a number of strokes that was measured with."""
    out: Path | None = None
    """Draw the curves here (.svg)."""


def run(arguments: Arguments) -> None:
    """Read, print and draw."""
    if not arguments.runs:
        raise InvalidInputError("no runs are named; expected folders that 'paintgym train-policy' wrote")
    if arguments.out:
        if arguments.out.suffix.lower() != ".svg":
            raise InvalidInputError(f"--out is {arguments.out}, expected a name that ends in .svg")
        with about("--out"):
            check_can_write(arguments.out)
    for folder in arguments.runs:
        if not folder.is_dir():
            raise InvalidInputError(f"there is no folder {folder}; 'paintgym train-policy' writes such folders")
    from rich import box
    from rich.console import Console
    from rich.table import Table

    curves = {folder.name: read_curve(folder, arguments.figure) for folder in arguments.runs}
    console = Console()
    table = Table(title=f"{arguments.figure} on held-out pictures", box=box.SIMPLE_HEAD)
    for title in ("run", "minutes", "stage", "steps", arguments.figure):
        table.add_column(title, justify="left" if title in ("run", "stage") else "right")
    for name, points in curves.items():
        for point in points:
            table.add_row(name, f"{point.minutes:.1f}", point.stage, f"{point.step:,}", f"{point.value:.5f}")
        table.add_section()
    console.print(table)
    if arguments.out:
        with write_whole(arguments.out) as temporary:
            temporary.write_text(_draw(curves, arguments.figure), encoding="utf-8")
        console.print(f"wrote {arguments.out}")


@dataclass(frozen=True)
class Reading:
    """One measurement on held-out pictures."""

    minutes: float
    stage: str
    step: int
    value: float


def read_curve(folder: Path, figure: str) -> list[Reading]:
    """The measurements of a training run in the order in which they were made.

    Raises:
        InvalidInputError: not a training run's folder, or without that figure.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    known: set[str] = set()
    readings = []
    for stage in _STAGES:
        events = folder / "tensorboard" / stage
        if not events.is_dir():
            continue
        accumulator = EventAccumulator(str(events), size_guidance={"scalars": 0, "images": 1})
        accumulator.Reload()
        tags = accumulator.Tags()["scalars"]
        known |= {tag.removeprefix("eval/") for tag in tags if tag.startswith("eval/")}
        if f"eval/{figure}" in tags:
            readings += [
                (event.wall_time, stage, event.step, event.value) for event in accumulator.Scalars(f"eval/{figure}")
            ]
    if not readings:
        there = (
            f"expected one of {', '.join(sorted(known))}" if known else "'paintgym train-policy' writes such folders"
        )
        raise InvalidInputError(f"{folder} holds no measurements of {figure}; {there}")
    readings.sort()
    begun = readings[0][0]
    return [Reading((when - begun) / 60, stage, step, value) for when, stage, step, value in readings]


def _draw(curves: Mapping[str, Sequence[Reading]], figure: str) -> str:
    lines = [
        Line(name, number, [(point.minutes, point.value, point.value, point.value) for point in points])
        for number, (name, points) in enumerate(curves.items())
    ]
    plot = str(plot_lines(f"{figure} over minutes of training", lines, ("minutes", figure)))
    start, end = plot.index(">") + 1, plot.rindex("</svg>")
    width, height = plot.split('viewBox="0 0 ')[1].split('"')[0].split()
    colors = "".join(
        f".series{number} polyline{{stroke:{color}}}.series{number} .disc,.key{number}{{fill:{color}}}"
        for number, color in enumerate(_SERIES[:COLORS])
    )
    heights = [float(height) + _KEY_HEIGHT + _ROW * number for number in range(len(lines))]
    key = "".join(
        f'<text class="key key{line.series % COLORS}" x="60" y="{y}">{escape(line.label)}</text>'
        for line, y in zip(lines, heights, strict=True)
    )
    total = float(height) + _KEY_HEIGHT + _ROW * len(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total:.0f}" width="{int(width) * 3 // 2}">'
        f"<style>{_STYLE}{colors}</style><rect width='100%' height='100%' fill='white'/>{plot[start:end]}{key}</svg>\n"
    )
