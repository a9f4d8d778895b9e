"""The figures of a comparison as a JSON summary: what table, plots, pictures and words are made from."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from ..digits import READ, READ_ORIGINAL, READ_REPLAY
from ..metrics import MEASURES
from ..seams import SEAMS
from ..trials import FORMAT, Trial
from .statistics import CONFIDENCE, RESAMPLES, bootstrap_interval, summarize

Summary = dict[str, Any]
"""See ``make_summary``."""

_TIMES = 24
"""Points of a loss history, evenly spaced on a logarithmic axis."""
_TITLES = {"vgg19": "VGG19 loss", "mse": "MSE", "ssim": "SSIM", "lite": "lite loss", SEAMS: "seam energy"}
_DECIMALS = {"mse": 5, "replay mse": 5, "replay psnr": 2, "seconds": 2}
_HIGHER_IS_BETTER = {"ssim", "replay ssim", "replay psnr"}


def make_summary(trials: Sequence[Trial], settings: dict[str, Any]) -> Summary:
    """Sum up finished trials.

    Returns:
        JSON with

        - ``settings``: as given.
        - ``figures``: name, title, decimals and direction of all that was measured, the most telling first.
        - ``methods``: who painted: name, agent, painter.
        - ``summaries``: mean, interval, median and quartiles of each figure for each source, budget and method.
        - ``differences``: of each figure between two methods on the same pictures: the second minus the first.
        - ``curves``: the neural canvas's mean figures and intervals over the strokes painted so far.
        - ``readings``: the share of painted digits that the digit classifier reads correctly, where there are digits.
        - ``histories``: the least loss reported so far over seconds, where the squared error was minimized.
        - ``trials``: every single figure.
    """
    methods = _methods(trials)
    names = {(method["agent"], method["painter"]): method["name"] for method in methods}
    groups: dict[tuple[str, int], dict[str, list[Trial]]] = {}
    for source in dict.fromkeys(trial.source for trial in trials):
        for strokes in sorted({trial.strokes for trial in trials if trial.source == source}):
            groups[source, strokes] = {method["name"]: [] for method in methods}
    for trial in trials:
        groups[trial.source, trial.strokes][names[trial.agent, trial.painter]].append(trial)
    figures = _figures(trials[0])
    return {
        **FORMAT,
        "settings": settings,
        "minimized": trials[0].minimized,
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "figures": figures,
        "methods": methods,
        "summaries": list(_summaries(groups, figures)),
        "differences": list(_differences(groups, figures)),
        "curves": list(_curves(groups, figures)),
        "readings": list(_readings(groups)),
        "histories": list(_histories(groups)),
        "trials": [_figures_of(trial) for trial in trials],
    }


Groups = dict[tuple[str, int], dict[str, list[Trial]]]
"""Trials in the order of their pictures, by source and budget, then by method."""


def _methods(trials: Sequence[Trial]) -> list[dict[str, str]]:
    """Who painted, named by what sets them apart."""
    pairs = list(dict.fromkeys((trial.agent, trial.painter) for trial in trials))
    agents, painters = (list(dict.fromkeys(pair[part] for pair in pairs)) for part in (0, 1))
    short = {painter: "/".join(Path(painter).with_suffix("").parts[-2:]) for painter in painters}
    if len(set(short.values())) < len(painters):
        short = {painter: painter for painter in painters}
    methods = []
    for agent, painter in pairs:
        name = short[painter] if len(agents) == 1 < len(painters) else agent
        if len(agents) > 1 and len(painters) > 1:
            name = f"{agent}, {short[painter]}"
        methods.append({"name": name, "agent": agent, "painter": painter})
    return methods


def _figures(trial: Trial) -> list[dict[str, Any]]:
    # Whether a digit can be read is not measured of other pictures, and is told apart.
    names = [name for name in trial.figures if name not in (READ, READ_ORIGINAL, READ_REPLAY)]
    measured = sorted(names, key=lambda name: MEASURES.index(name) if name in MEASURES else len(MEASURES))
    return [
        {
            "name": name,
            "title": _title(name),
            "decimals": _DECIMALS.get(name, 4),
            "higher_is_better": name in _HIGHER_IS_BETTER,
        }
        for name in measured
    ]


def _title(name: str) -> str:
    if name == "replay psnr":
        return "replay PSNR, dB"
    if name.startswith("replay "):
        return f"{_title(name.removeprefix('replay '))}, replay"
    return _TITLES.get(name, name)


def _values(trials: Sequence[Trial], figure: str) -> list[float]:
    return [trial.figures[figure] for trial in trials]


def _summaries(groups: Groups, figures: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for (source, strokes), painted in groups.items():
        for figure in figures:
            for method, trials in painted.items():
                keys = {"source": source, "strokes": strokes, "figure": figure["name"], "method": method}
                yield {**keys, **asdict(summarize(_values(trials, figure["name"])))}


def _differences(groups: Groups, figures: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for (source, strokes), painted in groups.items():
        for figure in figures:
            for first, second in combinations(painted, 2):
                values = np.subtract(_values(painted[second], figure["name"]), _values(painted[first], figure["name"]))
                low, high = bootstrap_interval(values.tolist())
                better = values < 0 if figure["higher_is_better"] else values > 0
                yield {
                    "source": source,
                    "strokes": strokes,
                    "figure": figure["name"],
                    "first": first,
                    "second": second,
                    "pictures": len(values),
                    "mean": float(values.mean()),
                    "low": low,
                    "high": high,
                    "first_better": float(better.mean()),
                }


def _curves(groups: Groups, figures: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for (source, strokes), painted in groups.items():
        for figure in figures:
            for method, trials in painted.items():
                if figure["name"] not in trials[0].curve:
                    continue
                columns = np.array([trial.curve[figure["name"]] for trial in trials]).T.tolist()
                points = [
                    {"strokes": count, "mean": float(np.mean(column)), **_interval(column)}
                    for count, column in zip(trials[0].curve["strokes"], columns, strict=True)
                ]
                keys = {"source": source, "strokes": strokes, "figure": figure["name"], "method": method}
                yield {**keys, "points": points}


def _readings(groups: Groups) -> Iterator[dict[str, Any]]:
    for (source, strokes), painted in groups.items():
        for method, trials in painted.items():
            if READ not in trials[0].figures:
                continue
            for figure in (READ_ORIGINAL, READ, READ_REPLAY):
                if figure in trials[0].figures:
                    values = _values(trials, figure)
                    keys = {"source": source, "strokes": strokes, "figure": figure, "method": method}
                    yield {**keys, "pictures": len(values), "mean": float(np.mean(values)), **_interval(values)}


def _histories(groups: Groups) -> Iterator[dict[str, Any]]:
    for (source, strokes), painted in groups.items():
        for method, trials in painted.items():
            # A perceptual loss takes over from the squared error half-way: no one curve could show both.
            if any(trial.minimized != "mse" for trial in trials):
                continue
            end = max(trial.figures["seconds"] for trial in trials)
            begin = min(end, max(trial.history[0][0] for trial in trials))
            points = []
            for time in np.geomspace(max(begin, 1e-3), max(end, 1e-3), _TIMES if begin < end else 1).tolist():
                losses = [_least_until(trial, time) for trial in trials]
                points.append({"seconds": time, "mean": float(np.mean(losses)), **_interval(losses)})
            yield {"source": source, "strokes": strokes, "method": method, "points": points}


def _least_until(trial: Trial, time: float) -> float:
    """The least loss reported up to a part of the painting's time; the first, if none was by then."""
    return min([trial.history[0][1], *(loss for seconds, loss in trial.history if seconds <= time)])


def _interval(values: Sequence[float]) -> dict[str, float]:
    low, high = bootstrap_interval(values)
    return {"low": low, "high": high}


def _figures_of(trial: Trial) -> dict[str, Any]:
    kept = ("agent", "painter", "source", "picture", "strokes", "seed", "minimized", "figures")
    return {key: getattr(trial, key) for key in kept}
