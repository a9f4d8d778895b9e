"""The scoreboard: what all finished runs in a folder reach, as one JSON document, as Markdown and as plots."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ...envs.tasks import TASKS
from ...errors import InvalidInputError
from ...runs import read_json
from ..evaluation.report.plots import PLOT_STYLE, Line, plot_lines
from .protocol import PROTOCOL_VERSION, REFERENCES, normalized_score
from .run import RESULT
from .statistics import bootstrap, interquartile_mean, performance_profile

Document = dict[str, Any]
_TEMPLATE = Path(__file__).parent / "ladder.html"
_THRESHOLDS = np.linspace(0, 1, 51)


def read_runs(root: Path) -> list[Document]:
    """The finished runs below a folder, sorted by their paths.

    Raises:
        InvalidInputError: there are none, one of another version, or two of one seed or on other targets.
    """
    paths = sorted(root.rglob(RESULT))
    runs = [read_json(path) for path in paths]
    if not runs:
        raise InvalidInputError(f"{root} holds no finished runs; 'paintgym train-baseline' and 'scoreboard --train' do")
    targets: dict[str, str] = {}
    known: dict[tuple[Any, ...], Path] = {}
    for path, run in zip(paths, runs, strict=True):
        settings = run.get("settings", {})
        if settings.get("protocol") != PROTOCOL_VERSION:
            raise InvalidInputError(
                f"{path} was scored by version {settings.get('protocol')} of the protocol, expected "
                f"{PROTOCOL_VERSION}; train it again"
            )
        key = (settings["task"], settings["algorithm"], settings["view"], settings["seed"])
        if known.setdefault(key, path) is not path:
            raise InvalidInputError(f"{path} and {known[key]} are of the same seed; remove one of them")
        if targets.setdefault(settings["task"], run["final"]["targets"]) != run["final"]["targets"]:
            raise InvalidInputError(f"{path} was scored on other targets than the runs beside it; train it again")
    return runs


def summarize_runs(runs: Sequence[Document], references: dict[str, dict[str, float]]) -> Document:
    """Sum up finished runs.

    Returns:
        JSON with ``entries``: for each task, algorithm and view the seeds, steps, seconds, ``devices`` where they are
        known, the interquartile mean of the scores with its interval, the normalized score, the share of digits read,
        ``curve`` (steps, seconds, mean, low, high over the seeds) and ``profile``; and ``references`` of the tasks.
    """
    groups: dict[tuple[str, str, str], list[Document]] = {}
    for run in runs:
        settings = run["settings"]
        groups.setdefault((settings["task"], settings["algorithm"], settings["view"]), []).append(run)
    order = {task: number for number, task in enumerate(TASKS)}
    entries = [
        _summarize(*key, groups[key], references.get(key[0], {}))
        for key in sorted(groups, key=lambda key: (order.get(key[0], len(order)), *key[1:]))
    ]
    return {"format": "paintgym scoreboard", "version": 1, "references": references, "entries": entries}


def _summarize(task: str, algorithm: str, view: str, runs: list[Document], references: dict[str, float]) -> Document:
    means = np.array([run["final"]["score"] for run in runs])
    scores = np.array([run["final"]["scores"] for run in runs])
    middle, low, high = bootstrap([means])
    entry: Document = {
        "task": task,
        "algorithm": algorithm,
        "view": view,
        "seeds": [run["settings"]["seed"] for run in runs],
        "steps": runs[0]["environment_steps"],
        "seconds": round(float(np.median([run["seconds"] for run in runs])), 1),
        "devices": sorted({run["device"] for run in runs if "device" in run}),
        "score": round(middle, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "of_seeds": means.round(4).tolist(),
        "profile": performance_profile(scores, _THRESHOLDS).round(3).tolist(),
        "curve": _curve(runs),
    }
    if "begun" in runs[0]:
        begun = np.array([run["begun"]["score"] for run in runs])
        gain = [round(value, 4) for value in bootstrap([means - begun])]
        entry |= {"begun": round(interquartile_mean(begun), 4), "gain": gain}
    if "read" in runs[0]["final"]:
        entry["read"] = round(float(np.mean([run["final"]["read"] for run in runs])), 4)
    if references:
        entry["normalized"] = round(normalized_score(middle, references), 1)
    return entry


def _curve(runs: list[Document]) -> list[Document]:
    points = []
    for together in zip(*(run["curve"] for run in runs), strict=False):
        middle, low, high = bootstrap([np.array([point["score"] for point in together])])
        seconds = float(np.median([point["seconds"] for point in together]))
        points.append({"steps": together[0]["steps"], "seconds": seconds, "score": middle, "low": low, "high": high})
    return points


def as_markdown(document: Document) -> str:
    """A table of each task: the references, then the entries."""
    parts = []
    for task in dict.fromkeys(entry["task"] for entry in document["entries"]):
        references = document["references"].get(task, {})
        rows = [f"### {task}", "", _sentence(task), ""]
        rows += ["| who | steps | seconds | score (95 % interval) | normalized | read |", "|---|---|---|---|---|---|"]
        for name in REFERENCES:
            if name in references:
                value = references[name]
                rows.append(f"| {name} | - | - | {value:.3f} | {normalized_score(value, references):.0f} | |")
        for entry in document["entries"]:
            if entry["task"] == task:
                rows.append(_row(entry))
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _sentence(task: str) -> str:
    why = TASKS[task].why
    return f"{why[:1].upper()}{why[1:]}."


def _title(entry: Document) -> str:
    return str(entry["algorithm"] if entry["view"] == "focus" else f"{entry['algorithm']}, {entry['view']} view")


def _row(entry: Document) -> str:
    read = f"{entry['read']:.1%}" if "read" in entry else ""
    normalized = f"{entry['normalized']:.0f}" if "normalized" in entry else ""
    seeds = len(entry["seeds"])
    interval = f"{entry['low']:.3f} to {entry['high']:.3f}, {seeds} seeds" if seeds > 1 else "one seed"
    score = f"**{entry['score']:.3f}** ({interval})"
    seconds = f"{entry['seconds']:.0f}" + "".join(f", {device}" for device in entry["devices"])
    return f"| {_title(entry)} | {entry['steps']:,} | {seconds} | {score} | {normalized} | {read} |"


def as_page(document: Document) -> str:
    """HTML without scripts, links or other files: tables, learning curves and performance profiles of each task."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    plots: dict[str, list[tuple[str, Markup]]] = {}
    for by in ("steps", "seconds"):
        for task, plot in curve_plots(document, by):
            plots.setdefault(task, []).append((f"score on held-out targets by {by}", plot))
    for task, plot in profile_plots(document):
        plots.setdefault(task, []).append(("share of held-out targets above a score", plot))
    tasks = list(plots)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        plot_style=PLOT_STYLE,
        plots=plots,
        why={task: _sentence(task) for task in tasks},
        labels={task: labels_of(document, task) for task in tasks},
        references={task: document["references"].get(task, {}) for task in tasks},
        names=REFERENCES,
        entries={task: [entry for entry in document["entries"] if entry["task"] == task] for task in tasks},
        title_of=_title,
        normalized=normalized_score,
    )


def labels_of(document: Document, task: str) -> list[str]:
    """What the series of a task's plots are called, in their order."""
    return [_title(entry) for entry in document["entries"] if entry["task"] == task and entry["curve"]]


def profile_plots(document: Document) -> Iterator[tuple[str, Markup]]:
    """A plot for each task: the share of held-out targets, over all seeds, above each score."""
    for task in dict.fromkeys(entry["task"] for entry in document["entries"]):
        entries = [entry for entry in document["entries"] if entry["task"] == task and entry["curve"]]
        lines = [
            Line(_title(entry), number, [(x, y, y, y) for x, y in zip(_THRESHOLDS, entry["profile"], strict=True)])
            for number, entry in enumerate(entries)
        ]
        if lines:
            yield task, plot_lines(f"{task}: share of targets above a score", lines, ("score", "share"))


def curve_plots(document: Document, by: str = "steps") -> Iterator[tuple[str, Markup]]:
    """A plot for each task: scores on held-out targets by ``"steps"`` or ``"seconds"``, with intervals."""
    for task in dict.fromkeys(entry["task"] for entry in document["entries"]):
        entries = [entry for entry in document["entries"] if entry["task"] == task and entry["curve"]]
        lines = [
            Line(
                label=_title(entry),
                series=number,
                points=[(point[by], point["score"], point["low"], point["high"]) for point in entry["curve"]],
            )
            for number, entry in enumerate(entries)
        ]
        if lines:
            yield task, plot_lines(f"{task}: score by {by}", lines, (by, "score"), from_zero=False)
