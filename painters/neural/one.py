"""One stroke by NumPy, where no gradients are asked for: the law of ``dabs`` and ``splat`` once more.

Of one stroke nearly all time goes to starting small operations, two hundred of them: NumPy starts one in a third of
torch's time. That is what a step of a single environment waits for, and a large canvas, on which strokes are painted
one by one. Only strokes are formed here whose dabs are laid one by one. The noise of groups is a difference of sums
so large that another rounding of a dab's number moves coverage by 4e-4: those are left to torch.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..modes import plain_torch
from . import dabs as law

_Numbers = NDArray[np.float32]


class Path(NamedTuple):
    """What ``dabs.Path`` is, in arrays of NumPy, for one stroke."""

    points: _Numbers
    """(5, 102)."""
    log_radius: np.float32
    """ln of the brush's base radius in pixels."""

    @property
    def total(self) -> float:
        """Dabs of the stroke."""
        return float(self.points[law.LAID, -1])

    @property
    def mean_log_radius(self) -> _Numbers:
        """(1,) ln of the radius in pixels, averaged along the path."""
        mean: _Numbers = self.log_radius + self.points[law.SPEED, :-1].mean(keepdims=True)
        return mean


class Dabs(NamedTuple):
    """What ``dabs.Dabs`` is, in arrays of NumPy, of M dabs that are laid one by one."""

    place: _Numbers
    """(2, M)."""
    variance: _Numbers
    """(2, M)."""
    log_radius: _Numbers
    """(M,)."""
    opacity: _Numbers
    """(M,)."""
    laid: NDArray[np.bool_]
    """(M,)."""


@cache
def _tables() -> dict[str, NDArray[np.float32]]:
    with plain_torch():
        return {name: table.numpy() for name, table in law.Pen().named_buffers()}


def follow(stroke: Tensor) -> Path:
    """The path of a stroke (1, 12) in [0, 1], float32: what ``dabs.Pen`` makes of it."""
    table = _tables()
    numbers = stroke.detach().numpy()[0, table["numbers"]] * table["units"]
    ends, log_radius = numbers[:6].reshape(3, 2), numbers[8]
    points = np.empty((5, len(table["pressure"])), np.float32)
    points[:2, 0] = start = ends[0]
    points[:2, 2:] = (table["curve"] @ ends.astype(np.float64)).T
    step = points[:2, 2] - start
    points[:2, 1] = start + law.ENTRY_STEP * step / np.sqrt(step @ step + law.SHORT)
    points[2] = table["pressure"] @ numbers[6:8]
    x, y = np.square(points[:2, 1:] - points[:2, :-1])
    length = np.sqrt(x + y + law.TINY)
    speed_effect = np.log(length @ table["slow"] + law.SPEED_GAMMA) * law.EFFECT_SLOPE + law.EFFECT_AT_REST
    laid = length * (law.DABS_PER_RADIUS * np.exp(-log_radius)) * (1 + np.exp(-speed_effect))
    points[law.LAID, 0] = points[law.SPEED, -1] = 0
    points[law.LAID, 1:], points[law.SPEED, :-1] = laid.cumsum(dtype=np.float64), speed_effect
    return Path(points, log_radius)


def place_dabs(path: Path, count: int, singles: Tensor) -> Dabs:
    """Lay so many dabs of a path, one by one: what ``dabs.place_dabs`` makes of them."""
    until = np.arange(1, count + 1, dtype=np.float32)
    after = path.points[law.LAID].searchsorted(until).clip(max=path.points.shape[1] - 1)
    ends = path.points.take(after, 1)
    starts = path.points.take(after - 1, 1)
    passed = starts[law.LAID]
    fraction = ((until - passed) / (ends[law.LAID] - passed).clip(1e-5)).clip(0, 1)
    placed = starts[: law.LAID] + fraction * (ends[: law.LAID] - starts[: law.LAID])
    noise, pressure = _array(singles)[:, :count], placed[2]
    reach = law.OFFSET_BY_RANDOM * np.exp(path.log_radius) * pressure
    return Dabs(
        place=placed[:2] + reach * noise[:2],
        variance=np.square(reach) * noise[2:4],
        log_radius=path.log_radius + starts[law.SPEED] + noise[4],
        opacity=(0.8 + 0.2 * pressure) * pressure * noise[5],
        laid=until <= path.total,
    )


def respond(network: nn.Sequential, *inputs: _Numbers) -> _Numbers:
    """Outputs (Q, M) of a layer, SiLU and a layer, for inputs (M,) each; those that are not given are 0."""
    first, _, last = network
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    hidden = _array(first.weight)[:, : len(inputs)] @ np.stack(inputs)
    hidden += _array(first.bias)[:, None]
    hidden /= 1 + np.exp(-hidden)
    outputs: _Numbers = _array(last.weight) @ hidden
    outputs += _array(last.bias)[:, None]
    return outputs


def spread(dabs: Dabs, form: _Numbers, widening: float, least_density: float) -> tuple[_Numbers, _Numbers]:
    """Variance (2, G, M) and log height (G, M) of dabs of such form (2 G + 1, M)."""
    gaussians = len(form) // 2
    variance = np.exp(2 * (dabs.log_radius + form[gaussians:-1]))
    variances = variance + (np.exp(form[-1]) * dabs.variance + widening)[:, None]
    density = -np.log1p(-dabs.opacity) * dabs.laid
    strength = density * variance / np.sqrt(variances[0] * variances[1])
    return variances, form[:gaussians] + np.log(strength.clip(least_density))


def _array(weight: Tensor) -> _Numbers:
    array: _Numbers = weight.detach().numpy()
    return array
