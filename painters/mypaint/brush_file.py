"""Reading MyPaint's brush files, ``.myb``, as libmypaint takes them; files come from anywhere, so all of it is checked.

Version 3 is JSON. Version 2, of MyPaint up to 1.0, is a line for each setting: its value, then, each after a bar, the
inputs that it follows with the points of a line in pieces. libmypaint reads version 3 alone, so 2 is written as 3.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ...errors import InvalidInputError
from .library import library

LARGEST_FILE = 1 << 20
"""Bytes: the largest of Debian's 196 brushes has 25,666."""
_MOST_POINTS = 64
"""Of a line in pieces: libmypaint's ``mypaint-mapping.c`` has room for so many."""
_LARGEST = 1e4
"""Of inputs in a line's points: the largest of Debian's brushes is 360."""
_ROUNDING = 1e-4
"""Beyond MyPaint's limits that is forgiven: files hold decimals."""
_IGNORED = re.compile(r"(version|parent_brush_name|group|comment|notes|description|color)\b")
"""Lines of version 2 that are about the file, not the brush."""
_POINT = re.compile(r"\(\s*(\S+)\s+(\S+?)\s*\)")


@dataclass(frozen=True)
class BrushSetting:
    """A setting: its value, and what it follows.

    Attributes:
        base: its value before any input.
        inputs: by the input's name, points (x, y) of a line in pieces that is added to it.
    """

    base: float
    inputs: dict[str, tuple[tuple[float, float], ...]]

    @property
    def matters(self) -> bool:
        """Whether it does anything at all."""
        return bool(self.base or self.inputs)


Settings = dict[str, BrushSetting]


def read_brush_file(path: Path) -> bytes:
    """What is in a brush file.

    Raises:
        InvalidInputError: no such file, or one too large to be a brush.
    """
    if not path.is_file():
        raise InvalidInputError(f"there is no brush file {path}")
    if path.stat().st_size > LARGEST_FILE:
        raise InvalidInputError(
            f"{path} has {path.stat().st_size:,} bytes, expected a MyPaint brush of at most {LARGEST_FILE:,}"
        )
    return path.read_bytes()


def parse_brush(text: bytes, name: str) -> Settings:
    """The settings of a brush file's text, version 2 or 3.

    Args:
        text: of the file.
        name: what it is called in errors.

    Raises:
        InvalidInputError: no brush file, or one with settings, inputs or numbers that cannot be.
    """
    try:
        written = text.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name} is no MyPaint brush: it is not text") from None
    try:
        settings = _version_3(written) if written.lstrip().startswith("{") else _version_2(written)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInputError(f"{name} is no MyPaint brush of version 2 or 3 ({reason})") from None
    _check(settings, name)
    return settings


def write_brush(settings: Settings) -> bytes:
    """The text, version 3, that libmypaint takes."""
    written = {
        name: {
            "base_value": setting.base,
            "inputs": {key: list(map(list, line)) for key, line in setting.inputs.items()},
        }
        for name, setting in settings.items()
    }
    return json.dumps({"version": 3, "settings": written}).encode()


def _version_3(written: str) -> Settings:
    document = json.loads(written)
    if document["version"] != 3:
        raise ValueError(f"its version is {document['version']!r}")
    return {
        name: BrushSetting(
            float(setting["base_value"]),
            {key: tuple((float(x), float(y)) for x, y in line) for key, line in setting["inputs"].items() if line},
        )
        for name, setting in document["settings"].items()
    }


def _version_2(written: str) -> Settings:
    lines = [line.strip() for line in written.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if "version 2" not in lines:
        raise ValueError("it has neither JSON nor a line 'version 2'")
    # MyPaint's own default: paint is as opaque as the pen is pressed.
    settings: Settings = {"opaque_multiply": BrushSetting(0.0, {"pressure": ((0.0, 0.0), (1.0, 1.0))})}
    for line in lines:
        if _IGNORED.match(line):
            continue
        name, value, *inputs = re.split(r"\s+", line.partition("|")[0].strip(), maxsplit=1) + line.split("|")[1:]
        found = {}
        for one in inputs:
            key, _, points = one.strip().partition(" ")
            line_in_pieces = tuple((float(x), float(y)) for x, y in _POINT.findall(points))
            if not line_in_pieces:
                raise ValueError(f"the input {key!r} of {name!r} has no points")
            found[key] = line_in_pieces
        settings[name] = BrushSetting(float(value), found)
    return settings


def _check(settings: Settings, name: str) -> None:
    _, lib = library()
    if not settings:
        raise InvalidInputError(f"{name} is no MyPaint brush: it has no settings")
    for key, setting in settings.items():
        number = lib.mypaint_brush_setting_from_cname(key.encode()) if key.isidentifier() else -1
        if number < 0:
            raise InvalidInputError(f"{name} has a setting {key[:40]!r}, which libmypaint does not know")
        # MyPaint's own sliders end here: beyond, a stroke may take minutes, and times are no numbers any more.
        info = lib.mypaint_brush_setting_info(number)
        _check_numbers(name, key, [setting.base], info.min, info.max)
        for source, line in setting.inputs.items():
            if not source.isidentifier() or lib.mypaint_brush_input_from_cname(source.encode()) < 0:
                raise InvalidInputError(f"{name}: {key} follows {source[:40]!r}, which libmypaint does not know")
            if not 2 <= len(line) <= _MOST_POINTS:
                raise InvalidInputError(
                    f"{name}: {key} follows {source} in {len(line)} points, expected 2 to {_MOST_POINTS}"
                )
            span = info.max - info.min
            _check_numbers(name, f"{source} of {key}", [x for x, _ in line], -_LARGEST, _LARGEST)
            _check_numbers(name, f"{key} by {source}", [y for _, y in line], -span, span)
            if any(left > right for (left, _), (right, _) in pairwise(line)):
                raise InvalidInputError(f"{name}: {key} follows {source} in points that do not rise in x")


def _check_numbers(name: str, what: str, numbers: Iterable[float], least: float, most: float) -> None:
    for number in numbers:
        if not least - _ROUNDING <= number <= most + _ROUNDING:  # NaN is not either.
            raise InvalidInputError(f"{name}: {what} is {number:g}, expected a number from {least:.4g} to {most:.4g}")


def setting_of(settings: Settings, name: str, default: float = 0.0) -> BrushSetting:
    """A setting, or what it is where a brush does not say."""
    return settings.get(name, BrushSetting(default, {}))
