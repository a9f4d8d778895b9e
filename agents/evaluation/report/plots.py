"""Plots as inline SVG: points with intervals, and lines with bands. Colors come from the page's style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

PLOT_STYLE = Markup((Path(__file__).parent / "plots.css").read_text(encoding="utf-8"))
"""The style sheet that plots need, in a page or in a file of their own."""

COLORS = 6
"""Of methods, in the page's style sheet."""

_WIDTH, _LABELS, _RIGHT = 460, 140, 16
_ROW, _GROUP_GAP, _AXIS = 20, 10, 34
_LINES_HEIGHT, _LEFT, _TOP = 230, 48, 12
"""Lengths of the layout, in the plots' own pixels."""


@dataclass(frozen=True)
class Point:
    """A value with its interval, in the row of a label."""

    label: str
    series: int
    """Number of the method, which has the color of that number."""
    value: float
    low: float
    high: float
    hollow: bool = False
    """Drawn as a ring, not as a disc: the replayed canvas."""


@dataclass(frozen=True)
class Line:
    """Values over x, each with its interval."""

    label: str
    series: int
    points: Sequence[tuple[float, float, float, float]]
    """x, value, low, high."""


def plot_intervals(title: str, groups: Sequence[tuple[str, Sequence[Point]]], axis: str) -> Markup:
    """A row for each point, in groups with a heading.

    Args:
        title: what the plot shows, for those who cannot see it.
        groups: heading and points.
        axis: what the values are.
    """
    points = [point for _, group in groups for point in group]
    ticks = _ticks(min(0.0, *(point.low for point in points)), max(point.high for point in points))
    scale = _Scale(ticks[0], ticks[-1], _LABELS, _WIDTH - _RIGHT)
    height = _TOP + sum(_ROW * (len(group) + 1) + _GROUP_GAP for _, group in groups) + _AXIS
    parts = _vertical_grid(scale, ticks, height, axis)
    y = float(_TOP)
    for heading, group in groups:
        parts.append(f'<text class="heading" x="0" y="{y + 12:.1f}">{escape(heading)}</text>')
        y += _ROW
        for point in group:
            middle = y + _ROW / 2
            kind = "ring" if point.hollow else "disc"
            parts += [
                f'<g class="series{point.series % COLORS}"><title>{escape(point.label)}: {point.value:.6g} '
                f"({point.low:.6g} to {point.high:.6g})</title>",
                f'<text class="label" x="{_LABELS - 10}" y="{middle + 4:.1f}">{escape(point.label)}</text>',
                f'<line class="interval" x1="{scale(point.low):.1f}" x2="{scale(point.high):.1f}" '
                f'y1="{middle:.1f}" y2="{middle:.1f}"/>',
                f'<circle class="{kind}" cx="{scale(point.value):.1f}" cy="{middle:.1f}" r="4.5"/></g>',
            ]
            y += _ROW
        y += _GROUP_GAP
    return _svg(title, height, parts)


def plot_lines(
    title: str, lines: Sequence[Line], axes: tuple[str, str], logarithmic: bool = False, from_zero: bool = True
) -> Markup:
    """Lines in one frame, their intervals as bands.

    Args:
        title: what the plot shows, for those who cannot see it.
        lines: at least one, each of at least one point.
        axes: what x and the values are.
        logarithmic: whether x is drawn by its logarithm; all x are then above 0.
        from_zero: whether values begin at 0, or at their least.
    """
    values = [value for line in lines for _, *rest in line.points for value in rest]
    xs = [point[0] for line in lines for point in line.points]
    value_ticks = _ticks(min(values) if not from_zero else min(0.0, *values), max(values))
    x_ticks = _decades(min(xs), max(xs)) if logarithmic else _ticks(min(xs), max(xs))
    across = _Scale(min(x_ticks[0], *xs), max(x_ticks[-1], *xs), _LEFT, _WIDTH - _RIGHT, logarithmic)
    bottom = _LINES_HEIGHT - _AXIS
    up = _Scale(value_ticks[0], value_ticks[-1], bottom, _TOP)
    parts = _vertical_grid(across, x_ticks, _LINES_HEIGHT, axes[0])
    for tick in value_ticks:
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>',
            f'<text class="label" x="{_LEFT - 6}" y="{up(tick) + 4:.1f}">{tick:g}</text>',
        ]
    for line in lines:
        upper = [f"{across(x):.1f},{up(high):.1f}" for x, _, _, high in line.points]
        lower = [f"{across(x):.1f},{up(low):.1f}" for x, _, low, _ in reversed(line.points)]
        middle = [f"{across(x):.1f},{up(value):.1f}" for x, value, _, _ in line.points]
        parts += [
            f'<g class="series{line.series % COLORS}"><title>{escape(line.label)}</title>',
            f'<polygon class="band" points="{" ".join(upper + lower)}"/>',
            f'<polyline points="{" ".join(middle)}"/>',
            *(f'<circle class="disc" cx="{xy.split(",")[0]}" cy="{xy.split(",")[1]}" r="2.5"/>' for xy in middle),
            "</g>",
        ]
    parts.append(f'<text class="tick" x="{_LEFT}" y="{_TOP - 2}">{escape(axes[1])}</text>')
    return _svg(title, _LINES_HEIGHT, parts)


class _Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float, logarithmic: bool = False) -> None:
        self._convert = math.log10 if logarithmic else float
        self._low, self._high = self._convert(low), self._convert(high)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        part = (self._convert(value) - self._low) / ((self._high - self._low) or 1.0)
        return self._start + part * (self._end - self._start)


def _ticks(low: float, high: float) -> list[float]:
    """Four to nine round numbers from at most ``low`` to at least ``high``."""
    width = (high - low) or 1.0
    rough = width / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two numbers."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high] or [low]


def _vertical_grid(scale: _Scale, ticks: Sequence[float], height: float, axis: str) -> list[str]:
    bottom = height - _AXIS
    parts = []
    for tick in ticks:
        x = scale(tick)
        parts += [
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom:.1f}"/>',
            f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{bottom + 14:.1f}">{_short(tick)}</text>',
        ]
    parts.append(
        f'<text class="tick" text-anchor="end" x="{_WIDTH - _RIGHT}" y="{bottom + 29:.1f}">{escape(axis)}</text>'
    )
    return parts


def as_file(plot: Markup, labels: Sequence[str]) -> str:
    """A plot as an SVG file: with its style, and what its series are called below it."""
    text = str(plot)
    width, height = (float(number) for number in text.partition('viewBox="0 0 ')[2].partition('"')[0].split())
    words = [
        f'<g class="series{number % COLORS}"><circle class="disc" cx="{_LEFT + 4}" cy="{y - 4}" r="4"/>'
        f'<text x="{_LEFT + 14}" y="{y}">{escape(label)}</text></g>'
        for number, label in enumerate(labels)
        for y in [height + 14 + 18 * number]
    ]
    taller = text.replace(
        f'viewBox="0 0 {width:.0f} {height:.0f}"', f'viewBox="0 0 {width:.0f} {height + 18 * len(labels):.0f}"'
    )
    style = f"<style>{PLOT_STYLE} svg {{ background: var(--paper); font-family: sans-serif; }}</style>"
    inner = taller.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(">", f">{style}", 1)
    return str(inner.replace("</svg>", f"{''.join(words)}</svg>"))


def _short(tick: float) -> str:
    """A number as an axis has room for it."""
    return f"{tick / 1000:g}k" if tick >= 10_000 else f"{tick:g}"


def _svg(title: str, height: float, parts: Sequence[str]) -> Markup:
    return Markup(
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{''.join(map(str, parts))}</svg>"
    )
