"""How many pixels a brush may paint for one stroke: files may ask for millions of dabs, each as large as a wall.

An upper bound from the settings, by libmypaint 1.6's ``count_dabs_to`` and ``mypaint-mapping.c``, before anything is
drawn: once begun, a stroke of an absurd brush cannot be stopped for minutes.
"""

import math

from .brush_file import BrushSetting, Settings, setting_of

MOST_PIXELS = 1e10
"""Of the dabs of one stroke on the 64x64 canvas: ten times what the most laborious of Debian's brushes of one color may
have, and seconds of the engine's time."""

_INPUTS = {
    **dict.fromkeys(("pressure", "random", "stroke"), (0.0, 1.0)),
    **dict.fromkeys(("speed1", "speed2"), (0.0, 4.0)),
    **dict.fromkeys(("gridmap_x", "gridmap_y"), (0.0, 256.0)),
    "custom": (-2.0, 2.0),
    "direction": (0.0, 180.0),
    "direction_angle": (0.0, 360.0),
    "attack_angle": (-180.0, 180.0),
    "tilt_declination": (90.0, 90.0),
}
"""From where to where inputs go; those that are not here stay 0."""
_RADII = (1.0, math.exp(2.0))
"""Pixels: of the smallest stroke and of the largest."""
_LEAST_RADIUS, _LARGEST_RADIUS = 0.2, 1000.0
"""Pixels: libmypaint's limits, ``ACTUAL_RADIUS_MIN`` and ``ACTUAL_RADIUS_MAX``."""
_LENGTH, _NOISY_LENGTH, _SECONDS = 100.0, 500.0, 10.3
"""Pixels of a long stroke's path, of one whose pen is thrown about by tracking noise, and how long it takes."""
_CHANCE = 2.0
"""Of normal numbers that resize dabs: few are larger."""
_TILE = 64
"""Side of a tile in pixels: libmypaint paints whole ones."""


def most_pixels(settings: Settings) -> float:
    """An upper bound, near enough, of the pixels of all dabs of a stroke.

    Examples:
        >>> dots = {"dabs_per_second": BrushSetting(10.0, {})}
        >>> most_pixels(dots) < most_pixels(dots | {"radius_by_random": BrushSetting(1.5, {})}) < MOST_PIXELS
        True
    """
    change = setting_of(settings, "radius_logarithmic")
    smaller, larger = (end - change.base for end in _range(change))
    by_chance = max(0.0, _range(setting_of(settings, "radius_by_random"))[1])
    ratio = max(1.0, _range(setting_of(settings, "elliptical_dab_ratio"))[1])
    length = ratio * (_NOISY_LENGTH if setting_of(settings, "tracking_noise").base else _LENGTH)
    actual, basic, by_time = (
        setting_of(settings, f"dabs_per_{name}").base for name in ("actual_radius", "basic_radius", "second")
    )
    found = []
    for radius in _RADII:
        dabs = length * (actual / _scaled(radius, smaller) + basic / radius) + _SECONDS * by_time
        found.append(dabs * (2 * _scaled(radius, larger + _CHANCE * by_chance) + _TILE) ** 2)
    return max(found)


def _scaled(radius: float, logarithm: float) -> float:
    far = math.log(_LARGEST_RADIUS / _LEAST_RADIUS)
    return min(_LARGEST_RADIUS, max(_LEAST_RADIUS, radius * math.exp(min(far, max(-far, logarithm)))))


def _range(setting: BrushSetting) -> tuple[float, float]:
    """The least and the most that a setting may be."""
    least = most = setting.base
    for name, line in setting.inputs.items():
        start, end = _INPUTS.get(name, (0.0, 0.0))
        values = [_value(line, x) for x in (start, end, *(x for x, _ in line if start < x < end))]
        least, most = least + min(values), most + max(values)
    return least, most


def _value(line: tuple[tuple[float, float], ...], x: float) -> float:
    """A line in pieces at x; beyond its ends it goes on."""
    number = next((number for number in range(1, len(line) - 1) if x <= line[number][0]), len(line) - 1)
    (x0, y0), (x1, y1) = line[number - 1], line[number]
    return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
