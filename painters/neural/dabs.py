"""Where the dabs of a stroke fall, differentiably: MyPaint's law of motion. What a dab looks like is learned elsewhere.

MyPaint strokes are rows of round dabs, about twelve a radius of path, each moved and resized by random numbers
from a generator that starts afresh with every brush. The laws are those of libmypaint 1.6
(``mypaint-brush.c``: ``stroke_to``, ``count_dabs_to``, ``prepare_and_draw_dab``) for the brush ``classic/dry_brush``.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import stroke as layout
from ..modes import multiply
from ..stroke import CANVAS_SIZE, bezier_control, bezier_point

# The pen's events, as ``mypaint.engine.stroke_events`` has them: their number, seconds between two, pixels of entry.
_CURVE_EVENTS = 100
_EVENT_SECONDS = 0.1
_ENTRY_STEP = 0.25
# Square pixels that keep directions and lengths of empty strokes differentiable.
_SHORT, _TINY = 1e-4, 1e-12
# classic/dry_brush: dabs_per_actual_radius, dabs_per_basic_radius, offset_by_random, radius_by_random.
_DABS_PER_RADIUS = 6.0
_OFFSET_BY_RANDOM = 1.4
_RADIUS_BY_RANDOM = 0.1
# radius_logarithmic as a line in speed2, and libmypaint's speed2 for gamma = exp(4): its logarithm is fixed to
# the value 0.5 and the slope 0.015 at 45 pixels a second.
_RADIUS_AT_REST, _RADIUS_SLOPE = 0.042857, (-0.3 - 0.042857) / 4.0
_SPEED_GAMMA = math.exp(4.0)
_SPEED_SCALE = 0.015 * (45.0 + _SPEED_GAMMA)
_SPEED_OFFSET = 0.5 - _SPEED_SCALE * math.log(45.0 + _SPEED_GAMMA)
_SPEED_SLOWNESS = 0.8


class Path(NamedTuple):
    """The pen's path in P = 102 points, for N strokes."""

    x: Tensor
    """(N, P) pixels."""
    y: Tensor
    """(N, P) pixels."""
    pressure: Tensor
    """(N, P) in [0, 0.8]."""
    dabs: Tensor
    """(N, P) how many dabs were laid up to here, not rounded; rising from 0."""
    log_radius: Tensor
    """(N, 1) ln of the brush's base radius in pixels."""
    speed_effect: Tensor
    """(N, P - 1) what speed adds to ln(radius) on each stretch."""

    @property
    def mean_log_radius(self) -> Tensor:
        """(N, 1) ln of the radius in pixels, averaged along the path."""
        return self.log_radius + self.speed_effect.mean(1, keepdim=True)

    def select(self, rows: Tensor) -> "Path":
        """The paths of the strokes ``rows``."""
        return Path(*(part[rows] for part in self))


class Dabs(NamedTuple):
    """M groups of successive dabs a stroke: a group is one dab wherever there are at most M of them. All (N, M)."""

    x: Tensor
    """Mean position in pixels."""
    y: Tensor
    variance_x: Tensor
    """Variance of the positions in the group, square pixels; 0 for a single dab."""
    variance_y: Tensor
    log_radius: Tensor
    """ln of the radius in pixels."""
    opacity: Tensor
    """Opacity of one dab in [0, 0.77]."""
    laid: Tensor
    """Dabs of the group that were laid; 0 past the end of the stroke."""
    size: Tensor
    """Dabs in a full group, 1 or more."""


def speed_filter() -> Tensor:
    """(101, 101) matrix that turns the speeds of a path's stretches into the slow speed at the start of each.

    libmypaint lets ``NORM_SPEED2_SLOW`` follow the speed with the time constant ``speed2_slowness``; the sum of
    that geometric series is this product.
    """
    stretch = torch.arange(_CURVE_EVENTS + 1, dtype=torch.float64)
    decay = math.exp(-_EVENT_SECONDS / _SPEED_SLOWNESS)
    delay = stretch[None, :] - 1 - stretch[:, None]
    return torch.where(delay >= 0, (1 - decay) * decay ** delay.clamp(min=0), 0.0).float()


def noise_sums(noise: Tensor) -> Tensor:
    """Running sums (K + 1, 5) of x, y, x^2, y^2 and radius noise, so that a group's moments are differences.

    Args:
        noise: (K, 3) standard normal, from ``libmypaint.brush_noise``.
    """
    position, radius = noise[:, :2].double(), noise[:, 2:].double()
    sums = torch.cat([position, position.square(), radius], 1).cumsum(0)
    return F.pad(sums, (0, 0, 1, 0)).float()


def trace_path(strokes: Tensor, speed_filter: Tensor) -> Path:
    """Follow the pen through strokes (N, 12) in [0, 1]: the same events as ``mypaint.stroke_events``."""
    start, control, end = (strokes[:, None, part] * CANVAS_SIZE for part in (layout.START, layout.CONTROL, layout.END))
    t = torch.arange(1, _CURVE_EVENTS + 1, dtype=strokes.dtype, device=strokes.device) / _CURVE_EVENTS
    curve = bezier_point(start, bezier_control(start, control, end), end, t[:, None])
    step = curve[:, :1] - start
    entry = start + _ENTRY_STEP * step * (step.square().sum(-1, keepdim=True) + _SHORT).rsqrt()
    points = torch.cat([start, entry, curve], 1)

    first = strokes[:, layout.ENTRY_PRESSURE, None] * layout.PRESSURE_SCALE
    last = strokes[:, layout.END_PRESSURE, None] * layout.PRESSURE_SCALE
    middle = (first + last) / 2
    rise, fall = (t / 0.25).clamp(max=1.0), ((t - 0.75) / 0.25).clamp(min=0.0)
    pressure = first + (middle - first) * rise + (last - middle) * fall
    pressure = torch.cat([torch.zeros_like(first), first, pressure], 1)

    length = (points.diff(dim=1).square().sum(-1) + _TINY).sqrt()
    slow_speed = multiply(length / _EVENT_SECONDS, speed_filter)
    speed = torch.log(_SPEED_GAMMA + slow_speed) * _SPEED_SCALE + _SPEED_OFFSET
    speed_effect = _RADIUS_AT_REST + _RADIUS_SLOPE * speed
    log_radius = layout.LOG_RADIUS_SCALE * strokes[:, layout.SIZE, None]
    laid = length * _DABS_PER_RADIUS * torch.exp(-log_radius) * (1 + torch.exp(-speed_effect))
    dabs = F.pad(laid.cumsum(1), (1, 0))
    return Path(points[..., 0], points[..., 1], pressure, dabs, log_radius, speed_effect)


def place_dabs(path: Path, noise_sums: Tensor, groups: int) -> Dabs:
    """Lay the dabs of each path in ``groups`` groups of equal size, in the order of painting."""
    total = path.dabs[:, -1:]
    size = (total / groups).clamp(min=1.0)
    first = torch.arange(groups, dtype=total.dtype, device=total.device) * size
    # The dab that covers (k, k + 1] is laid at its end, so a group's mean dab lies half a dab past its middle.
    where = first + (size + 1) / 2
    left = torch.searchsorted(path.dabs.detach().contiguous(), where.detach().contiguous()) - 1
    left = left.clamp(0, path.dabs.shape[1] - 2)

    def neighbors(values: Tensor) -> tuple[Tensor, Tensor]:
        return values.gather(1, left), values.gather(1, left + 1)

    before, after = neighbors(path.dabs)
    fraction = ((where - before) / (after - before).clamp(min=1e-5)).clamp(0.0, 1.0)
    x, y, pressure = (torch.lerp(*neighbors(part), fraction) for part in (path.x, path.y, path.pressure))

    reached = (total - first).clamp(min=0.0).minimum(size)
    whole = torch.where(size > 1, reached, reached.floor())
    # A dab is laid or not; its gradient is that of a dab that grows.
    laid = reached + (whole - reached).detach()

    # The noise of dab k belongs to dab k wherever it lies: no gradient moves it from one dab to the next.
    edges = F.pad(first, (0, 1)).detach()
    edges[:, -1:] = edges[:, -2:-1] + size.detach()
    edges = edges.clamp(max=len(noise_sums) - 1.001)
    whole_edges = edges.long()
    sums = torch.lerp(
        F.embedding(whole_edges, noise_sums),
        F.embedding(whole_edges + 1, noise_sums),
        (edges - whole_edges)[..., None],
    )
    mean_x, mean_y, square_x, square_y, radius = (sums.diff(dim=1) / size.detach()[..., None]).unbind(-1)
    reach = _OFFSET_BY_RANDOM * pressure * torch.exp(path.log_radius)
    log_radius = path.log_radius + path.speed_effect.gather(1, left) + _RADIUS_BY_RANDOM * radius
    # A dab that grows by chance is thinned by its area (libmypaint's alpha_correction).
    thinning = torch.exp(-2 * _RADIUS_BY_RANDOM * radius).clamp(max=1.0)
    return Dabs(
        x=x + reach * mean_x,
        y=y + reach * mean_y,
        variance_x=reach.square() * (square_x - mean_x.square()).clamp(min=0.0),
        variance_y=reach.square() * (square_y - mean_y.square()).clamp(min=0.0),
        log_radius=log_radius,
        opacity=(0.8 + 0.2 * pressure) * pressure * thinning,
        laid=laid,
        size=size,
    )
