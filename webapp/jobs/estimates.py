"""How long paintings take on this machine: learned from those that were painted, so that countdowns are true."""

import itertools
import threading
from typing import NamedTuple

from ..requests import PaintingRequest

_SECONDS_PER_STROKE = {"policy": 0.003, "gradient": 0.05, "policy+refine": 0.05, "greedy": 0.03, "random": 0.001}
"""Before anything was painted; of other agents as of the slowest."""
_COMPANY_COST, _HURRIED_COST = 1.4, 0.5
"""Times as long as alone where two paintings share a process, and where one is hurried: until it is known."""
_MEMORY = 0.7
"""What the average keeps of itself for each painting that is added."""
_ENOUGH = 100
"""Strokes; of fewer, the fixed costs of a painting would be taken for theirs."""


class Circumstances(NamedTuple):
    """How a painting is painted, beside what it asks for.

    Attributes:
        company: whether others are painted at the same time, in its lane.
        hurried: whether the last moving of all strokes together is left out.
    """

    company: bool = False
    hurried: bool = False


class Estimates:
    """Seconds that paintings take, from requests. Safe to use from several threads.

    Args:
        limit: seconds that none takes more than.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._rates: dict[tuple[str, int, Circumstances], float] = {}
        self._lock = threading.Lock()

    def expect(self, request: PaintingRequest, circumstances: Circumstances) -> float:
        """Seconds that a painting will take."""
        with self._lock:
            rate = self._rate(request, circumstances)
        return min(self._limit, rate * request.new_strokes)

    def note(self, request: PaintingRequest, circumstances: Circumstances, seconds: float) -> None:
        """Learn how long a painting took."""
        rate, share = seconds / request.new_strokes, min(1.0, request.new_strokes / _ENOUGH)
        # Hurried paintings tell of those that take their time too: nothing else would, while all are hurried.
        calm = circumstances._replace(hurried=False)
        with self._lock:
            for one, seen in {circumstances: rate, calm: rate * _cost(calm) / _cost(circumstances)}.items():
                key = request.agent, request.size, one
                known = self._rates.get(key, seen if share == 1.0 else self._rate(request, one))
                self._rates[key] = known + (1 - _MEMORY) * share * (seen - known)

    def _rate(self, request: PaintingRequest, circumstances: Circumstances) -> float:
        """Seconds a stroke: of paintings like it, or else of those that were painted in other circumstances."""
        known = {
            other: self._rates.get((request.agent, request.size, other))
            for other in sorted(_ALL, key=lambda other: _differences(other, circumstances))
        }
        for other, rate in known.items():
            if rate is not None:
                return rate * _cost(circumstances) / _cost(other)
        rate = _SECONDS_PER_STROKE.get(request.agent, max(_SECONDS_PER_STROKE.values()))
        return rate * _cost(circumstances)


_ALL = tuple(Circumstances(*both) for both in itertools.product((False, True), repeat=2))


def _differences(one: Circumstances, other: Circumstances) -> int:
    return sum(part != counterpart for part, counterpart in zip(one, other, strict=True))


def _cost(circumstances: Circumstances) -> float:
    """Times as long as a painting that is alone and takes its time: guessed."""
    company, hurried = circumstances
    return (_COMPANY_COST if company else 1.0) * (_HURRIED_COST if hurried else 1.0)
