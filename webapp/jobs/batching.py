"""Paintings of the policy, many at a time: one call of its network and one of the painter advance all of them."""

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...agents.outputs.painting import Painting
from ...agents.policy.planner import Planner
from ...agents.policy.rollout import Row, advance, revise_row, start_row
from ...agents.policy_agent import PolicyAgent
from ...envs.losses.loss import PixelLoss
from ...painters.painter import Painter
from ...painters.pixels import to_tensor, to_uint8
from ...painters.stroke import CANVAS_SIZE
from ...painters.stroke_list import on_one_canvas
from .job import Job
from .queue import JobQueue
from .streaming import stroke_data

_log = logging.getLogger(__name__)
FAILURE = "The painting failed for a reason of our own; try again, or with other settings."
"""What a visitor reads of a fault in the program; the log has the traceback."""


@dataclass(eq=False)
class _ActivePainting:
    """A painting under way: who waits for it, and the row that the policy paints on."""

    job: Job
    row: Row

    @property
    def batch_key(self) -> tuple[str, str, int]:
        """Paintings with the same painter, brush and number of strokes in their next step advance together."""
        return self.job.request.painter, self.job.request.brush, self.row.count


class PolicyBatcher:
    """Paints the jobs of a queue by the policy. New ones join at the next step of those under way.

    A painting does not depend on the rest of its batch, but for the last digits of sums.

    Args:
        jobs: where they wait.
        planner: decides on strokes, by the policy's network.
        painter: gives a painter by its name and its brush.
        batch: most paintings that advance together; 1 serves them one by one.
        time_limit: seconds for a painting.
    """

    def __init__(
        self,
        jobs: JobQueue,
        planner: Planner,
        painter: Callable[[str, str], Painter],
        batch: int,
        time_limit: int,
    ) -> None:
        self._jobs = jobs
        self._planner = planner
        self._painter = painter
        self._batch = batch
        self._time_limit = time_limit
        self._loss = PixelLoss()

    def run(self) -> None:
        """Work until the queue is closed."""
        active: list[_ActivePainting] = []
        with torch.inference_mode():
            while (arrived := self._jobs.take(self._batch - len(active), wait=not active)) is not None:
                active += map(self._start, arrived)
                for item in active:
                    if item.job.seconds > self._time_limit:
                        item.job.time_out(self._time_limit)
                active = sorted((item for item in active if not item.job.over), key=lambda item: item.batch_key)
                for _, batch in itertools.groupby(active, key=lambda item: item.batch_key):
                    self._advance(list(batch))
                active = [item for item in active if not item.job.over]

    @staticmethod
    def _start(job: Job) -> _ActivePainting:
        return _ActivePainting(job, start_row(to_tensor(job.request.upload.picture)[0], job.request.strokes))

    def _advance(self, batch: list[_ActivePainting]) -> None:
        try:
            self._step(batch)
        except Exception:
            if len(batch) > 1:  # Nothing was changed: each is tried again alone.
                for item in batch:
                    self._advance([item])
            else:
                _log.exception("painting %s failed", batch[0].job.identity)
                batch[0].job.fail(FAILURE)

    def _step(self, batch: list[_ActivePainting]) -> None:
        painter = self._painter(batch[0].job.request.painter, batch[0].job.request.brush)
        coverages = advance(self._planner, [item.row for item in batch], painter)
        canvas, target = (torch.stack([getattr(item.row, part) for item in batch]) for part in ("canvas", "target"))
        losses = self._loss(canvas, self._loss.features(target)).tolist()
        for item, coverage, loss in zip(batch, coverages, losses, strict=True):
            self._publish(item, coverage, loss, painter)

    def _publish(self, item: _ActivePainting, coverage: Tensor, loss: float, painter: Painter) -> None:
        job, row = item.job, item.row
        count = job.request.strokes - row.strokes_left
        data = {"loss": loss, "fraction": count / job.request.strokes, **stroke_data(row.strokes[-1], coverage)}
        job.emit("strokes", count, data)
        if not row.strokes_left:
            revise_row(self._planner, row, torch.ones_like(row.canvas), painter)
            (strokes,) = row.strokes
            job.emit("film", count, stroke_data(strokes, painter(strokes)))
            loss = float(self._loss(row.canvas[None], self._loss.features(row.target[None])))
            painting = Painting(
                image=to_uint8(row.canvas),
                stroke_list=on_one_canvas(strokes.numpy(), CANVAS_SIZE, brush=painter.brush),
                loss=loss,
                loss_name=self._loss.name,
                seconds=job.seconds,
                agent=PolicyAgent.name,
                painter=painter,
                seed=job.request.seed,
            )
            job.finish(painting)
