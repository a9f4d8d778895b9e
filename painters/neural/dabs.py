"""Where the dabs of a stroke fall, differentiably: MyPaint's law of motion. What a dab looks like is learned elsewhere.

MyPaint strokes are rows of round dabs, about twelve a radius of path, each moved and resized by random numbers
from a generator that starts afresh with every brush. The laws are those of libmypaint 1.6
(``mypaint-brush.c``: ``stroke_to``, ``count_dabs_to``, ``prepare_and_draw_dab``) for the brush ``classic/dry_brush``.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import stroke as layout
from ..modes import multiply
from ..stroke import CANVAS_SIZE, bezier_control, bezier_point

# The pen's events, as ``mypaint.engine.stroke_events`` has them: their number, seconds between two, pixels of entry.
_CURVE_EVENTS = 100
_EVENT_SECONDS = 0.1
ENTRY_STEP = 0.25
# Square pixels that keep directions and lengths of empty strokes differentiable.
SHORT, TINY = 1e-4, 1e-12
# classic/dry_brush: dabs_per_actual_radius, dabs_per_basic_radius, offset_by_random, radius_by_random.
DABS_PER_RADIUS = 6.0
OFFSET_BY_RANDOM = 1.4
RADIUS_BY_RANDOM = 0.1
# radius_logarithmic as a line in speed2, and libmypaint's speed2 for gamma = exp(4): its logarithm is fixed to
# the value 0.5 and the slope 0.015 at 45 pixels a second.
_RADIUS_AT_REST, _RADIUS_SLOPE = 0.042857, (-0.3 - 0.042857) / 4.0
SPEED_GAMMA = math.exp(4.0)
_SPEED_SCALE = 0.015 * (45.0 + SPEED_GAMMA)
_SPEED_OFFSET = 0.5 - _SPEED_SCALE * math.log(45.0 + SPEED_GAMMA)
_SPEED_SLOWNESS = 0.8
# Together: what speed adds to ln(radius) is a line in ln(gamma + speed).
EFFECT_SLOPE = _RADIUS_SLOPE * _SPEED_SCALE
EFFECT_AT_REST = _RADIUS_AT_REST + _RADIUS_SLOPE * _SPEED_OFFSET


class Path(NamedTuple):
    """The pen's path in P = 102 points, for N strokes."""

    points: Tensor
    """(N, P, 5): x and y in pixels; pressure in [0, 0.8]; how many dabs were laid up to here, not rounded, rising from
    0; and what speed adds to ln(radius) on the stretch that begins here."""
    log_radius: Tensor
    """(N,) ln of the brush's base radius in pixels."""
    total: Tensor
    """(N,) dabs of the whole stroke."""

    @property
    def mean_log_radius(self) -> Tensor:
        """(N,) ln of the radius in pixels, averaged along the path."""
        return self.log_radius + self.points[:, :-1, SPEED].mean(1)

    def split(self, counts: list[int]) -> list["Path"]:
        """The paths of so many strokes, of the next so many, and so on."""
        return [Path(*parts) for parts in zip(*(part.split(counts) for part in self), strict=True)]


LAID, SPEED = 3, 4
"""Columns of a path's points."""


class Dabs(NamedTuple):
    """Groups of successive dabs, those of one stroke after those of another: M in all. A group is mostly one dab."""

    stroke: Tensor
    """(M,) int64: whose they are."""
    place: Tensor
    """(2, M) mean x and y in pixels."""
    variance: Tensor
    """(2, M) variance of x and y in the group, square pixels; 0 for a single dab."""
    log_radius: Tensor
    """(M,) ln of the radius in pixels."""
    opacity: Tensor
    """(M,) opacity of one dab in [0, 0.77]."""
    laid: Tensor
    """(M,) dabs of the group that were laid; 0 past the end of the stroke."""
    size: Tensor
    """(N,) dabs in a full group of each stroke, 1 or more."""


class Pen(nn.Module):
    """Follows strokes: what is the same for all of them is kept as tables, which are linear in a stroke's numbers."""

    numbers: Tensor
    curve: Tensor
    pressure: Tensor
    slow: Tensor
    units: Tensor

    def __init__(self) -> None:
        super().__init__()
        t = torch.arange(1, _CURVE_EVENTS + 1, dtype=torch.float64) / _CURVE_EVENTS
        unit = torch.eye(3, dtype=torch.float64)
        # Columns: what start, middle and end of a stroke add to the points of its curve.
        curve = torch.stack([bezier_point(s, bezier_control(s, m, e), e, t) for s, m, e in unit], 1)
        rise, fall = (t / 0.25).clamp(max=1.0), ((t - 0.75) / 0.25).clamp(min=0.0)
        # Columns: what entry and end pressure add to the pressures along it, which begin with the pen in the air.
        pressure = torch.stack([1 - rise / 2 - fall / 2, rise / 2 + fall / 2], 1)
        touching = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
        order = [range(12)[part] for part in (layout.START, layout.CONTROL, layout.END)]
        columns = [*(column for part in order for column in part), layout.ENTRY_PRESSURE, layout.END_PRESSURE]
        tables = {
            "curve": curve,
            "pressure": torch.cat([touching, pressure]).float(),
            "slow": speed_filter() / _EVENT_SECONDS,
            "numbers": torch.tensor([*columns, layout.SIZE]),
            "units": torch.tensor([CANVAS_SIZE] * 6 + [layout.PRESSURE_SCALE] * 2 + [layout.LOG_RADIUS_SCALE]),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def forward(self, strokes: Tensor) -> Path:
        """Follow strokes (N, 12) in [0, 1]: the same events as ``mypaint.stroke_events``."""
        numbers = strokes.index_select(1, self.numbers) * self.units
        ends, log_radius = numbers[:, :6].view(-1, 3, 2), numbers[:, 8]
        # In float64 under any mode of torch: another rounding may move a dab from one stretch to the next.
        table = self.curve.double().expand(len(ends), -1, -1)
        curve, start = torch.bmm(table, ends.double()).to(ends.dtype), ends[:, :1]
        step = curve[:, :1] - start
        entry = start + ENTRY_STEP * step * (step.square().sum(-1, keepdim=True) + SHORT).rsqrt()
        points = torch.cat([start, entry, curve], 1)
        pressure = multiply(self.pressure, numbers[:, 6:8, None])

        length = (points.diff(dim=1).square().sum(-1) + TINY).sqrt()
        speed_effect = torch.log(multiply(length, self.slow) + SPEED_GAMMA) * EFFECT_SLOPE + EFFECT_AT_REST
        laid = length * (DABS_PER_RADIUS * torch.exp(-log_radius))[:, None] * (1 + torch.exp(-speed_effect))
        dabs = F.pad(laid.cumsum(1), (1, 0))[..., None]
        return Path(
            torch.cat([points, pressure, dabs, F.pad(speed_effect, (0, 1))[..., None]], 2), log_radius, dabs[:, -1, 0]
        )


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


def single_dabs(noise_sums: Tensor) -> Tensor:
    """The noise of dabs that are laid one by one, (6, K): looked up for most strokes, not computed."""
    edges = torch.arange(len(noise_sums) - 1, dtype=noise_sums.dtype, device=noise_sums.device)
    return _noise_of(noise_sums, edges, torch.ones_like(edges)).T.contiguous()


def place_dabs(
    path: Path, noise_sums: Tensor, groups: int, counts: list[int] | None = None, singles: Tensor | None = None
) -> Dabs:
    """Lay the dabs of each path, in the order of painting, in at most ``groups`` groups of equal size.

    Args:
        path: of N strokes.
        noise_sums: of the brush.
        groups: more dabs than so many are laid together.
        counts: how many groups each stroke needs: its dabs, rounded up, at most ``groups``; so many for all by default.
        singles: ``single_dabs``, where ``counts`` are given.
    """
    points = path.points.shape[1]
    total, device = path.total, path.total.device
    size = (total / groups).clamp(min=1.0)
    most = groups if counts is None else max(counts)
    # The dab that covers (k, k + 1] is laid at its end, so a group's mean dab lies half a dab past its middle.
    where = torch.arange(0.5, most, dtype=total.dtype, device=device) * size.detach()[:, None] + 0.5
    left = torch.searchsorted(path.points[..., LAID].detach().contiguous(), where)
    # Rows of the table of all points: the first is 1, as searchsorted counts, and never 0.
    left = left.clamp(max=points - 1)
    left += torch.arange(-1, len(total) * points - 1, points, device=device)[:, None]
    stroke = torch.arange(len(total), device=device)[:, None].expand_as(left)
    group = torch.arange(most, device=device).expand_as(left)
    if counts is None or min(counts) == most:
        left, stroke, group = left.flatten(), stroke.flatten(), group.flatten()
    else:
        used = (group < torch.tensor(counts, device=device)[:, None]).flatten().nonzero()[:, 0]
        left, stroke, group = (values.flatten().index_select(0, used) for values in (left, stroke, group))

    table = path.points.flatten(0, 1).T.contiguous()
    before, after = table.index_select(1, left), table.index_select(1, left + 1)
    reach = OFFSET_BY_RANDOM * torch.exp(path.log_radius)
    numbers: tuple[Tensor, ...] = (total, size, path.log_radius, reach)
    # What is the same for all dabs has not to be looked up for each.
    if len(total) > 1:
        numbers = torch.stack(numbers).index_select(1, stroke).unbind()
    total, size_of, log_radius, reach = numbers
    first = group * size_of
    passed = before[LAID]
    fraction = (first + (size_of + 1) / 2 - passed) / (after[LAID] - passed).clamp(min=1e-5)
    placed = torch.lerp(before[:LAID], after[:LAID], fraction.clamp(0.0, 1.0))
    pressure = placed[2]

    reached = (total - first).clamp(min=0.0).minimum(size_of)
    whole = torch.where(size_of > 1, reached, reached.floor())
    # The noise of dab k belongs to dab k wherever it lies: no gradient moves it from one dab to the next.
    edges, sizes = first.detach(), size_of.detach()
    alone = len(path.total) == 1
    if singles is None or (alone and most == groups):
        noise = _noise_of(noise_sums, edges, sizes).T.contiguous()
    elif alone:
        noise = singles[:, :most]
    else:
        noise = singles.index_select(1, group)
        if most == groups:
            several = (sizes > 1).nonzero()[:, 0]
            summed = _noise_of(noise_sums, edges.index_select(0, several), sizes.index_select(0, several))
            noise.index_copy_(1, several, summed.T)
    reach = reach * pressure
    return Dabs(
        stroke=stroke,
        place=placed[:2] + reach * noise[:2],
        variance=reach.square() * noise[2:4],
        log_radius=log_radius + before[SPEED] + noise[4],
        opacity=(0.8 + 0.2 * pressure) * pressure * noise[5],
        # A dab is laid or not; its gradient is that of a dab that grows.
        laid=reached + (whole - reached).detach(),
        size=size,
    )


def _noise_of(sums: Tensor, first: Tensor, size: Tensor) -> Tensor:
    """Noise (M, 6) of groups of ``size`` dabs from the dab ``first``, both (M,).

    Mean offset in x and y, its variance in x and y, what is added to ln(radius), and how a dab is thinned that grows by
    chance: by its area (libmypaint's alpha_correction).
    """

    def up_to(edges: Tensor) -> Tensor:
        edges = edges.clamp(max=len(sums) - 1.001)
        whole = edges.long()
        before, after = sums.index_select(0, whole), sums.index_select(0, whole + 1)
        return torch.lerp(before, after, (edges - whole)[:, None])

    moments = (up_to(first + size) - up_to(first)) / size[:, None]
    mean, square, radius = moments[:, :2], moments[:, 2:4], moments[:, 4:] * RADIUS_BY_RANDOM
    thinning = torch.exp(-2 * radius).clamp(max=1.0)
    return torch.cat([mean, (square - mean.square()).clamp(min=0.0), radius, thinning], 1)
