"""Lines in which jobs wait: bounded, first come first served. Who takes them out is in ``batching`` and ``worker``."""

import threading
from collections import deque

from .errors import BusyError
from .job import Job


class JobQueue:
    """Jobs that wait, and those under way until they are over.

    Args:
        capacity: most jobs, waiting and under way.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Job] = deque()
        self._under_way: list[Job] = []
        self._arrived = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        with self._arrived:
            self._clear()
            return len(self._waiting) + len(self._under_way)

    def submit(self, job: Job) -> None:
        """Let a job wait.

        Raises:
            BusyError: there are too many, or the service is shutting down.
        """
        with self._arrived:
            self._clear()
            if self._closed:
                raise BusyError("The service is shutting down; try again in a moment.")
            if len(self._waiting) + len(self._under_way) >= self._capacity:
                raise BusyError("Too many paintings are being made; try again in a few seconds.")
            self._waiting.append(job)
            self._arrived.notify()

    def take(self, most: int, *, wait: bool) -> list[Job] | None:
        """Take out up to ``most`` jobs that nobody cancelled, and begin them.

        Args:
            most: how many.
            wait: whether to wait until there is one.

        Returns:
            The jobs; None once the queue is closed.
        """
        with self._arrived:
            taken: list[Job] = []
            while not taken:
                if self._closed:
                    return None
                self._clear()
                while self._waiting and len(taken) < most:
                    taken.append(self._waiting.popleft())
                if taken or not wait:
                    break
                self._arrived.wait()
            self._under_way += taken
        for job in taken:
            job.begin()
        return taken

    def close(self) -> None:
        """Cancel every job, and tell those who wait in ``take`` to go home."""
        with self._arrived:
            self._closed = True
            for job in (*self._waiting, *self._under_way):
                job.cancel()
            self._arrived.notify_all()

    def _clear(self) -> None:
        self._waiting = deque(job for job in self._waiting if not job.over)
        self._under_way = [job for job in self._under_way if not job.over]
