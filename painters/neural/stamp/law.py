"""What a MyPaint brush says of its dabs: the settings that decide where they fall and how they look.

A setting has a base value, to which lines in pieces of what the pen does are added: libmypaint 1.6's
``mypaint-mapping.c``. What a brush does not say is 0 (``mypaint_brush_new``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ....errors import InvalidInputError

FOLLOWED = ("pressure", "speed1", "speed2", "random", "stroke", "direction", "custom")
"""Inputs that a stroke of twelve numbers moves."""
_STILL = {"tilt_declination": 90.0, "tilt_ascension": 0.0}
"""Inputs that stay what they are: the pen is upright (``mypaint_brush_stroke_to`` with a tilt of 0)."""
_LINES = (
    *("radius_logarithmic", "hardness", "opaque", "opaque_multiply", "offset_by_random", "radius_by_random"),
    *("elliptical_dab_ratio", "elliptical_dab_angle"),
    *("offset_by_speed", "slow_tracking_per_dab", "custom_input", "stroke_duration_logarithmic"),
)
"""Settings that may follow inputs here."""
_BASES = (
    *("opaque_linearize", "dabs_per_basic_radius", "dabs_per_actual_radius", "dabs_per_second"),
    *("speed1_slowness", "speed2_slowness", "speed1_gamma", "speed2_gamma", "offset_by_speed_slowness"),
    *("slow_tracking", "stroke_holdtime", "stroke_threshold", "custom_input_slowness", "direction_filter"),
    *("pressure_gain_log", "anti_aliasing", "snap_to_pixel", "tracking_noise"),
)
"""Settings of which libmypaint, or this painter, reads the base value alone."""
_VALUES = (
    *("speed1_slowness", "speed2_slowness", "offset_by_speed_slowness", "stroke_holdtime", "custom_input_slowness"),
    *("direction_filter", "anti_aliasing", "snap_to_pixel"),
)
"""Those of them that libmypaint lets inputs move, which is not followed here."""
_UNKNOWN = (
    *("offset_x", "offset_y", "offset_angle", "offset_angle_asc", "offset_angle_view"),
    *("offset_angle_2", "offset_angle_2_asc", "offset_angle_2_view"),
)
"""Settings that move dabs in ways that are not followed here: no Debian brush of one color has an offset to a side."""
_SHAKEN = ("pressure", "random", "stroke")
"""Inputs that are followed where tracking noise makes the pen jump, at steps of any length."""
_LEAST_NOISE = 1e-3
"""Of tracking, in radii: what throws the pen less is not seen, and libmypaint draws no numbers for it."""
_NOT_SHAKEN = ("offset_by_speed", "slow_tracking_per_dab")
"""Settings that are not followed there."""
LARGEST_RADIUS = math.exp(2.0)
"""Pixels of the 64x64 canvas, before a brush adds to it."""
LARGEST_CHANCE = 3.47
"""Of libmypaint's normal numbers, which are sums of four uniform ones (``rand_gauss``)."""
_LEAST_STEP = 1e-3
"""Two points of a line that lie one over the other get this far apart: a step keeps a slope."""


@dataclass(frozen=True)
class Setting:
    """A base value, and lines in pieces of inputs that are added to it.

    Args:
        base: the value without them.
        inputs: points (x, y) that rise in x, by the input's name; beyond the first and the last piece the line goes on.

    Examples:
        >>> setting = Setting(1.0, {"pressure": ((0.0, 0.0), (0.5, 1.0), (1.0, 1.0))})
        >>> setting({"pressure": torch.tensor([0.25, 0.5, 0.75])})
        tensor([1.5000, 2.0000, 2.0000])
    """

    base: float = 0.0
    inputs: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    follows: tuple[str, ...] = field(init=False, compare=False)
    """The inputs that move it."""
    added: float = field(init=False, compare=False)
    """What inputs add that never change."""

    def __post_init__(self) -> None:
        """Look once at what moves it."""
        follows = tuple(name for name, points in self.inputs.items() if name in FOLLOWED and _moves(points))
        still = [(points, _STILL.get(name, 0.0)) for name, points in self.inputs.items() if name not in follows]
        object.__setattr__(self, "follows", follows)
        object.__setattr__(self, "added", sum(float(_value(points, torch.tensor(x))) for points, x in still))

    @property
    def level(self) -> float:
        """Its value where nothing moves it."""
        return self.base + self.added

    @property
    def matters(self) -> bool:
        """Whether it is ever other than 0."""
        return bool(self.level or self.follows)

    def moved(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """What inputs, all of one shape, add to the base."""
        total = torch.full_like(inputs["pressure"], self.added)
        for name in self.follows:
            total = total + _value(self.inputs[name], inputs[name])
        return total

    def __call__(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Its values for values of the inputs, which are all of one shape."""
        return self.moved(inputs) + self.base

    @property
    def most(self) -> float:
        """What inputs add at most, at the points of their lines."""
        return self.added + sum(max(y for _, y in self.inputs[name]) for name in self.follows)


_NOTHING = Setting()


def _moves(points: tuple[tuple[float, float], ...]) -> bool:
    return len({y for _, y in points}) > 1


def _value(points: tuple[tuple[float, float], ...], x: Tensor) -> Tensor:
    """A line in pieces at x: a straight line, and a hinge wherever its slope changes."""
    rising = [points[0]]
    for left, y in points[1:]:
        rising.append((max(left, rising[-1][0] + _LEAST_STEP), y))
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(rising)]
    total = rising[0][1] + slopes[0] * (x - rising[0][0])
    for (start, _), before, after in zip(rising[1:], slopes, slopes[1:], strict=False):
        if after != before:
            total = total + (after - before) * (x - start).clamp(min=0.0)
    return total


@dataclass(frozen=True)
class BrushLaw:
    """The settings of a brush that decide its ink, by MyPaint's names.

    Args:
        settings: those that are not 0.

    Examples:
        >>> law = BrushLaw({"opaque": Setting(0.5)})
        >>> law["opaque"].base, law["hardness"].base, BrushLaw.read(law.written()) == law
        (0.5, 0.0, True)
    """

    settings: Mapping[str, Setting]
    round: bool = field(init=False, compare=False)
    """Whether its dabs are round."""
    upright: bool = field(init=False, compare=False)
    """Whether its dabs are round, and the axis that small ones still have stands upright."""
    shakes: bool = field(init=False, compare=False)
    """Whether the pen is thrown about by chance."""

    def __post_init__(self) -> None:
        """Look once at what is asked of every stroke."""
        ratio, angle = self["elliptical_dab_ratio"], self["elliptical_dab_angle"]
        is_round = not ratio.follows and ratio.level <= 1
        object.__setattr__(self, "round", is_round)
        object.__setattr__(self, "shakes", self.base("tracking_noise") > _LEAST_NOISE)
        object.__setattr__(self, "upright", is_round and not angle.follows and angle.level % 180 == 90)

    def __getitem__(self, name: str) -> Setting:
        return self.settings.get(name, _NOTHING)

    @property
    def largest(self) -> float:
        """By how much the radius grows at most."""
        chance = self["radius_by_random"]
        return math.exp(self["radius_logarithmic"].most + LARGEST_CHANCE * max(0.0, chance.base + chance.most))

    def base(self, name: str) -> float:
        """The base value of a setting."""
        return self[name].base

    def follows(self, name: str) -> bool:
        """Whether any setting follows an input."""
        return any(name in setting.follows for setting in self.settings.values())

    def written(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            name: {"base": setting.base, "inputs": {key: list(map(list, line)) for key, line in setting.inputs.items()}}
            for name, setting in self.settings.items()
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "BrushLaw":
        """From JSON."""
        return cls(
            {
                name: Setting(one["base"], {key: tuple((x, y) for x, y in line) for key, line in one["inputs"].items()})
                for name, one in written.items()
            }
        )

    @classmethod
    def of(cls, settings: Mapping[str, Any], name: str) -> "BrushLaw":
        """The law of a brush file's settings.

        Args:
            settings: with ``base`` and ``inputs`` each, by name.
            name: what the brush is called in errors.

        Raises:
            InvalidInputError: the brush needs what is not followed here.
        """
        kept = {key: Setting(settings[key].base, dict(settings[key].inputs)) for key in settings if key in _LINES}
        kept |= {key: Setting(settings[key].base) for key in settings if key in _BASES}
        law = cls({key: setting for key, setting in kept.items() if setting.base or setting.inputs})
        for key in _UNKNOWN:
            if key in settings and settings[key].matters:
                raise InvalidInputError(
                    f"no painter can be trained for brush {name!r}: it sets {key}, which is not followed"
                )
        for key in _VALUES:
            for source in settings[key].inputs if key in settings else ():
                raise InvalidInputError(
                    f"no painter can be trained for brush {name!r}: its {key} follows {source}, expected a number alone"
                )
        for key, setting in law.settings.items() if law.shakes else ():
            fast = [f"follows {one}" for one in setting.follows if one not in _SHAKEN]
            fast += ["is set"] if key in _NOT_SHAKEN and setting.matters else []
            if fast:
                raise InvalidInputError(
                    f"no painter can be trained for brush {name!r}: its {key} {fast[0]}, which is not followed "
                    "together with tracking_noise"
                )
        for key, setting in law.settings.items():
            strange = [one for one in setting.inputs if one not in FOLLOWED and one not in _STILL]
            if strange:
                raise InvalidInputError(
                    f"no painter can be trained for brush {name!r}: its {key} follows {strange[0]}, expected one of "
                    f"{', '.join(FOLLOWED)}"
                )
        return law
