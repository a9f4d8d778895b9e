"""One painting that was requested: its state, and the events of its progress."""

import bisect
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...agents.outputs.painting import Painting
from ..requests import PaintingRequest
from ..settings import limit_sentence


class State(StrEnum):
    """Where a job stands; the last three are final."""

    WAITING = "waiting"
    PAINTING = "painting"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        number: 1 for the first; numbers grow, and some are left out.
        kind: ``painting``, ``strokes``, ``progress``, ``canvas``, ``film``, ``finished``, ``failed`` or ``cancelled``.
        data: JSON on one line.
    """

    number: int
    kind: str
    data: str


class Job:
    """A painting from request to result. Safe to use from several threads.

    Args:
        request: what is to be painted.
        when_over: called once, when the state is final.
    """

    def __init__(self, request: PaintingRequest, when_over: Callable[["Job"], None] = lambda _: None) -> None:
        self.identity = secrets.token_hex(16)
        self.request = request
        self.state = State.WAITING
        self.message = ""
        """Why it failed."""
        self.painting: Painting | None = None
        self.strokes_done = 0
        self.bytes_held = 0
        """Memory that it takes, once it is over."""
        self.started_at = self.over_at = time.monotonic()
        self._when_over = when_over
        self._events: list[Event] = []
        self._number = 0
        self._changed = threading.Condition()

    @property
    def over(self) -> bool:
        """Whether the state is final."""
        return self.state in (State.FINISHED, State.FAILED, State.CANCELLED)

    @property
    def seconds(self) -> float:
        """How long it has been painted, or was."""
        if self.state is State.WAITING:
            return 0.0
        return (self.over_at if self.over else time.monotonic()) - self.started_at

    def start(self) -> None:
        """Painting starts."""
        with self._changed:
            if self.state is State.WAITING:
                self.state, self.started_at = State.PAINTING, time.monotonic()
                self._emit(State.PAINTING, {"strokes": self.request.strokes})

    def emit(self, kind: str, strokes: int, data: dict[str, Any]) -> None:
        """Publish progress; a job that is over publishes nothing more.

        A ``canvas`` takes the place of the one before: who reconnects needs only the last.
        """
        with self._changed:
            if self.over:
                return
            if kind == "canvas":
                self._events = [event for event in self._events if event.kind != kind]
            self.strokes_done = strokes
            self._emit(kind, {"count": strokes, "seconds": round(self.seconds, 3), **data})

    def finish(self, painting: Painting) -> None:
        """Keep the result."""
        result = {"loss": painting.loss, "loss_name": painting.loss_name, "count": len(painting.strokes)}
        with self._changed:
            if not self.over:
                self.painting = painting
                self.strokes_done = len(painting.strokes)
                self._end(State.FINISHED, result)

    def fail(self, message: str) -> None:
        """End without a painting; ``message`` says why in plain sentences."""
        with self._changed:
            if not self.over:
                self.message = message
                self._end(State.FAILED, {"message": message})

    def time_out(self, limit: int) -> None:
        """End without a painting, because it took more than ``limit`` seconds."""
        self.fail(f"The painting took longer than {limit} seconds; use fewer strokes. {limit_sentence('time_limit')}")

    def cancel(self) -> None:
        """Stop it: whoever paints it stops at the next step."""
        with self._changed:
            if not self.over:
                self._end(State.CANCELLED, {})

    def events_after(self, number: int, timeout: float) -> list[Event]:
        """Events with a higher number; waits up to ``timeout`` seconds while there are none and more may come."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self.over, timeout)
            return self._events[bisect.bisect_right(self._events, number, key=lambda event: event.number) :]

    def wait(self, timeout: float) -> bool:
        """Wait until the job is over, at most ``timeout`` seconds; returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self.over, timeout)

    def _end(self, state: State, data: dict[str, Any]) -> None:
        self.over_at = time.monotonic()
        data["seconds"] = round(0.0 if self.state is State.WAITING else self.over_at - self.started_at, 3)
        self.state = state
        self._when_over(self)
        self._emit(state, data)
        self.bytes_held = sum(len(event.data) for event in self._events) + _bytes_of(self.request, self.painting)

    def _emit(self, kind: str, data: dict[str, Any]) -> None:
        self._number += 1
        self._events.append(Event(self._number, str(kind), json.dumps(data, separators=(",", ":"))))
        self._changed.notify_all()


def _bytes_of(request: PaintingRequest, painting: Painting | None) -> int:
    sent = request.upload.picture.nbytes + len(request.upload.preview)
    if painting is None:
        return sent
    return sent + painting.image.nbytes + painting.stroke_list.strokes.nbytes + painting.stroke_list.windows.nbytes
