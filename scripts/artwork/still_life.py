"""Render the bundled still life, ``pictures/still_life.jpg``: fruit, a jug, one warm light. Only numpy and Pillow.

    python -m paintgym.scripts.artwork.still_life

Surfaces are zero sets of signed distance functions, found by sphere tracing (Hart 1996); shadows are soft by the
narrowest miss on the way to the light.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = Any
"""(..., 3) or (...) float32; numpy's stubs know no more of what these formulas give than that."""

_OUTPUT = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_WIDTH, _HEIGHT, _SAMPLES = 512, 384, 3
_CAMERA, _LOOK_AT, _FOCAL_LENGTH = (0.0, 2.3, 7.6), (0.17, 0.86, 0.0), 4.7
_LIGHT = np.array((-0.66, 0.60, 0.45), np.float32)
_LIGHT_COLOR, _SKY_COLOR = np.array((1.75, 1.42, 0.98), np.float32), np.array((0.17, 0.21, 0.30), np.float32)
_WALL_Z = -2.6


def _at(points: Array, x: float, y: float, z: float) -> Array:
    return points - np.array((x, y, z), np.float32)


def _sphere(points: Array, radius: float) -> Array:
    return np.linalg.norm(points, axis=-1) - np.float32(radius)


def _ellipsoid(points: Array, radii: tuple[float, float, float]) -> Array:
    scaled = points / np.array(radii, np.float32)
    length = np.linalg.norm(scaled, axis=-1)
    return length * (length - 1) / np.maximum(np.linalg.norm(scaled / np.array(radii, np.float32), axis=-1), 1e-6)


def _blend(one: Array, other: Array, width: float) -> Array:
    """Smooth minimum: joins two shapes with a fillet of the given width."""
    share = np.clip(0.5 + 0.5 * (other - one) / width, 0, 1)
    return other + (one - other) * share - width * share * (1 - share)


def _stalk(points: Array, bottom: float, top: float, lean: float) -> Array:
    height = np.clip(points[..., 1], bottom, top)
    offset = np.stack([points[..., 0] - lean * (height - bottom) ** 2, points[..., 1] - height, points[..., 2]], -1)
    return np.linalg.norm(offset, axis=-1) - np.float32(0.022)


def _apple(points: Array) -> Array:
    ring = np.hypot(points[..., 0], points[..., 2]) - 0.2
    height = points[..., 1] * (0.96 + 0.12 * np.clip(points[..., 1], -0.5, 0.5))
    return 0.9 * (np.hypot(ring, height) - 0.3 - 0.02 * points[..., 1])


def _pear(points: Array) -> Array:
    return _blend(_sphere(points, 0.42), _sphere(_at(points, 0.07, 0.56, 0), 0.2), 0.42)


def _lemon(points: Array) -> Array:
    x, z = 0.88 * points[..., 0] + 0.47 * points[..., 2], -0.47 * points[..., 0] + 0.88 * points[..., 2]
    turned = np.stack([x, points[..., 1], z], -1)
    tip = _sphere(_at(turned, 0.44, 0, 0), 0.05)
    return _blend(_ellipsoid(turned, (0.44, 0.31, 0.31)), tip, 0.12)


def _jug(points: Array) -> Array:
    body = _ellipsoid(_at(points, 0, 0.62, 0), (0.62, 0.66, 0.62))
    radius = np.hypot(points[..., 0], points[..., 2])
    neck_height = np.clip(points[..., 1], 1.1, 1.75)
    flare = 0.24 + 0.35 * (neck_height - 1.4) ** 2
    neck = 0.8 * (np.hypot(np.maximum(radius - flare, 0), points[..., 1] - neck_height) - 0.03)
    outside = _blend(body, neck, 0.2)
    hollow = np.maximum(radius - flare + 0.02, 1.45 - points[..., 1])
    return np.maximum(outside, -hollow)


def _handle(points: Array) -> Array:
    ring = np.hypot((points[..., 0] - 0.42) * 1.15, points[..., 1] - 1.22) - 0.34
    return 0.85 * (np.hypot(ring, points[..., 2]) - 0.055)


def _grapes(points: Array) -> Array:
    centers = (
        *((0.41, 0.15, 1.03), (0.68, 0.15, 1.13), (0.56, 0.15, 0.83), (0.85, 0.15, 0.91)),
        *((0.55, 0.37, 0.98), (0.77, 0.37, 1.03), (0.95, 0.14, 1.15)),
    )
    return np.minimum.reduce([_sphere(_at(points, *center), 0.16) for center in centers])


# Distance, color, and how glossy: what lies where.
_OBJECTS: list[tuple[Callable[[Array], Array], tuple[float, float, float], float]] = [
    (lambda p: p[..., 1], (0.05, 0.19, 0.23), 0.05),
    (lambda p: p[..., 2] - np.float32(_WALL_Z), (0.74, 0.50, 0.27), 0.0),
    (lambda p: _jug(_at(p, -0.3, 0, -0.55)), (0.05, 0.13, 0.46), 0.9),
    (lambda p: _handle(_at(p, -0.3, 0, -0.55)), (0.05, 0.13, 0.46), 0.9),
    (lambda p: _sphere(_at(p, -0.83, 0.43, 0.55), 0.43), (0.95, 0.31, 0.02), 0.25),
    (lambda p: _apple(_at(p, 0.62, 0.34, 0.1)), (0.74, 0.07, 0.06), 0.6),
    (lambda p: _stalk(_at(p, 0.62, 0.34, 0.1), 0.15, 0.5, 1.2), (0.22, 0.13, 0.06), 0.1),
    (lambda p: _pear(_at(p, 1.28, 0.41, -0.5)), (0.56, 0.64, 0.13), 0.35),
    (lambda p: _stalk(_at(p, 1.37, 0.41, -0.5), 0.7, 0.98, 1.0), (0.22, 0.13, 0.06), 0.1),
    (lambda p: _lemon(_at(p, -0.3, 0.3, 1.15)), (0.97, 0.72, 0.05), 0.3),
    (_grapes, (0.30, 0.06, 0.30), 0.7),
]


def _distance(points: Array) -> Array:
    return np.minimum.reduce([distance(points) for distance, _, _ in _OBJECTS])


def _trace(origins: Array, directions: Array, steps: int = 110) -> Array:
    """How far each ray goes until it meets a surface."""
    traveled = np.zeros(len(origins), np.float32)
    active = np.arange(len(origins))
    for _ in range(steps):
        gap = _distance(origins[active] + traveled[active, None] * directions[active])
        traveled[active] += gap
        active = active[gap > 2e-4 * traveled[active]]
    return traveled


def _normals(points: Array) -> Array:
    step = np.float32(1e-3)
    slopes = [_distance(points + step * axis) - _distance(points - step * axis) for axis in np.eye(3, dtype=np.float32)]
    normals = np.stack(slopes, -1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def _lit(points: Array, sharpness: float = 9.0) -> Array:
    """Share of the light that reaches each point."""
    share, traveled = np.ones(len(points), np.float32), np.full(len(points), 0.03, np.float32)
    for _ in range(45):
        gap = _distance(points + traveled[:, None] * _LIGHT)
        share = np.minimum(share, sharpness * gap / traveled)
        traveled += np.clip(gap, 0.015, 0.25)
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _openness(points: Array, normals: Array) -> Array:
    """Share of the sky that neighbors leave open (ambient occlusion)."""
    closed = sum(
        (reach - _distance(points + reach * normals)) / reach * 0.5**i for i, reach in enumerate((0.08, 0.2, 0.5))
    )
    return np.clip(1 - 0.55 * np.asarray(closed, np.float32), 0, 1)


def _surface(points: Array, normals: Array) -> tuple[Array, Array]:
    """Color (N, 3) and gloss (N,) of the surface at each point."""
    nearest = np.argmin([distance(points) for distance, _, _ in _OBJECTS], 0)
    colors = np.array([color for _, color, _ in _OBJECTS], np.float32)[nearest]
    gloss = np.array([shine for _, _, shine in _OBJECTS], np.float32)[nearest]
    x, y, z = points.T
    stripes = 0.5 + 0.5 * np.tanh(8 * np.sin(5.5 * x + 1.2 * np.sin(0.8 * z)))
    colors[nearest == 0] = (colors * (0.88 + 0.24 * stripes[:, None]))[nearest == 0]
    blush = np.clip(0.4 + 1.2 * (y - 0.47) + 0.5 * np.sin(7 * np.arctan2(z - 0.1, x - 0.62)) * 0.25, 0, 1)[:, None]
    apple = np.array((0.80, 0.50, 0.10), np.float32) * blush**3 + colors * (1 - blush**3)
    colors[nearest == 5] = apple[nearest == 5]
    pool = 0.35 + 0.85 * np.exp(-((x + 0.9) ** 2 / 5 + (y - 1.6) ** 2 / 3.5))  # the lamp's pool of light on the wall
    colors[nearest == 1] *= pool[nearest == 1, None]
    band = ((np.abs(y - 0.72) < 0.1) | (np.abs(y - 1.6) < 0.04)) & np.isin(nearest, (2,))
    colors[band] = (0.86, 0.83, 0.74)
    return colors, gloss


def _shade(origins: Array, directions: Array) -> Array:
    points = origins + _trace(origins, directions)[:, None] * directions
    normals = _normals(points)
    colors, gloss = _surface(points, normals)
    away = points + 0.004 * normals
    light, openness = _lit(away), _openness(points, normals)
    facing = np.clip(normals @ _LIGHT, 0, 1) * light
    bounce = np.clip(0.4 - 0.6 * normals[:, 1], 0, 1) * openness
    halfway = _LIGHT - directions
    halfway /= np.linalg.norm(halfway, axis=-1, keepdims=True)
    highlight = gloss * light * np.clip((normals * halfway).sum(-1), 0, 1) ** 70
    rim = gloss * (1 + (normals * directions).sum(-1)).clip(0, 1) ** 4
    diffuse = facing[:, None] * _LIGHT_COLOR + openness[:, None] * _SKY_COLOR
    diffuse += bounce[:, None] * np.array((0.20, 0.15, 0.10), np.float32)
    return colors * diffuse + (0.8 * highlight[:, None] * _LIGHT_COLOR + 0.25 * (rim * openness)[:, None])


def render(width: int = _WIDTH, height: int = _HEIGHT, samples: int = _SAMPLES) -> NDArray[np.uint8]:
    """Render the scene with ``samples`` x ``samples`` rays a pixel: (height, width, 3) uint8."""
    camera = np.array(_CAMERA, np.float32)
    forward = np.array(_LOOK_AT, np.float32) - camera
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0, 1, 0)).astype(np.float32)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    rows = []
    for row in range(height * samples):
        x = ((np.arange(width * samples, dtype=np.float32) + 0.5) / samples - width / 2) / height
        y = 0.5 - (row + 0.5) / (height * samples)
        directions = _FOCAL_LENGTH * forward + x[:, None] * 2 * right + 2 * y * up
        directions = (directions / np.linalg.norm(directions, axis=-1, keepdims=True)).astype(np.float32)
        rows.append(_shade(np.broadcast_to(camera, directions.shape), directions))
    light: Array = np.stack(rows).reshape(height, samples, width, samples, 3)
    mapped = 1 - np.exp(-1.3 * light)  # film-like shoulder
    pixels: NDArray[np.uint8] = np.rint(255 * mapped.mean((1, 3)).clip(0, 1) ** (1 / 1.65)).astype(np.uint8)
    return pixels


if __name__ == "__main__":
    Image.fromarray(render()).save(_OUTPUT, quality=93, subsampling=0)
