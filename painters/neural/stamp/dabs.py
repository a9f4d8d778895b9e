"""The dabs of strokes: where each lies and what it looks like, by libmypaint 1.6's ``prepare_and_draw_dab``."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ...device import upload
from ...raster import Raster
from .inputs import direction_input
from .law import BrushLaw
from .pen import HERE, LARGEST_RADIUS, LEAST_RADIUS, Path
from .shaking import chances

MOST_OPAQUE = 0.9995
"""Of one dab at one pixel: what it lets through keeps a logarithm; an eighth of a level of 8 bits is lost."""
_LEAST_REST = 1e-4
"""What opaque paint lets through, below which its root is followed by a line: the slope of roots has no end."""
_NO_DABS = 1e-6
"""Of a stretch: keeps a pen that rests divisible."""


class Dabs(NamedTuple):
    """M dabs, those of one stroke after those of another."""

    stroke: Tensor
    """(M,) int64: whose they are."""
    place: Tensor
    """(2, M) x and y in pixels of the raster, from its corner."""
    radius: Tensor
    """(M,) in pixels of the raster."""
    hardness: Tensor
    """(M,) in [0, 1]."""
    opacity: Tensor
    """(M,) in [0, 1)."""
    laid: Tensor
    """(M,) how many dabs it stands for; 0 past the end of the stroke."""
    ratio: Tensor
    """(M,) of an ellipse's axes, 1 or more."""
    angle: Tensor
    """(M,) of its long axis, in radians, in [-pi, 0)."""
    grouped: bool
    """Whether some may stand for more than one."""

    def part(self, first: int, last: int, left: int, top: int) -> "Dabs":
        """Dabs ``first`` to before ``last`` as those of one stroke, on a raster that begins further right and down."""
        rows, corner = slice(first, last), self.place.new_tensor([[left], [top]])
        return Dabs(
            torch.zeros_like(self.stroke[rows]),
            self.place[:, rows] - corner,
            self.radius[rows],
            self.hardness[rows],
            self.opacity[rows],
            self.laid[rows],
            self.ratio[rows],
            self.angle[rows],
            self.grouped,
        )


def place_dabs(
    law: BrushLaw,
    columns: dict[str, int],
    path: Path,
    noise: Tensor,
    raster: Raster,
    counts: list[int] | None = None,
    stream: Tensor | None = None,
) -> Dabs:
    """Lay the dabs of each path in the order of painting.

    Args:
        law: of the brush.
        columns: of a path's points.
        path: of N strokes.
        noise: (K, 4) of the brush: random numbers of dabs; where a stroke has more than K, several are laid at once.
        raster: in whose pixels they are told.
        counts: how many dabs each stroke needs, at most K; K for all by default.
        stream: of a brush that shakes: the random numbers from which pen and dabs draw in turn.
    """
    device, events = path.total.device, path.points.shape[1]
    most = len(noise) if counts is None else max(counts)
    size = (path.total / len(noise)).clamp(min=1.0)
    number = torch.arange(most, device=device)
    where = (number + 1) * size.detach()[:, None]
    laid_before = path.points[..., columns["dabs"]].detach().contiguous()
    left = torch.searchsorted(laid_before, where).clamp(1, events - 1) - 1
    stroke = torch.arange(len(path.total), device=device)[:, None].expand_as(left)
    number = number.expand_as(left)
    found = [left, stroke, number]
    if stream is not None:
        found.append(torch.nn.functional.pad(left[:, :-1], (1, 0), value=-1))
    if counts is None or min(counts) == most:
        found = [values.flatten() for values in found]
    else:
        used = number < torch.tensor(counts, device=device)[:, None]
        found = [values[used] for values in found]
    left, stroke, number = found[:3]
    row = stroke * events + left
    table = path.points.flatten(0, 1)
    before, after = table[row], table[row + 1]
    rate, last = path.rates.flatten(0, 1)[stroke * (events - 1) + left].unbind(-1)
    stroke_numbers = torch.stack([size, path.total, path.log_radius], 1)[stroke]
    size, total, log_radius = stroke_numbers.unbind(1)
    # Within a stretch the rate of dabs changes from the one to the other along a line.
    passed = ((number + 1) * size - before[:, columns["dabs"]]).clamp(min=0.0)
    root = (rate.square() + 2 * (last - rate) * passed).clamp(min=_NO_DABS**2).sqrt()
    fraction = (2 * passed / (rate + root).clamp(min=_NO_DABS))[:, None].clamp(0.0, 1.0)
    felt = torch.lerp(before, after, fraction)
    here = len(HERE)
    if felt.shape[1] > here:
        # The pen is here, but what it felt is what it felt a step ago: at the last event or the last dab.
        step = size.detach() / torch.lerp(rate, last, fraction[:, 0]).clamp(min=_NO_DABS)
        earlier = torch.lerp(before[:, here:], after[:, here:], (fraction - step[:, None]).clamp(min=0.0))
        felt = torch.cat([felt[:, :here], earlier], 1)
    reached = (total - number * size).clamp(min=0.0).minimum(size)
    whole = torch.where(size > 1, reached, reached.floor())
    # A dab is laid or not; its gradient is that of a dab that grows.
    laid = reached + (whole - reached).detach()
    # The noise of dab k belongs to dab k wherever it lies: no gradient moves it from one dab to the next.
    if stream is not None and path.shaking is not None:
        chance = chances(stream, path.shaking, law, stroke, left, found[3], number)
    else:
        chance = noise[number].T
    grouped = counts is None or most >= len(noise)
    return _formed(law, _Felt(felt.T, columns), log_radius, chance, raster)._replace(
        stroke=stroke, laid=laid, grouped=grouped
    )


class _Felt:
    """What the pen felt at M dabs, (F, M), by name."""

    def __init__(self, values: Tensor, columns: dict[str, int]) -> None:
        self.place = values[:2]
        self.inputs = {
            name: values[columns[name]] for name in columns if name not in ("x", "y", "dabs") and "_" not in name
        }
        if "direction_x" in columns:
            self.inputs["direction"] = direction_input(values[columns["direction_x"]], values[columns["direction_y"]])
        self.velocity = values[columns["velocity_x"] : columns["velocity_y"] + 1] if "velocity_x" in columns else None


def _formed(law: BrushLaw, felt: _Felt, log_radius: Tensor, chance: Tensor, raster: Raster) -> Dabs:
    """Dabs of brushes that felt so, without their strokes."""
    offset_x_y, radius_chance = chance[:2], chance[2]
    inputs = felt.inputs | {"random": chance[3]}
    place = felt.place
    if felt.velocity is not None:
        place = place + felt.velocity * law["offset_by_speed"](inputs) * 0.1
    offset = law["offset_by_random"]
    if offset.matters:
        place = place + offset(inputs).clamp(min=0.0) * log_radius.exp() * offset_x_y

    limits = math.log(LEAST_RADIUS * raster.step), math.log(LARGEST_RADIUS * raster.step)
    opacity = (law["opaque"](inputs).clamp(min=0.0) * law["opaque_multiply"](inputs)).clamp(0.0, 1.0)
    opacity = _linearized(opacity, law)
    wanted = log_radius + law["radius_logarithmic"].moved(inputs)
    actual = wanted.clamp(*limits)
    if law["radius_by_random"].matters:
        by_chance = (wanted + radius_chance * law["radius_by_random"](inputs)).clamp(*limits)
        # A dab that grows by chance is thinned by its area (alpha_correction).
        opacity = opacity * torch.exp(2 * (actual - by_chance)).clamp(max=1.0)
        actual = by_chance
    angle = law["elliptical_dab_angle"](inputs).remainder(180.0) - 180.0
    return Dabs(
        stroke=opacity,
        place=(place - upload([[raster.left], [raster.top]], place.device, place.dtype)) / raster.step,
        radius=actual.exp() / raster.step,
        hardness=law["hardness"](inputs).clamp(0.0, 1.0),
        opacity=opacity.clamp(max=MOST_OPAQUE),
        laid=opacity,
        ratio=law["elliptical_dab_ratio"](inputs).clamp(min=1.0),
        angle=torch.deg2rad(angle),
        grouped=False,
    )


def _linearized(opacity: Tensor, law: BrushLaw) -> Tensor:
    """The opacity of one of several dabs that lie over each other (``opaque_linearize``)."""
    amount = law.base("opaque_linearize")
    dabs = max(1.0, 2 * (law.base("dabs_per_actual_radius") + law.base("dabs_per_basic_radius")))
    if not amount or dabs == 1:
        return opacity
    rest = 1 - opacity
    root = torch.exp(rest.clamp(min=_LEAST_REST).log() / (1 + amount * (dabs - 1)))
    return 1 - root * (rest / _LEAST_REST).clamp(max=1.0)


def softened(dabs: Dabs, law: BrushLaw, least_fade: float) -> Dabs:
    """Dabs with edges as wide as the brush's anti-aliasing asks, in pixels of the raster, and snapped to them.

    A wider fade keeps the radius that the eye sees.

    Args:
        dabs: as the brush makes them.
        law: of the brush.
        least_fade: part of the radius over which edges fade that the brush leaves sharper.
    """
    snap = law["snap_to_pixel"].level
    radius, hardness, place = dabs.radius, dabs.hardness, dabs.place
    # What is snapped to pixels has no slope either way.
    fade = (radius * (0.0 if snap > 0 else least_fade)).clamp(min=law["anti_aliasing"].level)
    seen = radius - (1 - hardness) * radius / 2
    soft = (seen - fade / 2) / (seen + fade / 2)
    narrow = radius * (1 - hardness) < fade
    hardness = torch.where(narrow, soft, hardness)
    radius = torch.where(narrow, fade / (1 - soft), radius)
    if snap > 0:
        # Snapping has no slope: gradients are those of a dab that is not snapped.
        place = place + (snap * (place.floor() + 0.5 - place)).detach()
        whole = (radius * 2).round().clamp(min=1.0) / 2 - (1e-4 if snap > 0.9999 else 0.0)
        radius = radius + (snap * (whole - radius)).detach()
    return dabs._replace(place=place, radius=radius, hardness=hardness.clamp(min=0.0))
