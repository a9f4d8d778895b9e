"""The report as one HTML page that needs nothing else: the summary's figures, plots of them, and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ..trials import Trial, encode_png
from .findings import Summary, best_method, format_figure, settings_of
from .pictures import choose_examples
from .plots import PLOT_STYLE, Line, Point, plot_intervals, plot_lines

_TEMPLATE = Path(__file__).parent / "report.html"


def make_page(summary: Summary, trials: Sequence[Trial]) -> str:
    """HTML without scripts, links or other files; every figure stands in a ``data`` element with its full value."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["png"] = lambda picture: Markup(f"data:image/png;base64,{encode_png(picture)}")
    environment.filters["leaves"] = _leaves
    environment.globals["figure"] = lambda name, value: format_figure(summary, name, value)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    names = [method["name"] for method in summary["methods"]]
    return template.render(
        plot_style=PLOT_STYLE,
        summary=summary,
        names=names,
        sources=list(dict.fromkeys(source for source, _ in settings_of(summary))),
        budgets={source: [b for s, b in settings_of(summary) if s == source] for source, _ in settings_of(summary)},
        rows={(row["source"], row["strokes"], row["figure"], row["method"]): row for row in summary["summaries"]},
        best={
            (source, strokes, figure["name"]): best_method(summary, source, strokes, figure["name"])
            for source, strokes in settings_of(summary)
            for figure in summary["figures"]
        },
        plots=_plots(summary, names),
        examples=choose_examples(trials),
    )


def _leaves(settings: dict[str, Any], name: str = "") -> dict[str, Any]:
    """Nested settings by their paths, such as ``planner.top_k``; those that are not given left out."""
    leaves: dict[str, Any] = {}
    for key, value in settings.items():
        leaves |= _leaves(value, f"{name}{key}.") if isinstance(value, dict) else {f"{name}{key}": value}
    return {key: value for key, value in leaves.items() if value is not None}


def _plots(summary: Summary, names: list[str]) -> dict[str, list[tuple[str, Markup]]]:
    """Heading and plot, for each source."""
    plots: dict[str, list[tuple[str, Markup]]] = {source: [] for source, _ in settings_of(summary)}
    figures = {figure["name"]: figure["title"] for figure in summary["figures"]}
    for source, drawn in plots.items():
        for figure, title in figures.items():
            if not figure.startswith("replay ") or figure == "replay psnr":
                heading = f"{title}, mean and 95 % interval"
                drawn.append((heading, _interval_plot(summary, names, source, figure, f"{source}: {heading}")))
        largest = max(strokes for name, strokes in settings_of(summary) if name == source)
        for kind, x, title, axis, logarithmic in (
            (
                "curves",
                "strokes",
                f"{summary['figures'][0]['title']} while painting {largest} strokes",
                "strokes",
                False,
            ),
            ("histories", "seconds", f"MSE reached over time, {largest} strokes", "seconds", True),
        ):
            lines = [
                Line(
                    label=row["method"],
                    series=names.index(row["method"]),
                    points=[(point[x], point["mean"], point["low"], point["high"]) for point in row["points"]],
                )
                for row in summary[kind]
                if (row["source"], row["strokes"]) == (source, largest)
                and row.get("figure") in (None, summary["figures"][0]["name"])
            ]
            if lines:
                drawn.append((title, plot_lines(f"{source}: {title}", lines, (axis, ""), logarithmic)))
    return plots


def _interval_plot(summary: Summary, names: list[str], source: str, figure: str, title: str) -> Markup:
    groups: dict[int, list[Point]] = {}
    for row in summary["summaries"]:
        hollow = row["figure"] == f"replay {figure}"
        if row["source"] == source and (hollow or row["figure"] == figure):
            label = f"{row['method']}, replay" if hollow else row["method"]
            point = Point(label, names.index(row["method"]), row["mean"], row["low"], row["high"], hollow)
            groups.setdefault(row["strokes"], []).append(point)
    for points in groups.values():
        points.sort(key=lambda point: (point.series, point.hollow))
    return plot_intervals(title, [(f"{strokes} strokes", points) for strokes, points in groups.items()], "")
