"""Lanes in which jobs wait: bounded, each client's turn after the others', and able to tell how long it will take."""

import heapq
import math
import threading
from collections import Counter, deque
from typing import NamedTuple

from ..errors import BusyError, Sentence
from .estimates import Circumstances, Estimates
from .job import Job

_OVERDUE = 0.2
"""Of the time that it has taken, a painting that takes longer than expected is expected to take once more."""


class Outlook(NamedTuple):
    """What a job has before it.

    Attributes:
        position: 1 for the next to be painted, 0 once it is.
        starts_in: seconds.
        expected_seconds: until it is finished.
    """

    position: int
    starts_in: float
    expected_seconds: float


class JobQueue:
    """Jobs that wait, and those under way until they are over.

    Of those that wait, the one is next whose client has the fewest paintings before it; of equals, the first to come.

    Args:
        capacity: most jobs, waiting and under way; one client may have half of them.
        setting: the field of ``Settings`` that sets it.
        painters: how many are painted at the same time.
        estimates: how long paintings take.
        patience: seconds; while those that wait would take longer, paintings are hurried. By default never.
    """

    def __init__(
        self,
        capacity: int,
        setting: str,
        painters: int = 1,
        estimates: Estimates | None = None,
        patience: float = math.inf,
    ) -> None:
        self._capacity = capacity
        self._setting = setting
        self._painters = painters
        self._estimates = estimates or Estimates(math.inf)
        self._patience = patience
        self._waiting: deque[Job] = deque()
        self._under_way: list[Job] = []
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        with self._changed:
            self._drop_finished()
            return len(self._waiting) + len(self._under_way)

    def submit(self, job: Job) -> None:
        """Let a job wait.

        Raises:
            BusyError: there are too many, in all or of its client, or the service is shutting down.
        """
        with self._changed:
            self._drop_finished()
            if self._closed:
                raise BusyError("closing")
            everybody = [*self._under_way, *self._waiting]
            own = [other for other in everybody if other.client == job.client]
            if len(everybody) >= self._capacity:
                self._refuse("queue_full", everybody)
            if job.client and len(own) >= max(1, self._capacity // 2):
                self._refuse("share_full", own)
            self._waiting.append(job)
            self._changed.notify()

    def take(self, most: int, *, wait: bool) -> list[Job] | None:
        """Take out up to ``most`` jobs that nobody cancelled, and start them.

        Args:
            most: how many.
            wait: whether to wait until there is one.

        Returns:
            The jobs; None once the queue is closed.
        """
        with self._changed:
            while True:
                if self._closed:
                    return None
                self._drop_finished()
                taken = self._in_turn()[:most]
                if taken or not wait:
                    break
                self._changed.wait()
            for job in taken:
                job.circumstances = self._circumstances(self._in_turn())
                job.expected_seconds = self._estimates.expect(job.request, job.circumstances)
                self._waiting.remove(job)
                self._under_way.append(job)
        for job in taken:
            job.start()
        return taken

    def outlook(self, job: Job) -> Outlook:
        """When a job that is not over will begin and end, as far as can be told."""
        with self._changed:
            self._drop_finished()
            return self._outlooks().get(job) or Outlook(0, 0.0, _remaining(job))

    def close(self) -> None:
        """Cancel every job, and release those who wait in ``take``."""
        with self._changed:
            self._closed = True
            for job in (*self._waiting, *self._under_way):
                job.cancel(Sentence("stopped_anew"))
            self._changed.notify_all()

    def _refuse(self, code: str, jobs: list[Job]) -> None:
        outlooks = self._outlooks()
        ends = [outlooks[other].expected_seconds if other in outlooks else _remaining(other) for other in jobs]
        seconds = max(1, math.ceil(min(ends, default=1.0)))
        raise BusyError(code, self._setting, retry_after=seconds, seconds=seconds)

    def _in_turn(self) -> list[Job]:
        """Those that wait, the next one first."""
        before = Counter(job.client for job in self._under_way)
        turns: dict[Job, int] = {}
        for job in self._waiting:
            turns[job] = before[job.client]
            before[job.client] += 1
        return sorted(turns, key=turns.__getitem__)

    def _outlooks(self) -> dict[Job, Outlook]:
        """Those of all that wait: painters take them in turn, each as soon as it is free."""
        free = [_remaining(job) for job in self._under_way]
        free += [0.0] * (self._painters - len(free))
        heapq.heapify(free)
        order, outlooks = self._in_turn(), {}
        for number, job in enumerate(order):
            start = heapq.heappop(free)
            end = start + self._estimates.expect(job.request, self._circumstances(order[number:]))
            outlooks[job] = Outlook(number + 1, start, end)
            heapq.heappush(free, end)
        return outlooks

    def _circumstances(self, waiting: list[Job]) -> Circumstances:
        """Those of the first of some that wait, beside the ones under way."""
        calm = Circumstances(company=self._painters > 1 and len(waiting) + len(self._under_way) > 1)
        if math.isinf(self._patience):
            return calm
        work = sum(self._estimates.expect(job.request, calm) for job in waiting)
        return calm._replace(hurried=work / self._painters > self._patience)

    def _drop_finished(self) -> None:
        self._waiting = deque(job for job in self._waiting if not job.over)
        self._under_way = [job for job in self._under_way if not job.over]


def _remaining(job: Job) -> float:
    """Seconds until a job under way is finished."""
    return max(job.expected_seconds - job.seconds, _OVERDUE * job.seconds)
