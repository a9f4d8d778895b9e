"""What the figures of a comparison say, in words. Every number in a sentence is one of the summary's."""

from collections.abc import Iterator
from typing import Any

from ..digits import READ_ORIGINAL, READ_REPLAY

Summary = dict[str, Any]
"""What ``make_summary`` gives."""

_FEWEST_PICTURES = 5
"""Of a source: with fewer, no method is called surely better."""


def findings(summary: Summary) -> list[dict[str, Any]]:
    """Who is best by the first measure on each canvas, whether the others agree, and the replay gap.

    Returns:
        ``statement``, a sentence, and ``details``, a list of the figures behind it, for each finding.
    """
    found = [
        *_standings(summary),
        *_agreement(summary),
        *_replays(summary),
        *_means(
            summary, "replay psnr", "PSNR between the neural canvas and the real brush's, dB, mean over the paintings:"
        ),
        *_readings(summary),
        *_means(summary, "seconds", "Seconds a painting:"),
    ]
    return [{"statement": statement, "details": details} for statement, details in found]


def format_figure(summary: Summary, figure: str, value: float) -> str:
    """A value with as many decimals as its figure deserves."""
    decimals = next(entry["decimals"] for entry in summary["figures"] if entry["name"] == figure)
    return f"{value:.{decimals}f}"


def best_method(summary: Summary, source: str, strokes: int, figure: str) -> tuple[str, bool]:
    """Who has the best mean, and whether every paired 95 % interval against the others is on its side."""
    higher = _is_higher_better(summary, figure)
    rows = _rows(summary["summaries"], source, strokes, figure)
    best = (max if higher else min)(rows, key=lambda row: row["mean"])
    sure = best["pictures"] >= _FEWEST_PICTURES
    for other in rows:
        if other is not best:
            _, low, high = _difference(summary, source, strokes, figure, best["method"], other["method"])
            sure = sure and (high < 0 if higher else low > 0)
    return best["method"], sure


def settings_of(summary: Summary) -> list[tuple[str, int]]:
    """All pairs of source and stroke budget, in order."""
    return list(dict.fromkeys((row["source"], row["strokes"]) for row in summary["summaries"]))


def mean_of(summary: Summary, source: str, strokes: int, figure: str, method: str) -> float:
    """The mean over pictures."""
    rows = _rows(summary["summaries"], source, strokes, figure)
    return float(next(row["mean"] for row in rows if row["method"] == method))


Finding = tuple[str, list[str]]


def _standings(summary: Summary) -> Iterator[Finding]:
    """Who is best by the first measure, on the neural canvas and on the replayed one."""
    if len(summary["methods"]) < 2:
        return
    measure = summary["figures"][0]
    canvases = {measure["name"]: "on the neural canvas"}
    if f"replay {measure['name']}" in _names(summary):
        canvases[f"replay {measure['name']}"] = "on the canvas that the real brush paints from the same strokes"
    for figure, canvas in canvases.items():
        places: dict[tuple[str, bool], list[str]] = {}
        for source, strokes in settings_of(summary):
            places.setdefault(best_method(summary, source, strokes, figure), []).append(f"{source} at {strokes}")
        parts = [
            f"{best} is {'surely' if sure else 'perhaps'} best for {_join(settings)} strokes"
            for (best, sure), settings in places.items()
        ]
        details = [
            f"{source}, {strokes} strokes: {_standing(summary, source, strokes, figure)}"
            for source, strokes in settings_of(summary)
        ]
        yield f"By {measure['title']} {canvas}, {'; '.join(parts)}.", details


def _standing(summary: Summary, source: str, strokes: int, figure: str) -> str:
    """All methods' means, the best first; the others with the interval of the paired difference."""
    rows = sorted(
        _rows(summary["summaries"], source, strokes, figure),
        key=lambda row: row["mean"],
        reverse=_is_higher_better(summary, figure),
    )
    best = rows[0]["method"]
    parts = [f"{best} {format_figure(summary, figure, rows[0]['mean'])}"]
    for row in rows[1:]:
        difference, low, high = _difference(summary, source, strokes, figure, best, row["method"])
        shown = [format_figure(summary, figure, value) for value in (row["mean"], difference, low, high)]
        sign = "+" if difference >= 0 else ""
        parts.append(f"{row['method']} {shown[0]} ({sign}{shown[1]}, {shown[2]} to {shown[3]})")
    return ", ".join(parts)


def _difference(
    summary: Summary, source: str, strokes: int, figure: str, first: str, second: str
) -> tuple[float, float, float]:
    """The second's figure minus the first's: mean and interval, in whichever order the summary holds them."""
    for row in _rows(summary["differences"], source, strokes, figure):
        if (row["first"], row["second"]) == (first, second):
            return row["mean"], row["low"], row["high"]
        if (row["first"], row["second"]) == (second, first):
            return -row["mean"], -row["high"], -row["low"]
    raise KeyError((first, second))


def _agreement(summary: Summary) -> Iterator[Finding]:
    """Where other measures than the first find another method best."""
    first, names = summary["figures"][0], _names(summary)
    others = [entry for entry in summary["figures"][1:] if f"replay {entry['name']}" in names]
    if len(summary["methods"]) < 2:
        return
    for other in others:
        dissents = []
        for prefix, canvas in (("", "neural canvas"), ("replay ", "replay")):
            for source, strokes in settings_of(summary):
                best, _ = best_method(summary, source, strokes, prefix + other["name"])
                if best != best_method(summary, source, strokes, prefix + first["name"])[0]:
                    dissents.append(f"{source}, {strokes} strokes, {canvas}: {best}")
        if dissents:
            yield f"{other['title']} does not always find the same best as {first['title']}.", dissents
        else:
            yield f"{other['title']} finds the same best as {first['title']} everywhere, on both canvases.", []


def _replays(summary: Summary) -> Iterator[Finding]:
    """The neural canvas beside the replayed one, by the first measure at the largest budget."""
    figure = summary["figures"][0]
    kinds = [figure["name"], f"replay {figure['name']}"]
    if kinds[1] not in _names(summary):
        return
    details = []
    for source, strokes in _largest_budgets(summary):
        parts = []
        for method in summary["methods"]:
            means = [mean_of(summary, source, strokes, kind, method["name"]) for kind in kinds]
            neural, replayed = (format_figure(summary, figure["name"], mean) for mean in means)
            parts.append(f"{method['name']} {neural} neural, {replayed} replayed")
        details.append(f"{source}, {strokes} strokes: {'; '.join(parts)}")
    yield f"{figure['title']} of the neural canvas, and of the same strokes replayed by the real brush:", details


def _means(summary: Summary, figure: str, statement: str) -> Iterator[Finding]:
    """Every method's mean of a figure, with its interval."""
    if figure not in _names(summary):
        return
    details = []
    for source, strokes in settings_of(summary):
        parts = []
        for row in _rows(summary["summaries"], source, strokes, figure):
            mean, low, high = (format_figure(summary, figure, row[key]) for key in ("mean", "low", "high"))
            parts.append(f"{row['method']} {mean} ({low} to {high})")
        details.append(f"{source}, {strokes} strokes: {', '.join(parts)}")
    yield statement, details


def _readings(summary: Summary) -> Iterator[Finding]:
    """How many painted digits can be read: the share of each method, beside that of the originals."""
    details = []
    for source, strokes in dict.fromkeys((row["source"], row["strokes"]) for row in summary["readings"]):
        rows = [row for row in summary["readings"] if (row["source"], row["strokes"]) == (source, strokes)]
        parts = [next(f"originals {row['mean']:.1%}" for row in rows if row["figure"] == READ_ORIGINAL)]
        for row in rows:
            if row["figure"] != READ_ORIGINAL:
                name = f"{row['method']}, replay" if row["figure"] == READ_REPLAY else row["method"]
                parts.append(f"{name} {row['mean']:.1%} ({row['low']:.1%} to {row['high']:.1%})")
        details.append(f"{source}, {strokes} strokes: {', '.join(parts)}")
    if details:
        yield "Digits that a plain classifier reads correctly:", details


def _largest_budgets(summary: Summary) -> list[tuple[str, int]]:
    largest: dict[str, int] = {}
    for source, strokes in settings_of(summary):
        largest[source] = max(strokes, largest.get(source, 0))
    return list(largest.items())


def _rows(rows: list[dict[str, Any]], source: str, strokes: int, figure: str) -> list[dict[str, Any]]:
    return [row for row in rows if (row["source"], row["strokes"], row["figure"]) == (source, strokes, figure)]


def _names(summary: Summary) -> list[str]:
    return [entry["name"] for entry in summary["figures"]]


def _is_higher_better(summary: Summary, figure: str) -> bool:
    return bool(next(entry["higher_is_better"] for entry in summary["figures"] if entry["name"] == figure))


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
