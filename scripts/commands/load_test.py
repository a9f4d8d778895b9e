"""``paintgym load-test``: how fast the page's service is, measured on this machine over its loopback address alone."""

import itertools
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...checks import check_whole
from ...errors import InvalidInputError
from ..visits.service import Service, serving
from ..visits.visit import Visit, vanish, visit

_ALONE, _LARGE_ALONE = 15, 3
_ROUNDS = 3
_WARMING, _LARGE_WARMING = 120, 32
"""Paintings before memory is first read, small and large: more than the results that are kept."""
_REST_SECONDS = 15
"""Before memory is read: the service gives what was freed back to the system every ten seconds."""
_SMALL, _LARGE = 64, 512
_PATIENCE_SECONDS = 60
"""For the queue to become empty."""


@dataclass(frozen=True)
class Arguments:
    """Start the service on a free port of this machine, paint with it, and print what was measured."""

    strokes: int = 200
    """Strokes of each small painting, by the policy."""
    large_strokes: int = 2000
    """Strokes of each whole picture on 512 pixels, by the policy."""
    people: int = 16
    """How many paint at the same time."""
    watchers: int = 30
    """How many order whole pictures and vanish."""
    seconds: int = 20
    """How long the memory is watched while people paint, 1 to 3600."""


def run(arguments: Arguments) -> None:
    """Measure and print."""
    check_whole("strokes", arguments.strokes, 1, 1000)
    check_whole("large_strokes", arguments.large_strokes, 1, 5000)
    check_whole("people", arguments.people, 2, 48)
    check_whole("watchers", arguments.watchers, 1, 48)
    check_whole("seconds", arguments.seconds, 1, 3600)
    people = arguments.people
    with serving(batch=people) as service, ThreadPoolExecutor(max(people, arguments.watchers)) as crowd:
        with serving(batch=1) as single:
            _paint_small(crowd, service, single, arguments)
        _paint_large(crowd, service, arguments)
        _vanish(crowd, service, arguments)
        _watch_memory(crowd, service, arguments)


def _paint_small(crowd: ThreadPoolExecutor, batched: Service, single: Service, arguments: Arguments) -> None:
    people, strokes = arguments.people, arguments.strokes
    for service in (batched, single):
        visit(service.port, strokes, _SMALL)
    alone = _say(f"one person, {_ALONE} uploads", [visit(batched.port, strokes, _SMALL) for _ in range(_ALONE)])
    print(f"  {_first(alone)}, {strokes} strokes after {statistics.median(one.last for one in alone):.2f} s (medians)")
    rates: dict[int, list[float]] = {batched.port: [], single.port: []}
    visits: list[Visit] = []
    for _ in range(_ROUNDS):  # in turns, because other programs may come and go
        for service in (batched, single):
            seen, seconds = _paint_together(crowd, service, strokes, _SMALL, 2 * people, people)
            rates[service.port].append(len(seen) / seconds)
            visits += seen if service is batched else []
    waits = [one.last for one in _say(f"{people} people at once, {len(visits)} uploads", visits)]
    print(f"  median wait {statistics.median(waits):.2f} s, longest {max(waits):.2f} s")
    together, apart = statistics.median(rates[batched.port]), statistics.median(rates[single.port])
    print(f"paintings a second: {together:.2f} batched, {apart:.2f} one by one: {together / apart:.2f} times as many")


def _paint_large(crowd: ThreadPoolExecutor, service: Service, arguments: Arguments) -> None:
    people, strokes = arguments.people, arguments.large_strokes
    seen = [visit(service.port, strokes, _LARGE) for _ in range(_LARGE_ALONE)]
    alone = _say(f"one person, {_LARGE_ALONE} whole pictures on {_LARGE} pixels", seen)
    print(f"  {_first(alone)}, {strokes} strokes after {statistics.median(one.last for one in alone):.2f} s (medians)")
    seen, seconds = _paint_together(crowd, service, strokes, _LARGE, people, people)
    together = _say(f"{people} people at once, a whole picture each", seen)
    print(
        f"  all served within {seconds:.1f} s; countdowns off by {_mean_error(together):.1f} s on average, "
        f"and no silence of more than {max(one.silence for one in together):.1f} s"
    )


def _vanish(crowd: ThreadPoolExecutor, service: Service, arguments: Arguments) -> None:
    ports, strokes, sizes = (itertools.repeat(one) for one in (service.port, arguments.large_strokes, _LARGE))
    errors = [error for error in crowd.map(vanish, ports, strokes, sizes, range(arguments.watchers)) if error]
    started = time.monotonic()
    while service.waiting() and time.monotonic() - started < _PATIENCE_SECONDS:
        time.sleep(0.1)
    print(
        f"{arguments.watchers} people who order and vanish: {_count(errors)}; "
        f"{service.waiting()} orders are left after {time.monotonic() - started:.1f} s",
        flush=True,
    )


def _watch_memory(crowd: ThreadPoolExecutor, service: Service, arguments: Arguments) -> None:
    people = arguments.people
    _paint_together(crowd, service, arguments.large_strokes, _LARGE, _LARGE_WARMING, people)
    _paint_together(crowd, service, arguments.strokes, _SMALL, _WARMING, people)
    before, most, painted, mistakes = _memory_at_rest(service), 0.0, 0, 0
    until = time.monotonic() + arguments.seconds
    for size in itertools.cycle([_SMALL, _SMALL, _SMALL, _LARGE]):
        if time.monotonic() > until:
            break
        strokes = arguments.strokes if size == _SMALL else arguments.large_strokes
        seen, _ = _paint_together(crowd, service, strokes, size, people, people)
        painted += len(seen)
        mistakes += sum(bool(one.error) for one in seen)
        most = max(most, service.memory())
    grown = (_memory_at_rest(service) - before) / 1e6
    print(
        f"memory: {before / 1e6:.0f} MB, grown by {grown:.1f} MB in {arguments.seconds} s and {painted} paintings, "
        f"{most / 1e6:.0f} MB at most meanwhile, {mistakes} errors"
    )


def _memory_at_rest(service: Service) -> float:
    time.sleep(_REST_SECONDS)
    return service.memory()


def _say(title: str, visits: list[Visit]) -> list[Visit]:
    """Print how many went wrong; returns the others."""
    errors = [one.error for one in visits if one.error]
    print(f"{title}: {_count(errors)}", flush=True)
    if len(errors) == len(visits):
        raise InvalidInputError(f"the service painted nothing: {errors[0]}")
    return [one for one in visits if not one.error]


def _count(errors: list[str]) -> str:
    return f"{len(errors)} errors{f', such as {errors[0]}' if errors else ''}"


def _first(visits: list[Visit]) -> str:
    return f"first strokes after {1000 * statistics.median(one.first for one in visits):.0f} ms"


def _mean_error(visits: list[Visit]) -> float:
    return statistics.fmean(one.countdown_error for one in visits)


def _paint_together(
    crowd: ThreadPoolExecutor, service: Service, strokes: int, size: int, uploads: int, people: int
) -> tuple[list[Visit], float]:
    """Some people who upload one picture after another; returns what they saw, and how long all took."""
    started = time.perf_counter()

    def upload(person: int) -> list[Visit]:
        share = uploads // people + (person < uploads % people)
        return [visit(service.port, strokes, size, person) for _ in range(share)]

    seen = list(itertools.chain.from_iterable(crowd.map(upload, range(people))))
    return seen, time.perf_counter() - started
