"""Queues in which jobs wait: bounded, first come first served."""

import threading
from collections import deque

from ..errors import BusyError
from .job import Job


class JobQueue:
    """Jobs that wait, and those under way until they are over.

    Args:
        capacity: most jobs, waiting and under way.
        setting: the field of ``Settings`` that sets it.
    """

    def __init__(self, capacity: int, setting: str) -> None:
        self._capacity = capacity
        self._setting = setting
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
            BusyError: there are too many, or the service is shutting down.
        """
        with self._changed:
            self._drop_finished()
            if self._closed:
                raise BusyError("The service is shutting down; try again in a moment.")
            if len(self._waiting) + len(self._under_way) >= self._capacity:
                raise BusyError("Too many paintings are being made; try again in a few seconds.", self._setting)
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
            taken: list[Job] = []
            while not taken:
                if self._closed:
                    return None
                self._drop_finished()
                while self._waiting and len(taken) < most:
                    taken.append(self._waiting.popleft())
                if taken or not wait:
                    break
                self._changed.wait()
            self._under_way += taken
        for job in taken:
            job.start()
        return taken

    def close(self) -> None:
        """Cancel every job, and release those who wait in ``take``."""
        with self._changed:
            self._closed = True
            for job in (*self._waiting, *self._under_way):
                job.cancel()
            self._changed.notify_all()

    def _drop_finished(self) -> None:
        self._waiting = deque(job for job in self._waiting if not job.over)
        self._under_way = [job for job in self._under_way if not job.over]
