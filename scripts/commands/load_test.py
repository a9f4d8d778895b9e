"""``paintgym load-test``: how fast the page's service is, measured on this machine over its loopback address alone."""

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ...checks import check_whole
from ...errors import InvalidInputError

_HOST = "127.0.0.1"
_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_ALONE = 15
_ROUNDS = 3
_WARMING = 120
"""Paintings before memory is first read: more than the results that are kept."""
_START_SECONDS, _ANSWER_SECONDS = 300, 120


@dataclass(frozen=True)
class Arguments:
    """Start the service on a free port of this machine, paint with it, and print what was measured."""

    strokes: int = 200
    """Strokes of each painting, by the policy."""
    people: int = 16
    """How many paint at the same time."""
    seconds: int = 20
    """How long the memory is watched while people paint, 1 to 3600."""


@dataclass(frozen=True)
class Visit:
    """What one person saw; seconds are counted from the beginning of the upload.

    Attributes:
        first: when the first strokes were there.
        last: when the painting was finished.
        error: what went wrong, if anything.
    """

    first: float = float("nan")
    last: float = float("nan")
    error: str = ""


def run(arguments: Arguments) -> None:
    """Measure and print."""
    check_whole("strokes", arguments.strokes, 1, 1000)
    check_whole("people", arguments.people, 2, 48)
    check_whole("seconds", arguments.seconds, 1, 3600)
    people, strokes = arguments.people, arguments.strokes
    with _serving(batch=people) as batched, _serving(batch=1) as single, ThreadPoolExecutor(people) as crowd:
        for port in (batched, single):
            _visit(port, strokes)
        alone = _say(f"one person, {_ALONE} uploads", [_visit(batched, strokes) for _ in range(_ALONE)])
        first, last = (
            statistics.median(values) for values in zip(*((visit.first, visit.last) for visit in alone), strict=True)
        )
        print(f"  first strokes after {1000 * first:.0f} ms, {strokes} strokes after {last:.2f} s (medians)")
        rates: dict[int, list[float]] = {batched: [], single: []}
        visits: list[Visit] = []
        for _ in range(_ROUNDS):  # in turns, because other programs may come and go
            for port in (batched, single):
                seen, seconds = _crowd(crowd, port, strokes, 2 * people, people)
                rates[port].append(len(seen) / seconds)
                visits += seen if port == batched else []
        waits = [visit.last for visit in _say(f"{people} people at once, {len(visits)} uploads", visits)]
        print(f"  median wait {statistics.median(waits):.2f} s, longest {max(waits):.2f} s")
        together, apart = statistics.median(rates[batched]), statistics.median(rates[single])
        print(
            f"paintings a second: {together:.2f} batched, {apart:.2f} one by one: {together / apart:.2f} times as many"
        )
        _watch_memory(crowd, batched, arguments)


def _watch_memory(crowd: ThreadPoolExecutor, port: int, arguments: Arguments) -> None:
    _crowd(crowd, port, arguments.strokes, _WARMING, arguments.people)
    before, painted, mistakes = _memory(port), 0, 0
    until = time.monotonic() + arguments.seconds
    while time.monotonic() < until:
        seen, _ = _crowd(crowd, port, arguments.strokes, arguments.people, arguments.people)
        painted += len(seen)
        mistakes += sum(bool(visit.error) for visit in seen)
    grown = (_memory(port) - before) / 1e6
    print(
        f"memory: {before / 1e6:.0f} MB, grown by {grown:.1f} MB in {arguments.seconds} s and {painted} paintings, "
        f"{mistakes} errors"
    )


def _say(title: str, visits: list[Visit]) -> list[Visit]:
    """Print how many went wrong; returns the others."""
    errors = [visit.error for visit in visits if visit.error]
    print(f"{title}: {len(errors)} errors{f', such as {errors[0]}' if errors else ''}", flush=True)
    if len(errors) == len(visits):
        raise InvalidInputError(f"the service painted nothing: {errors[0]}")
    return [visit for visit in visits if not visit.error]


def _crowd(crowd: ThreadPoolExecutor, port: int, strokes: int, uploads: int, people: int) -> tuple[list[Visit], float]:
    """Some people who upload one picture after another; returns what they saw, and how long all took."""
    started = time.perf_counter()
    shares = [uploads // people + (number < uploads % people) for number in range(people)]
    visits = crowd.map(lambda share: [_visit(port, strokes) for _ in range(share)], shares)
    return [visit for some in visits for visit in some], time.perf_counter() - started


def _visit(port: int, strokes: int) -> Visit:
    """Upload a picture and follow its painting to the end."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=_ANSWER_SECONDS)
    started = time.perf_counter()
    first = float("nan")
    try:
        connection.request(
            "POST", f"/paintings?strokes={strokes}", _PICTURE.read_bytes(), {"Content-Type": "image/jpeg"}
        )
        answer = connection.getresponse()
        document = json.loads(answer.read())
        if answer.status != 202:
            return Visit(error=document["error"])
        connection.request("GET", document["links"]["events"])
        for line in connection.getresponse():
            if line == b"event: strokes\n" and first != first:
                first = time.perf_counter() - started
            if line == b"event: finished\n":
                return Visit(first, time.perf_counter() - started)
            if line in (b"event: failed\n", b"event: cancelled\n"):
                break
        return Visit(error="the painting was not finished")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Visit(error=f"{type(error).__name__}: {error}")
    finally:
        connection.close()


def _memory(port: int) -> float:
    connection = http.client.HTTPConnection(_HOST, port, timeout=_ANSWER_SECONDS)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_resident_memory_bytes"))


@contextlib.contextmanager
def _serving(batch: int) -> Iterator[int]:
    """The service in a process of its own; gives its port."""
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port: int = free.getsockname()[1]
    environment = {**os.environ, "PAINTGYM_BATCH": str(batch), "PAINTGYM_QUEUE_LENGTH": "64"}
    command = [sys.executable, "-m", "paintgym", "serve", "--host", _HOST, "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(server, port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port), timeout=1):
            return
        time.sleep(0.2)
    raise InvalidInputError("the service did not start; 'paintgym serve' tells why")
