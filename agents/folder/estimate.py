"""What it takes to paint very many pictures, from the pace of one machine. Numbers only: nothing is painted here."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InvalidInputError
from ...runs import read_json

FORMAT, VERSION = "paintgym pace", 1
_PACE = ("processes", "paintings_per_hour", "core_share", "start_seconds", "memory")


@dataclass(frozen=True)
class Estimate:
    """What painting takes.

    It assumes that machines are alike and share nothing: each paints as fast as alone, which holds as long as what they
    read from and write to keeps up with ``bytes_per_second``.

    Attributes:
        hours_of_one: that one machine takes.
        machines: that are done in the hours wished for.
        hours: that these take.
        disk: bytes of the paintings.
        memory: bytes that a machine's processes take at most.
        bytes_per_second: that all machines write together.
    """

    hours_of_one: float
    machines: int
    hours: float
    disk: int
    memory: int
    bytes_per_second: float


def estimate(measured: dict[str, Any], pictures: int, hours: float, lost: float = 0.0) -> Estimate:
    """Work out what painting takes.

    Args:
        measured: by ``measure_paces``, on a machine like those that are to paint.
        pictures: how many.
        hours: in which they are to be painted.
        lost: part of their time that machines are away or do again what was lost, below 1.

    Raises:
        InvalidInputError: one machine's start alone takes longer.
    """
    best = max(measured["paces"], key=lambda pace: pace["paintings_per_hour"])
    start, pace = best["start_seconds"] / 3600, best["paintings_per_hour"] * (1 - lost)
    if hours <= start:
        raise InvalidInputError(f"hours is {hours:g}, but processes take {60 * start:.1f} minutes to start", "hours")
    each = math.floor(pace * (hours - start) + 1e-6)
    if not each:
        raise InvalidInputError(f"hours is {hours:g}, in which one machine paints no whole picture", "hours")
    machines = math.ceil(pictures / each)

    def taken(count: int) -> float:
        return float(start + math.ceil(pictures / count) / pace)

    disk = pictures * measured["painting_bytes"]
    return Estimate(
        hours_of_one=taken(1),
        machines=machines,
        hours=taken(machines),
        disk=disk,
        memory=best["processes"] * best["memory"],
        bytes_per_second=disk / (3600 * taken(machines)),
    )


def read_paces(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """What was measured elsewhere, by ``measure_paces``.

    Args:
        path: a file that ``paintgym plan --json`` wrote.
        settings: what is to be painted; it has to be what was painted there.

    Raises:
        InvalidInputError: it is not there, of another kind, or other things were painted.
    """
    document = read_json(path)
    paces = document.get("paces") if isinstance(document, dict) else None
    if (
        not isinstance(paces, list)
        or not paces
        or (document.get("format"), document.get("version")) != (FORMAT, VERSION)
        or not all(isinstance(pace, dict) and all(_is_positive(pace.get(name)) for name in _PACE) for pace in paces)
        or not _is_positive(document.get("painting_bytes"))
    ):
        raise InvalidInputError(f"{path} holds no measurement; 'paintgym plan --json {path.name}' writes one")
    there = document.get("settings") or {}
    others = [f"{name} is {there.get(name)} there and {value} here" for name, value in settings.items()]
    others = [words for words, name in zip(others, settings, strict=True) if there.get(name) != settings[name]]
    if others:
        raise InvalidInputError(f"{path} was measured with other settings ({'; '.join(others)}); measure these there")
    return document


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
