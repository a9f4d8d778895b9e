"""Render the page's sample pictures, ``webapp/static/samples/``: shapes of few formulas. Only numpy and Pillow.

python -m paintgym.scripts.artwork.samples
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = Any
"""(side, side) or (side, side, 3) float64; numpy's stubs know no more of what these formulas give than that."""
Color = tuple[float, float, float]

_FOLDER = Path(__file__).parents[2] / "webapp" / "static" / "samples"
_STILL_LIFE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_SIDE = 512


class _Sheet:
    """A picture in the making; x goes right, y up, from -1 to 1. What is laid later lies on top."""

    def __init__(self, top: Color, bottom: Color) -> None:
        axis = (np.arange(_SIDE) + 0.5) / _SIDE * 2 - 1
        self.x, y = np.meshgrid(axis, axis)
        self.y = -y
        self.pixels = _mix(np.array(bottom), np.array(top), (self.y[..., None] + 1) / 2)

    def lay(self, color: Color | Array, distance: Array, softness: float = 0.006, opacity: float | Array = 1.0) -> None:
        """Cover where a distance is below 0; the edge is ``softness`` wide."""
        cover = np.clip(0.5 - distance / (2 * softness), 0, 1) * opacity
        self.pixels = _mix(self.pixels, np.array(color), cover[..., None])

    def disc(self, x: float, y: float, radius: float, color: Color | Array, **options: Any) -> None:
        """Lay a disc."""
        self.lay(color, np.hypot(self.x - x, self.y - y) - radius, **options)


def _mix(one: Array, other: Array, share: Array) -> Array:
    return one + (other - one) * share


def _waves(x: Array, *waves: tuple[float, float, float]) -> Array:
    """Sum of sines of (height, frequency, phase)."""
    return sum(height * np.sin(frequency * x + phase) for height, frequency, phase in waves)


def _hills() -> Array:
    sheet = _Sheet((0.22, 0.27, 0.52), (0.99, 0.70, 0.42))
    sheet.disc(0.3, 0.12, 0.42, (1.0, 0.84, 0.55), softness=0.4, opacity=0.55)
    sheet.disc(0.3, 0.12, 0.16, (1.0, 0.93, 0.74))
    ridges: list[tuple[Color, Array]] = [
        ((0.66, 0.47, 0.55), _waves(sheet.x, (0.10, 3.1, 0.4), (0.04, 7.3, 1.0)) - 0.02),
        ((0.45, 0.36, 0.50), _waves(sheet.x, (0.12, 2.3, 2.2), (0.03, 9.0, 0.2)) - 0.24),
        ((0.27, 0.27, 0.42), _waves(sheet.x, (0.11, 2.9, 4.0), (0.02, 11.0, 2.0)) - 0.48),
        ((0.13, 0.18, 0.27), _waves(sheet.x, (0.10, 2.0, 5.6), (0.015, 13.0, 1.0)) - 0.74),
    ]
    for color, height in ridges:
        depth = np.clip((height - sheet.y) * 1.6, 0, 1)[..., None]
        sheet.lay(_mix(np.array(color), np.array(color) * 0.8 + 0.05, depth), sheet.y - height)
    for x, y, size in ((-0.72, -0.66, 0.24), (-0.55, -0.70, 0.17), (0.74, -0.78, 0.22)):
        width = np.clip((y + size - sheet.y) / size, 0, 1) * 0.28 * size
        tree = np.maximum(np.abs(sheet.x - x) - width, np.maximum(y - 0.1 - sheet.y, sheet.y - y - size))
        sheet.lay((0.07, 0.11, 0.17), tree, softness=0.008)
    return sheet.pixels


def _moon() -> Array:
    sheet = _Sheet((0.03, 0.06, 0.17), (0.15, 0.27, 0.45))
    random = np.random.default_rng(4)
    for x, y, size in zip(random.uniform(-1, 1, 70), random.uniform(0.0, 1, 70), random.random(70), strict=True):
        sheet.disc(x, y, 0.003 + 0.005 * size**3, (0.95, 0.95, 1.0), opacity=0.4 + 0.6 * size)
    sheet.disc(-0.25, 0.48, 0.5, (0.45, 0.55, 0.75), softness=0.45, opacity=0.5)
    sheet.disc(-0.25, 0.48, 0.22, (0.98, 0.95, 0.82))
    for crater_x, crater_y, radius in ((-0.31, 0.53, 0.05), (-0.19, 0.43, 0.04), (-0.22, 0.58, 0.03)):
        sheet.disc(crater_x, crater_y, radius, (0.87, 0.83, 0.70), softness=0.015)
    depth = np.clip(-(sheet.y + 0.12), 1e-3, None)
    swell = np.sin(9 / (depth + 0.12) + 3 * np.sin(4 * sheet.x + 5 * depth))
    sea = _mix(np.array((0.10, 0.24, 0.40)), np.array((0.02, 0.08, 0.17)), np.clip(depth, 0, 1)[..., None])
    sheet.lay(sea + 0.035 * swell[..., None], sheet.y + 0.12)
    track = np.exp(-(((sheet.x + 0.25) / (0.10 + 0.30 * depth)) ** 2)) * np.clip(0.45 + 0.75 * swell, 0, 1)
    sheet.lay((0.98, 0.93, 0.75), sheet.y + 0.12, opacity=np.clip(track, 0, 0.95))
    hull = np.maximum(np.abs(sheet.x - 0.45) - 0.20 - 0.5 * (sheet.y + 0.25), np.abs(sheet.y + 0.25) - 0.055)
    sheet.lay((0.05, 0.05, 0.08), hull)
    sails = np.maximum(np.abs(sheet.x - 0.47) - 0.19 + 0.24 * (sheet.y + 0.16) / 0.65, -0.16 - sheet.y)
    sheet.lay((0.85, 0.83, 0.80), np.maximum(sails, sheet.y - 0.5))
    sheet.lay((0.05, 0.05, 0.08), np.maximum(np.abs(sheet.x - 0.45) - 0.008, np.abs(sheet.y - 0.1) - 0.42))
    return sheet.pixels


def _dahlia() -> Array:
    sheet = _Sheet((0.20, 0.36, 0.27), (0.09, 0.19, 0.16))
    for x, y, tilt in ((-0.75, -0.62, 0.6), (0.78, -0.5, 2.5), (0.66, 0.74, 0.8), (-0.8, 0.6, 2.3)):
        along = (sheet.x - x) * np.cos(tilt) + (sheet.y - y) * np.sin(tilt)
        across = -(sheet.x - x) * np.sin(tilt) + (sheet.y - y) * np.cos(tilt)
        leaf = np.hypot(along, 2.4 * across) - 0.5
        sheet.lay(
            _mix(
                np.array((0.25, 0.50, 0.27)), np.array((0.44, 0.66, 0.34)), np.clip(0.5 + 2 * across, 0, 1)[..., None]
            ),
            leaf,
        )
    radius, angle = np.hypot(sheet.x, sheet.y), np.arctan2(sheet.y, sheet.x)
    for ring in range(9):
        reach, petals = 0.88 * 0.84**ring, 15 - ring
        turn = petals * (angle + 0.21 * ring) / 2
        edge = reach * (0.72 + 0.28 * np.abs(np.cos(turn)) ** 0.7)
        inner, outer = np.array((0.50, 0.03, 0.16)), np.array((0.98, 0.45 + 0.04 * ring, 0.42 - 0.02 * ring))
        shade = np.clip((radius / reach) ** 2.2 * (0.55 + 0.45 * np.abs(np.cos(turn))), 0, 1)
        sheet.lay(_mix(inner, outer, shade[..., None]), radius - edge)
    sheet.disc(0, 0, 0.11, (0.97, 0.76, 0.25), softness=0.03)
    return sheet.pixels


def _fish() -> Array:
    sheet = _Sheet((0.16, 0.62, 0.68), (0.02, 0.20, 0.36))
    rays = np.clip(np.sin(7 * sheet.x + 3 * sheet.y + 1) * 0.5 + 0.5, 0, 1) * np.clip(sheet.y * 0.8 + 0.3, 0, 1)
    sheet.lay((0.75, 0.95, 0.90), sheet.y - 2, opacity=0.28 * rays)
    for x, phase in ((-0.86, 0.0), (-0.72, 1.0), (0.80, 2.0), (0.92, 0.5)):
        sway = x + 0.05 * np.sin(6 * sheet.y + phase)
        sheet.lay((0.10, 0.42, 0.30), np.maximum(np.abs(sheet.x - sway) - 0.045 * (0.4 - sheet.y), sheet.y - 0.25))
    fin = np.hypot(1.5 * (sheet.x - 0.02), sheet.y - 0.30) - 0.26
    sheet.lay((0.93, 0.42, 0.08), fin)
    height = np.abs(sheet.y + 0.02)
    tail = np.maximum(height - 0.06 - 0.85 * (sheet.x - 0.5), np.maximum(0.5 - sheet.x, sheet.x - 0.76 - 0.45 * height))
    sheet.lay((0.96, 0.50, 0.10), tail)
    body = np.hypot(sheet.x / 0.60, (sheet.y + 0.02) / 0.38) - 1
    light = np.clip(0.55 + 1.1 * sheet.y, 0, 1)[..., None]
    scales = _mix(np.array((0.88, 0.30, 0.03)), np.array((1.0, 0.68, 0.22)), light)
    sheet.lay(scales, body, softness=0.015)
    for x, width in ((-0.27, 0.055), (0.08, 0.065), (0.40, 0.045)):
        band = np.abs(sheet.x - x + 0.35 * sheet.y**2) - width
        sheet.lay((0.10, 0.09, 0.14), np.maximum(band - 0.022, body))
        sheet.lay((0.98, 0.97, 0.93), np.maximum(band, body))
    sheet.lay((0.80, 0.26, 0.03), np.hypot((sheet.x + 0.02) / 1.3, sheet.y + 0.12) - 0.10, softness=0.02)
    sheet.disc(-0.42, 0.06, 0.065, (0.98, 0.98, 0.95))
    sheet.disc(-0.435, 0.06, 0.038, (0.05, 0.05, 0.08))
    for x, y, radius in ((-0.70, 0.28, 0.05), (-0.62, 0.47, 0.035), (-0.70, 0.64, 0.06)):
        sheet.disc(x, y, radius, (0.80, 0.96, 0.97), opacity=0.65)
        sheet.disc(x - 0.3 * radius, y + 0.3 * radius, 0.3 * radius, (1.0, 1.0, 1.0))
    return sheet.pixels


def _balloon() -> Array:
    sheet = _Sheet((0.26, 0.55, 0.86), (0.83, 0.92, 0.96))
    for x, y, size in ((-0.68, 0.55, 0.18), (0.66, 0.22, 0.20), (-0.60, -0.12, 0.14)):
        for offset, share in ((-1.1, 0.6), (0.0, 1.0), (1.0, 0.75)):
            sheet.disc(
                x + offset * size,
                y - 0.35 * size * (1 - share),
                size * share,
                (1.0, 1.0, 1.0),
                softness=0.06,
                opacity=0.85,
            )
    for number, color in enumerate(((0.56, 0.70, 0.50), (0.82, 0.75, 0.36), (0.36, 0.56, 0.28))):
        sheet.lay(
            color, sheet.y - (-0.56 - 0.14 * number + _waves(sheet.x, (0.05, 2.5, 1.7 * number), (0.02, 6.0, number)))
        )
    across, up = sheet.x - 0.06, sheet.y - 0.24
    taper = np.where(
        up < 0,
        np.sqrt(np.clip(1 - (up / 0.80) ** 2, 0, 1)) - 0.35 * np.clip(-up / 0.6, 0, 1) ** 2,
        np.sqrt(np.clip(1 - (up / 0.52) ** 2, 0, 1)),
    )
    width = 0.50 * taper
    envelope = np.maximum(np.abs(across) - width, np.maximum(-0.62 - up, up - 0.52))
    gore = np.floor((np.arcsin(np.clip(across / np.maximum(width, 1e-3), -1, 1)) / np.pi + 0.5) * 6.999)
    palette = np.array([(0.85, 0.16, 0.14), (0.98, 0.78, 0.20), (0.12, 0.33, 0.62)])
    light = np.clip(1.06 - 0.9 * (across + 0.16) ** 2 + 0.25 * up, 0.45, 1.15)[..., None]
    sheet.lay(palette[gore.astype(int) % 3] * light, envelope)
    for side in (-1, 1):
        sheet.lay(
            (0.25, 0.18, 0.12),
            np.maximum(np.abs(across - side * 0.07) - 0.006, np.abs(up + 0.68) - 0.09),
            softness=0.004,
        )
    sheet.lay((0.45, 0.28, 0.13), np.maximum(np.abs(across) - 0.085, np.abs(up + 0.81) - 0.06))
    sheet.lay((0.62, 0.42, 0.20), np.maximum(np.abs(across) - 0.095, np.abs(up + 0.755) - 0.014))
    return sheet.pixels


SAMPLES: dict[str, Callable[[], Array]] = {
    "balloon": _balloon,
    "dahlia": _dahlia,
    "fish": _fish,
    "hills": _hills,
    "moon": _moon,
}

if __name__ == "__main__":
    for name, render in SAMPLES.items():
        pixels = np.rint(255 * render().clip(0, 1)).astype(np.uint8)
        Image.fromarray(pixels).save(_FOLDER / f"{name}.jpg", quality=90)
    shutil.copy(_STILL_LIFE, _FOLDER)
