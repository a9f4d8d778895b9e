"""Paintings by agents that take their time, and large ones, one after another."""

import logging
import os
import sys
import threading
from collections.abc import Callable

import torch

from ...agents.agent import Agent
from .batching import FAILURE
from .job import Job
from .publishing import CancelledError, Publisher
from .queue import JobQueue

_log = logging.getLogger(__name__)


class Worker:
    """Paints the jobs of a lane, one at a time.

    Args:
        jobs: the lane.
        agent: gives the agent for a job.
        time_limit: seconds for a painting; agents that can are told to finish by then.
        niceness: of its thread: those with more step back where processors are few.
    """

    def __init__(self, jobs: JobQueue, agent: Callable[[Job], Agent], time_limit: int, niceness: int) -> None:
        self._jobs = jobs
        self._agent = agent
        self._time_limit = time_limit
        self._niceness = niceness

    def run(self) -> None:
        """Work until the queue is closed."""
        if sys.platform == "linux":  # which alone counts threads as processes
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while (taken := self._jobs.take(1, wait=True)) is not None:
            for job in taken:
                self._paint(job)

    def _paint(self, job: Job) -> None:
        request = job.request
        try:
            agent = self._agent(job)
            publisher = Publisher(job, agent.painter, self._time_limit)
            (painting,) = agent.paint_many(
                [request.upload.picture],
                request.strokes,
                size=request.size if request.large else None,
                style=request.style,
                seed=request.seed,
                progress=publisher.report,
                starts=[request.start],
            )
            if not len(painting.strokes):
                job.end_without_strokes()
                return
            with torch.inference_mode():
                publisher.publish_result(painting)
            job.finish(painting)
        except CancelledError:
            pass
        except Exception:
            _log.exception("painting %s failed", job.identity)
            job.fail(FAILURE)
