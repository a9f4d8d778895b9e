"""Where the pen goes and what it feels on the way: the states that a brush's settings follow, at every event.

The laws are those of libmypaint 1.6 (``mypaint-brush.c``: ``stroke_to``, ``update_states_and_setting_values``,
``count_dabs_to``). There they advance from dab to dab; here they are solved from event to event, between which the pen
moves on a straight line, so that most of them are exponentials.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ... import stroke as layout
from ...modes import multiply
from ...stroke import CANVAS_SIZE, bezier_control, bezier_point
from .inputs import (
    EVENT_SECONDS,
    EVENTS,
    LEAST_SLOWNESS,
    TRACKING_STEPS,
    direction_input,
    following,
    slow_matrix,
    smoothed,
    speed_input,
    tracking_matrix,
)
from .law import BrushLaw
from .shaking import Shaking, latest, look, numbers_of_a_dab, tremor, whole_dabs

HERE = ("x", "y", "pressure", "dabs")
"""The first columns of a path's points: what is so where the pen is. The others are felt a step late."""
_CURVE_EVENTS = 100
_ENTRY_STEP = 0.25
"""Pixels from touch to entry."""
LEAST_RADIUS, LARGEST_RADIUS = 0.2, 1000.0
"""Pixels: libmypaint's ``ACTUAL_RADIUS_MIN`` and ``ACTUAL_RADIUS_MAX``."""
_SHORT, _TINY = 1e-4, 1e-12
"""Square pixels that keep directions and lengths of empty strokes differentiable."""
_CUSTOM_STEP = 0.1
"""Of the custom input's filter, at every event and every dab."""
_PRESSED = 1e-4
"""Pressure above a brush's threshold at which a stroke begins."""
_ENDLESS = 10.9
"""A stroke input that holds so long never begins again."""
_LEAST_VELOCITY_SECONDS = 0.002
"""Time constant of the velocity that dabs are offset by, at least."""
_SHAKEN_DABS, _NUMBERS_OF_AN_EVENT = 4096, 9
"""Dabs, and random numbers for each event beside those of dabs, that a shaking brush is given."""
_RANDOM_POINTS = 16
"""Values of the random input over which the rate of dabs is averaged that it moves: the next ones are not known yet."""


class Path(NamedTuple):
    """The pen's path at P = 103 events, for N strokes."""

    points: Tensor
    """(N, P, F): see ``Pen.columns``. First x and y in pixels, pressure, dabs that were laid up to here, not
    rounded; then what the brush feels a step late."""
    rates: Tensor
    """(N, P - 1, 2): dabs on each stretch at the rate of its beginning, and of its end."""
    log_radius: Tensor
    """(N,) ln of the brush's base radius in pixels."""
    total: Tensor
    """(N,) dabs of the whole stroke."""
    shaking: Shaking | None = None
    """At which events a shaking brush looks."""


class _Way(NamedTuple):
    """How the pen goes from event to event, for N strokes."""

    moved: Tensor
    """(N, P - 1, 2) pixels on each stretch."""
    length: Tensor
    """(N, P - 1) of it."""
    pressure: Tensor
    """(N, P)."""
    log_radius: Tensor
    """(N,)."""
    shaking: Shaking | None


class Pen(nn.Module):
    """Follows strokes with a brush.

    Args:
        law: the brush's settings.
        dabs: of a stroke, for which random numbers are kept if the brush shakes.

    Attributes:
        columns: of a path's points, by name.
    """

    first: Tensor
    curve: Tensor
    pressure: Tensor
    numbers: Tensor
    units: Tensor
    speed1: Tensor
    speed2: Tensor
    velocity: Tensor
    stream: Tensor

    def __init__(self, law: BrushLaw, dabs: int = _SHAKEN_DABS) -> None:
        super().__init__()
        self.law = law
        names = [*HERE, *(name for name in ("speed1", "speed2", "stroke", "custom") if law.follows(name))]
        names += ["direction_x", "direction_y"] if law.follows("direction") else []
        names += ["velocity_x", "velocity_y"] if law["offset_by_speed"].matters else []
        self.columns = {name: column for column, name in enumerate(names)}
        for name, table in self._tables().items():
            self.register_buffer(name, table, persistent=False)
        if law.shakes:
            numbers = numbers_of_a_dab(law) * dabs + _NUMBERS_OF_AN_EVENT * EVENTS
            self.register_buffer("stream", torch.zeros(numbers))

    def _tables(self) -> dict[str, Tensor]:
        """What is the same for all strokes, and linear in their numbers."""
        law = self.law
        t = torch.arange(1, _CURVE_EVENTS + 1, dtype=torch.float64) / _CURVE_EVENTS
        unit = torch.eye(3, dtype=torch.float64)
        # Columns: what start, middle and end of a stroke, and the step of the entry, add to each event.
        curve = torch.stack([bezier_point(s, bezier_control(s, m, e), e, t) for s, m, e in unit], 1)
        events = nn.functional.pad(torch.cat([unit[:1], unit[:1], curve, unit[2:]]), (0, 1))
        events[1, 3] = 1.0
        rise, fall = (t / 0.25).clamp(max=1.0), ((t - 0.75) / 0.25).clamp(min=0.0)
        # Columns: what entry and end pressure add to the pressures, which begin and end with the pen in the air.
        pressure = torch.stack([1 - rise / 2 - fall / 2, rise / 2 + fall / 2], 1)
        none, entry = torch.zeros(1, 2, dtype=torch.float64), torch.eye(2, dtype=torch.float64)[:1]
        order = [range(12)[part] for part in (layout.START, layout.CONTROL, layout.END)]
        numbers = [*(number for part in order for number in part), layout.ENTRY_PRESSURE, layout.END_PRESSURE]
        tables = {
            "first": (curve[0] - unit[0])[None].float(),
            "curve": events if law.shakes else tracking_matrix(law.base("slow_tracking")) @ events,
            "pressure": torch.cat([none, entry, pressure, none]).float(),
            "numbers": torch.tensor([*numbers, layout.SIZE]),
            "units": torch.tensor([CANVAS_SIZE] * 6 + [layout.PRESSURE_SCALE] * 2 + [layout.LOG_RADIUS_SCALE]),
        }
        for name in ("speed1", "speed2"):
            if law.follows(name):
                tables[name] = slow_matrix(law.base(f"{name}_slowness"))
        if "velocity_x" in self.columns:
            seconds = math.exp(law.base("offset_by_speed_slowness") * 0.01) - 1
            tables["velocity"] = slow_matrix(max(_LEAST_VELOCITY_SECONDS, seconds))
        return tables

    def forward(self, strokes: Tensor, ask: bool = True) -> Path:
        """Follow strokes (N, 12) in [0, 1]; the host may ask for their numbers, or not."""
        numbers = strokes[:, self.numbers] * self.units
        ends, log_radius = numbers[:, :6].view(-1, 3, 2), numbers[:, 8]
        step = multiply(self.first, ends)
        entry = _ENTRY_STEP * step * (step.square().sum(-1, keepdim=True) + _SHORT).rsqrt()
        # In float64 under any mode of torch: another rounding may move a dab from one stretch to the next.
        points = (self.curve.double() @ torch.cat([ends, entry], 1).double()).to(ends.dtype)
        pressure = multiply(self.pressure, numbers[:, 6:8, None])[..., 0]
        if self.law.shakes:
            return self._shaken(points, pressure, log_radius, ask)
        return self._followed(points, pressure, log_radius, None)

    def _shaken(self, points: Tensor, pressure: Tensor, log_radius: Tensor, ask: bool) -> Path:
        """The path of a hand that shakes: by how much depends on the dabs before, so it is found event after event."""
        reach = (self.law.base("tracking_noise") * torch.exp(log_radius))[:, None, None]
        shaking = look(points, reach[:, 0, 0])
        pressure = pressure.gather(1, latest(shaking.seen))
        kernel = shaking.kernel(EVENT_SECONDS * TRACKING_STEPS / max(self.law.base("slow_tracking"), LEAST_SLOWNESS))
        thrown = torch.zeros_like(points)
        for _ in range(EVENTS):
            with torch.no_grad():
                path = self._followed(multiply(kernel, points + reach * thrown), pressure, log_radius, shaking)
                found = tremor(self.stream, shaking, path.points[..., self.columns["dabs"]], self.law)
            if ask and torch.equal(found, thrown):
                break
            thrown = found
        return self._followed(multiply(kernel, points + reach * thrown), pressure, log_radius, shaking)

    def _followed(self, points: Tensor, pressure: Tensor, log_radius: Tensor, shaking: Shaking | None) -> Path:
        law = self.law
        moved = points.diff(dim=1)
        way = _Way(moved, (moved.square().sum(-1) + _TINY).sqrt(), pressure, log_radius, shaking)
        felt = self._felt(way)
        rates = self._rates(way, felt)
        if law.follows("custom"):
            felt["custom"] = self._custom(felt["custom"], rates)
        late = [name for name in law["radius_logarithmic"].follows if name in self.columns and name != "pressure"]
        if late:
            # At an event the brush feels what it felt a step ago.
            step = nn.functional.pad(1 / (rates[..., 0] + 1), (1, 0), value=1.0)
            before = {name: torch.cat([felt[name][:, :1], felt[name][:, :-1]], 1) for name in late}
            rates = self._rates(way, felt | {name: torch.lerp(felt[name], before[name], step) for name in late})
        count = rates.mean(-1)
        dabs = nn.functional.pad(count.cumsum(1), (1, 0))
        dabs = dabs if shaking is None else whole_dabs(dabs, shaking)
        points = self._tracked(points, count, felt)
        found = felt | {"x": points[..., 0], "y": points[..., 1], "dabs": dabs}
        if "velocity_x" in self.columns:
            found["velocity_x"], found["velocity_y"] = multiply(self.velocity, moved).unbind(-1)
        return Path(torch.stack([found[name] for name in self.columns], -1), rates, log_radius, dabs[:, -1], shaking)

    def _felt(self, way: _Way) -> dict[str, Tensor]:
        """(N, 103) of each input that the brush follows; the custom one as its setting has it."""
        law = self.law
        felt = {"pressure": way.pressure * math.exp(law.base("pressure_gain_log"))}
        for name in ("speed1", "speed2"):
            if name in self.columns:
                slow = multiply(getattr(self, name), way.length[..., None])[..., 0]
                felt[name] = speed_input(slow, law.base(f"{name}_gamma"))
        if "stroke" in self.columns:
            felt["stroke"] = self._stroke(way, felt)
        if "direction_x" in self.columns:
            x, y = self._direction(way.moved, way.length).unbind(-1)
            felt |= {"direction_x": x, "direction_y": y, "direction": direction_input(x, y)}
        if "custom" in self.columns:
            felt["custom"] = law["custom_input"](felt | {"random": torch.full_like(way.pressure, 0.5)})
        return felt

    def _stroke(self, way: _Way, felt: dict[str, Tensor]) -> Tensor:
        """How far the stroke is, in parts of its duration: 1 before the pen is pressed, then from 0."""
        law = self.law
        rate = torch.exp(-law["stroke_duration_logarithmic"](felt))[:, 1:] * way.length
        passed = nn.functional.pad((rate * torch.exp(-way.log_radius)[:, None]).cumsum(1), (1, 0))
        first = (way.pressure > law.base("stroke_threshold") + _PRESSED).to(torch.int8).argmax(1, keepdim=True)
        began = first if way.shaking is None else torch.maximum(first, latest(way.shaking.anew))
        phase = (passed - passed.gather(1, began)).clamp(min=0.0)
        wrap = 1.0 + law.base("stroke_holdtime")
        if wrap <= _ENDLESS:
            phase = phase.remainder(wrap)
        return torch.where(torch.arange(EVENTS, device=first.device) < first, 1.0, phase.clamp(max=1.0))

    def _direction(self, moved: Tensor, length: Tensor) -> Tensor:
        """(N, 103, 2) the pen's mean direction as a vector of twice the angle: MyPaint knows no there and back."""
        x, y = moved.unbind(-1)
        twice = torch.stack([x * x - y * y, 2 * x * y], -1) / (length.square() + _SHORT)[..., None]
        reach = math.exp(self.law.base("direction_filter") * 0.5) - 1
        found = smoothed(twice, length / max(reach, LEAST_SLOWNESS))
        return torch.cat([found[:, 1:2], found[:, 1:]], 1)

    def _custom(self, wanted: Tensor, rates: Tensor) -> Tensor:
        """(N, 103) the custom input, which follows its setting slowly, from event to event and dab to dab."""
        slowness = self.law.base("custom_input_slowness")
        if slowness <= LEAST_SLOWNESS:
            return wanted
        return smoothed(wanted[:, 1:, None], (rates.mean(-1) + 1) * (_CUSTOM_STEP / slowness))[..., 0]

    def _rates(self, way: _Way, felt: dict[str, Tensor]) -> Tensor:
        """(N, 102, 2) dabs on each stretch at the rate of its beginning and of its end."""
        law, (moved, length, _, log_radius, shaking) = self.law, way
        actual, basic = law.base("dabs_per_actual_radius"), law.base("dabs_per_basic_radius")
        waited = torch.ones_like(length) if shaking is None else shaking.waited[:, 1:]
        by_time = EVENT_SECONDS * law.base("dabs_per_second") * waited
        each = actual / self._actual_radius(log_radius, felt) + basic * torch.exp(-log_radius)[:, None]
        if law.round:
            begin, end = length * each[:, :-1], length * each[:, 1:]
        else:
            begin, end = self._in_ellipse(moved, felt, 0) * each[:, :-1], self._in_ellipse(moved, felt, 1) * each[:, 1:]
        # A brush that was reset counts its first dabs by the base radius, and round.
        first = torch.exp(-log_radius) * (actual + basic) * length[:, 0]
        # Dabs are counted at the rate of the last step, to an event or a dab: half a step late.
        end = torch.lerp(begin, end, (begin + by_time) / (begin + by_time + 1))
        rates = torch.stack([begin, end], -1)[:, 1:]
        rates = torch.cat([first[:, None, None].expand(-1, 1, 2), rates], 1) + by_time[..., None]
        if shaking is None:
            return rates
        base = torch.exp(-log_radius)[:, None] * (actual + basic) * length + by_time
        return torch.where(shaking.anew[:, :-1, None], base[..., None], rates) * shaking.laying[..., None]

    def _actual_radius(self, log_radius: Tensor, felt: dict[str, Tensor]) -> Tensor:
        """(N, 103) the radius by which dabs are counted, in pixels."""
        setting = self.law["radius_logarithmic"]
        limits = math.log(LEAST_RADIUS), math.log(LARGEST_RADIUS)
        if "random" not in setting.follows:
            return torch.exp((setting.moved(felt) + log_radius[:, None]).clamp(*limits))
        some = torch.full_like(felt["pressure"], 1 / _RANDOM_POINTS)
        each = [setting.moved(felt | {"random": some * (k + 0.5)}) + log_radius[:, None] for k in range(_RANDOM_POINTS)]
        return 1 / torch.stack([torch.exp(-one.clamp(*limits)) for one in each]).mean(0)

    def _in_ellipse(self, moved: Tensor, felt: dict[str, Tensor], end: int) -> Tensor:
        """(N, 102) lengths of stretches as dabs are counted along them, in the dab's ellipse at one of their ends."""
        part = slice(end, EVENTS - 1 + end)
        ratio = self.law["elliptical_dab_ratio"](felt)[:, part].clamp(min=1.0)
        angle = torch.deg2rad(self.law["elliptical_dab_angle"](felt)[:, part])
        cos, sin, (x, y) = angle.cos(), angle.sin(), moved.unbind(-1)
        across, along = (y * cos - x * sin) * ratio, y * sin + x * cos
        return (across.square() + along.square() + _TINY).sqrt()

    def _tracked(self, points: Tensor, count: Tensor, felt: dict[str, Tensor]) -> Tensor:
        """(N, 103, 2) where dabs are laid while the pen is at points: they follow it slowly, from dab to dab."""
        setting = self.law["slow_tracking_per_dab"]
        if not setting.follows and setting.level <= LEAST_SLOWNESS:
            return points
        slowness = setting(felt)[:, 1:].clamp(min=LEAST_SLOWNESS)
        # libmypaint steps to every dab and every event. Steps of d lag d e / (1 - e) behind a line, e = exp(-d / T),
        # where a steady filter lags T: it runs after points that are ahead by the difference.
        step = count / (count + 1)
        rest = (step / slowness).clamp(min=1e-4)
        lag = step / torch.expm1(rest)
        ahead = torch.where(count > _SHORT, (slowness - lag) / count.clamp(min=_SHORT), 0.0)[..., None]
        moved = points.diff(dim=1) * ahead
        return following(points[:, :1], points[:, :-1] + moved, points[:, 1:] + moved, count / slowness)
