"""One stroke by NumPy, where no gradients are asked for: the law of ``dabs`` and ``splat`` once more.

Of one stroke nearly all time goes to starting small operations, some hundred of them: NumPy starts one in a third of
torch's time. That is what a step of a single environment waits for, and a large canvas, on which strokes are painted
one by one. Dabs are numbered in float64: the noise of a group of them is a difference of sums so large that torch,
which numbers them in float32, is up to 4e-4 of coverage from the law.
"""

import math
from bisect import bisect_left
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..modes import plain_torch, product
from . import dabs as law
from .coverage import cover
from .profiles import FLOOR, LOG2_E

_Numbers = NDArray[np.float32]
_Exact = NDArray[np.float64]

_REACH = 6.0
"""Standard deviations from a dab's middle beyond which its ink, below 2e-8 of what it is there, is left out."""
_WORTH_CROPPING = 0.7
"""Part of a canvas: strokes that reach over more of it are drawn on all of it, as laying a part on it costs time."""


class Path(NamedTuple):
    """What ``dabs.Path`` is, in arrays of NumPy, for one stroke."""

    points: _Numbers
    """(4, 102): x and y in pixels, pressure, and what speed adds to ln(radius) on the stretch that begins here."""
    laid: _Exact
    """(102,) dabs up to here, not rounded."""
    log_radius: float
    """ln of the brush's base radius in pixels."""

    @property
    def total(self) -> float:
        """Dabs of the stroke, in float32, as torch counts them: whether a last one is laid hangs on it."""
        return float(np.float32(self.laid[-1]))

    @property
    def mean_log_radius(self) -> _Numbers:
        """(1,) ln of the radius in pixels, averaged along the path."""
        mean: _Numbers = self.points[3, :-1].mean(keepdims=True) + np.float32(self.log_radius)
        return mean


class Dabs(NamedTuple):
    """What ``dabs.Dabs`` is, in arrays of NumPy, of M groups of ``size`` dabs each."""

    place: _Numbers
    """(2, M)."""
    variance: _Numbers
    """(2, M)."""
    log_radius: _Numbers
    """(M,)."""
    opacity: _Numbers
    """(M,)."""
    laid: _Numbers
    """(M,)."""


@cache
def _tables() -> dict[str, NDArray[np.float32]]:
    with plain_torch():
        return {name: table.numpy() for name, table in law.Pen().named_buffers()}


def follow(stroke: Tensor) -> Path:
    """The path of a stroke (1, 12) in [0, 1], float32: what ``dabs.Pen`` makes of it."""
    table = _tables()
    numbers = stroke.detach().numpy()[0].take(table["numbers"])
    numbers *= table["units"]
    points = np.empty((4, len(table["pressure"])), np.float32)
    ends, log_radius = numbers[:6].reshape(3, 2), float(numbers[8])
    points[:2, 0] = start = ends[0]
    points[:2, 2:] = (table["curve"] @ ends.astype(np.float64)).T
    step = points[:2, 2] - start
    points[:2, 1] = start + law.ENTRY_STEP * step / np.sqrt(step @ step + law.SHORT)
    points[2] = table["pressure"] @ numbers[6:8]
    x, y = np.square(points[:2, 1:] - points[:2, :-1])
    length = np.sqrt(x + y + law.TINY)
    effect = points[3, :-1]
    np.log(length @ table["slow"] + law.SPEED_GAMMA, out=effect)
    effect *= law.EFFECT_SLOPE
    effect += law.EFFECT_AT_REST
    points[3, -1] = 0
    laid = np.empty(len(length) + 1)
    laid[0] = 0
    radii = np.exp(-effect)  # dabs are laid by the brush's base radius, and by the radius of the moment
    radii += 1
    radii *= length
    np.cumsum(radii, dtype=np.float64, out=laid[1:])
    laid *= law.DABS_PER_RADIUS * math.exp(-log_radius)
    return Path(points, laid, log_radius)


def place_dabs(path: Path, groups: int, noise_sums: Tensor, singles: Tensor) -> tuple[Dabs, float]:
    """Lay the dabs of a path, in at most so many groups: what ``dabs.place_dabs`` makes of them, and a group's size."""
    exact, stretches = float(path.laid[-1]), len(path.laid) - 1
    size = max(exact / groups, 1.0)
    number = np.arange(1.0, min(groups, max(1, math.ceil(path.total))) + 1)
    where = number * size + (0.5 - 0.5 * size)
    after = np.minimum(path.laid.searchsorted(where), stretches)
    placed, stretch = path.points[:3].take(after, 1), path.laid.take(after)
    after -= 1
    before, passed = path.points.take(after, 1), path.laid.take(after)
    stretch -= passed
    where -= passed
    where /= np.maximum(stretch, 1e-5)
    # From the point before to the point after.
    placed -= before[:3]
    placed *= np.minimum(where, 1)
    placed += before[:3]
    pressure = placed[2]
    if size == 1:
        noise, laid = _array(singles)[:, : len(number)], (number <= path.total).astype(np.float32)
    else:
        noise = _noise_of_groups(_array(noise_sums), size, len(number))
        laid = (exact - size * (number - 1)).clip(0, size).astype(np.float32)
    reach = pressure * np.float32(law.OFFSET_BY_RANDOM * math.exp(path.log_radius))
    place = reach * noise[:2]
    place += placed[:2]
    log_radius = before[3] + noise[4]
    log_radius += np.float32(path.log_radius)
    opacity = pressure * np.float32(0.2)
    opacity += np.float32(0.8)
    opacity *= pressure
    opacity *= noise[5]
    return Dabs(place, np.square(reach) * noise[2:4], log_radius, opacity, laid), size


def _noise_of_groups(sums: _Numbers, size: float, count: int) -> _Numbers:
    """Noise (6, M) of M groups of so many dabs: what ``dabs`` makes of running sums."""
    edges = np.minimum(np.arange(count + 1.0) * size, len(sums) - 1.001)
    whole = edges.astype(np.int64)
    reached = sums.take(whole, 0).astype(np.float64)
    reached += (sums.take(whole + 1, 0) - reached) * (edges - whole)[:, None]
    moments = ((reached[1:] - reached[:-1]) / size).T
    noise = np.empty((6, count), np.float32)
    noise[:2] = moments[:2]
    noise[2:4] = (moments[2:4] - np.square(moments[:2])).clip(0)
    noise[4] = moments[4] * law.RADIUS_BY_RANDOM
    np.minimum(np.exp(-2 * noise[4]), 1, out=noise[5])
    return noise


def respond(network: nn.Sequential, *inputs: _Numbers) -> _Numbers:
    """Outputs (Q, M) of a layer, SiLU and a layer, for inputs (M,) each; those that are not given are 0."""
    first, _, last = network
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    hidden = _array(first.weight)[:, : len(inputs)] @ np.concatenate(inputs).reshape(len(inputs), -1)
    hidden += _array(first.bias)[:, None]
    falling = np.exp(-hidden)
    falling += 1
    hidden /= falling
    outputs: _Numbers = _array(last.weight) @ hidden
    outputs += _array(last.bias)[:, None]
    return outputs


def spread(dabs: Dabs, form: _Numbers, widening: float, least_density: float) -> tuple[_Numbers, _Numbers]:
    """Variance (2, G, M) and log height (G, M) of dabs of such form (2 G + 1, M)."""
    gaussians = len(form) // 2
    variance = form[gaussians:-1] + dabs.log_radius
    variance += variance
    np.exp(variance, out=variance)
    more = np.exp(form[-1]) * dabs.variance
    if widening:
        more += widening
    variances = more[:, None] + variance
    variance *= np.log1p(-dabs.opacity) * -dabs.laid
    variance /= np.sqrt(variances[0] * variances[1])
    log_height = np.log(np.maximum(variance, least_density, out=variance), out=variance)
    log_height += form[:gaussians]
    return variances, log_height


def touched(place: _Numbers, variances: _Numbers, columns: Tensor, rows: Tensor) -> tuple[slice, slice]:
    """Which columns (W,) and rows (H,), both rising, are worth drawing of dabs (2, M) of such variances.

    Strokes within the focus view's window take 8 % less time so, thin ones 14 %, and random ones half a percent more.
    """
    reach = _REACH * math.sqrt(variances.max())
    (left, top), (right, bottom) = place.min(1).tolist(), place.max(1).tolist()
    x, y = _array(columns), _array(rows)
    across = slice(bisect_left(x, left - reach), bisect_left(x, right + reach))
    down = slice(bisect_left(y, top - reach), bisect_left(y, bottom + reach))
    area = (across.stop - across.start) * (down.stop - down.start)
    if math.isnan(reach) or area > _WORTH_CROPPING * len(x) * len(y):
        return slice(0, len(x)), slice(0, len(y))
    return across, down


def density(place: _Numbers, variances: _Numbers, log_height: _Numbers, columns: Tensor, rows: Tensor) -> Tensor:
    """Optical density (H, W) of M dabs of G Gaussians each: the product of their profiles."""
    curvature = (-0.5 * LOG2_E) / variances
    log_height *= np.float32(LOG2_E)
    across = _profiles(place[0], curvature[0], None, columns)
    return product(_profiles(place[1], curvature[1], log_height, rows), across.T)


def _profiles(mean: _Numbers, curvature: _Numbers, height: _Numbers | None, positions: Tensor) -> Tensor:
    """2^max(curvature (p - mean)^2 + height, floor), (P, G M), of means (M,)."""
    offset = _array(positions)[:, None] - mean
    offset *= offset
    squared, bent = torch.from_numpy(offset)[:, None], torch.from_numpy(curvature)
    exponent = squared * bent if height is None else torch.addcmul(torch.from_numpy(height), squared, bent)
    return exponent.clamp_(min=FLOOR).exp2_().flatten(1)


def sharpened(density: Tensor, amount: _Numbers, step: float) -> Tensor:
    """What ``coverage.cover`` makes of density (H, W) and an amount (1, 1): coverage (1, 1, H, W)."""
    if step > 1:
        return cover(density[None], torch.from_numpy(amount), step)
    plain = density.numpy()
    down, right = plain[1:] - plain[:-1], plain[:, 1:] - plain[:, :-1]
    down *= amount
    right *= amount
    falling = -plain
    falling[:-1] += down
    falling[1:] -= down
    falling[:, :-1] += right
    falling[:, 1:] -= right
    return torch.from_numpy(np.minimum(falling, 0, out=falling)).expm1_().neg_()[None, None]


def _array(weight: Tensor) -> _Numbers:
    array: _Numbers = weight.detach().numpy()
    return array
