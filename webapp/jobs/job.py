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
from ..errors import Sentence, describe_reason
from ..requests import PaintingRequest
from .estimates import Circumstances

PROCESS = secrets.token_hex(4)
"""What the ids of this process begin with, so that those from before it was started are known."""


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
        client: who asks for it, such as an address; lanes share out by it.
    """

    def __init__(
        self, request: PaintingRequest, when_over: Callable[["Job"], None] = lambda _: None, client: str = ""
    ) -> None:
        self.identity = PROCESS + secrets.token_hex(12)
        self.request = request
        self.client = client
        self.state = State.WAITING
        self.message: Sentence | None = None
        """Why it failed, or was stopped."""
        self.stopping = False
        """Whether whoever paints it is to hand over what there is."""
        self.stopped = False
        """Whether it was finished with fewer strokes than were asked for."""
        self.circumstances = Circumstances()
        self.expected_seconds = 0.0
        """How long it was expected to be painted, when that began."""
        self.painting: Painting | None = None
        self.strokes_done = 0
        self.kept = False
        """Whether it is in a store that lasts."""
        self.discarded = False
        """Whether it is to be forgotten, though somebody may have hold of it still."""
        self.shared = ""
        """The key of its entry in the store, once it is shared."""
        self.bytes_held = 0
        """Memory that it takes, once it is over."""
        self.started_at = self.over_at = time.monotonic()
        self._when_over = when_over
        self._events: list[Event] = []
        self._number = 0
        self._watchers = 0
        self._seen_at: float | None = None
        self._changed = threading.Condition()  # its lock may be taken again by whoever has it

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
        """Keep the result, whole or as far as it came."""
        count = len(painting.strokes)
        result = {"loss": painting.loss, "loss_name": painting.loss_name, "count": count}
        with self._changed:
            if not self.over:
                self.painting, self.strokes_done = painting, count
                self.stopped = count < self.request.strokes
                if not self.stopped:  # stopped too late
                    self.message = None
                self._end(State.FINISHED, {**result, "stopped": self.stopped, **describe_reason(self.message)})

    def fail(self, message: Sentence) -> None:
        """End without a painting; ``message`` says why."""
        with self._changed:
            if not self.over:
                self.message = message
                self._end(State.FAILED, describe_reason(message))

    def stop(self, message: Sentence | None = None) -> None:
        """Keep what there is of it: whoever paints it stops at the next step. One that waits is cancelled."""
        with self._changed:
            if self.state is State.WAITING:
                self.cancel(message)
            elif not self.over:
                self.stopping, self.message = True, message

    def has_to_end(self, limit: int, grace: int = 0) -> bool:
        """Whether it was stopped, or has taken more than ``limit`` seconds, and those of grace, and is stopped now."""
        if not self.stopping and self.seconds > limit + grace:
            self.stop(Sentence("time_limit", {"seconds": limit}, ("time_limit",)))
        return self.stopping

    def end_without_strokes(self) -> None:
        """It has to end, and there is nothing to keep of it."""
        if self.message:
            self.fail(self.message)
        else:
            self.cancel()

    def cancel(self, message: Sentence | None = None) -> None:
        """End it: whoever paints it stops at the next step, and nothing is kept."""
        with self._changed:
            if not self.over:
                self.message = message
                self._end(State.CANCELLED, describe_reason(message))

    def watch(self) -> None:
        """Somebody follows it, until ``leave``."""
        with self._changed:
            self._watchers += 1

    def leave(self) -> None:
        """Somebody follows it no more."""
        with self._changed:
            self._watchers -= 1
            self._seen_at = time.monotonic()

    def look(self) -> None:
        """Somebody asks for its state."""
        with self._changed:
            if self._seen_at is not None:
                self._seen_at = time.monotonic()

    def is_abandoned(self, seconds: float) -> bool:
        """Whether it was followed, and nobody has followed it for so long."""
        with self._changed:
            gone = self._seen_at is not None and not self._watchers
            return gone and not self.over and time.monotonic() - (self._seen_at or 0.0) > seconds

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
