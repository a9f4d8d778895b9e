"""What one person does with the page's service, and sees of it."""

import http.client
import json
import math
import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .service import ANSWER_SECONDS, HOST

_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_ENDS = ("finished", "failed", "cancelled")


@dataclass
class Visit:
    """What one person saw; seconds are counted from the beginning of the upload.

    Attributes:
        first: when the first strokes were there.
        last: when the painting was finished.
        silence: the longest time without an event.
        error: what went wrong, if anything.
        told: when an end was foretold, and how many seconds it was said to be away.
    """

    first: float = math.nan
    last: float = math.nan
    silence: float = 0.0
    error: str = ""
    told: list[tuple[float, float]] = field(default_factory=list)

    @property
    def countdown_error(self) -> float:
        """Seconds by which the foretold end was off, on average."""
        return statistics.fmean([abs(when + left - self.last) for when, left in self.told] or [0.0])


def visit(port: int, strokes: int, size: int, person: int = 0) -> Visit:
    """Upload a picture and follow its painting to the end."""
    seen, started, before = Visit(error="the painting was not finished"), time.perf_counter(), math.nan
    try:
        for kind, data in _order_and_follow(port, strokes, size, person):
            now = time.perf_counter() - started
            # What is heard at once is the answer to the upload.
            seen.silence, before = max(seen.silence, 0.0 if math.isnan(before) else now - before), now
            if kind in ("strokes", "canvas") and math.isnan(seen.first):
                seen.first = now
            if "expected_seconds" in data:
                seen.told.append((now, data["expected_seconds"]))
            if kind in _ENDS:
                seen.last, seen.error = now, "" if kind == "finished" else data.get("message") or kind
    except (OSError, http.client.HTTPException, ValueError) as error:
        seen.error = f"{type(error).__name__}: {error}"
    return seen


def vanish(port: int, strokes: int, size: int, person: int = 0) -> str:
    """Upload a picture, begin to follow its painting, and be gone; returns what went wrong, if anything."""
    try:
        events = _order_and_follow(port, strokes, size, person)
        next(events)
        events.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _order_and_follow(port: int, strokes: int, size: int, person: int) -> Generator[tuple[str, dict[str, Any]]]:
    """Events of a painting, by kind and data.

    Raises:
        ValueError: it was refused.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    # Everybody comes from this machine; a proxy would tell them apart.
    headers = {"Content-Type": "image/jpeg", "X-Forwarded-For": f"192.0.2.{person}"}
    try:
        connection.request("POST", f"/paintings?strokes={strokes}&size={size}", _PICTURE.read_bytes(), headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        if answer.status != 202:
            raise ValueError(document["error"])
        connection.request("GET", document["links"]["events"])
        kind = ""
        for line in connection.getresponse():
            if line.startswith(b"event: "):
                kind = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield kind, json.loads(line[6:])
                if kind in _ENDS:
                    return
    finally:
        connection.close()
