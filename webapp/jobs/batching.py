"""Paintings of the policy, many at a time: one call of its network and one of the painter advance all of them."""

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import torch
from torch import Tensor

from ...agents.outputs.painting import Painting
from ...agents.policy.planner import Planner
from ...agents.policy.rollout import Row, advance, revise_rows, start_row
from ...agents.policy_agent import PolicyAgent
from ...envs.losses.loss import PixelLoss
from ...painters.device import device_of
from ...painters.painter import Painter
from ...painters.pixels import to_tensor, to_uint8
from ...painters.stroke import CANVAS_SIZE
from ...painters.stroke_list import on_one_canvas
from ...painters.styled import styled
from ...painters.windows import paint_list
from ...painters.windows import paper as make_paper
from ..errors import Sentence
from .job import Job
from .queue import JobQueue
from .streaming import stroke_data

_log = logging.getLogger(__name__)
FAILURE = Sentence("failed")
"""What a visitor reads of a fault in the program; the log has the traceback."""


@dataclass(eq=False)
class _ActivePainting:
    """A painting under way.

    Attributes:
        job: who waits for it.
        row: what the policy paints on.
        painter: turns its strokes into ink, within its style.
        paper: (3, 64, 64) in [0, 1], what was there before.
    """

    job: Job
    row: Row
    painter: Painter
    paper: Tensor

    @property
    def batch_key(self) -> tuple[int, int]:
        """Paintings with the same painter and number of strokes in their next step advance together."""
        return id(self.painter), self.row.count

    @property
    def end_key(self) -> tuple[int, int]:
        """Paintings with the same painter and number of strokes in all are revised together."""
        return id(self.painter), self.job.request.new_strokes


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
        self._device = device_of(planner.network)

    def run(self) -> None:
        """Work until the queue is closed."""
        active: list[_ActivePainting] = []
        with torch.inference_mode():
            while (arrived := self._jobs.take(self._batch - len(active), wait=not active)) is not None:
                active += [item for job in arrived if (item := self._start(job))]
                for item in active:
                    if item.job.has_to_end(self._time_limit):
                        self._end_early(item)
                active = sorted((item for item in active if not item.job.over), key=lambda item: item.batch_key)
                for _, batch in itertools.groupby(active, key=lambda item: item.batch_key):
                    self._attempt(self._step, list(batch))
                for ended in self._ended(active):
                    self._attempt(self._revise, ended)
                    # One by one: what is handed over must not be tried again because another could not be.
                    for item in ended:
                        if not item.job.over:
                            self._attempt(self._end, [item])
                active = [item for item in active if not item.job.over]

    def _start(self, job: Job) -> _ActivePainting | None:
        request = job.request
        try:
            paper = make_paper(request.style.background, CANVAS_SIZE, CANVAS_SIZE, self._device)
            painter = styled(self._painter(request.painter, request.brush), request.style)
            if request.start is not None:
                earlier = torch.from_numpy(request.start.strokes).to(self._device)
                paper = paint_list(request.start, painter, paper)
                job.emit("strokes", len(earlier), stroke_data(earlier, painter(earlier)))
        except Exception:
            _log.exception("painting %s failed", job.identity)
            job.fail(FAILURE)
            return None
        target = to_tensor(request.upload.picture, self._device)[0]
        return _ActivePainting(job, start_row(target, request.new_strokes, paper), painter, paper)

    def _ended(self, active: Sequence[_ActivePainting]) -> Iterator[list[_ActivePainting]]:
        """Those with all strokes laid, as many as are revised together at a time: the first need not wait for all."""
        laid = [item for item in active if not item.job.over and not item.row.strokes_left]
        key = attrgetter("end_key")
        for (_, strokes), group in itertools.groupby(sorted(laid, key=key), key):
            alike = list(group)
            most = self._planner.config.revision.paintings_together(strokes, self._device.type == "cpu")
            yield from (alike[first : first + most] for first in range(0, len(alike), most))

    def _attempt(self, work: Callable[[list[_ActivePainting]], None], batch: list[_ActivePainting]) -> None:
        try:
            work(batch)
        except Exception:
            if len(batch) > 1:  # No row was changed: each is tried again alone.
                for item in batch:
                    self._attempt(work, [item])
            else:
                _log.exception("painting %s failed", batch[0].job.identity)
                batch[0].job.fail(FAILURE)

    def _step(self, batch: list[_ActivePainting]) -> None:
        coverages = advance(self._planner, [item.row for item in batch], batch[0].painter)
        canvas, target = (torch.stack([getattr(item.row, part) for item in batch]) for part in ("canvas", "target"))
        losses = self._loss(canvas, self._loss.features(target)).tolist()
        for item, coverage, loss in zip(batch, coverages, losses, strict=True):
            job, row = item.job, item.row
            count = job.request.strokes - row.strokes_left
            data = {"loss": loss, "fraction": count / job.request.strokes, **stroke_data(row.strokes[-1], coverage)}
            job.emit("strokes", count, data)

    def _revise(self, batch: list[_ActivePainting]) -> None:
        revise_rows(self._planner, [item.row for item in batch], [item.paper for item in batch], batch[0].painter)

    def _end(self, batch: list[_ActivePainting]) -> None:
        (item,) = batch
        strokes = self._all_strokes(item)
        item.job.emit("film", item.job.request.strokes, stroke_data(strokes, item.painter(strokes)))
        self._finish(item, strokes)

    def _end_early(self, item: _ActivePainting) -> None:
        if item.row.strokes:
            self._finish(item, self._all_strokes(item))
        else:
            item.job.end_without_strokes()

    @staticmethod
    def _all_strokes(item: _ActivePainting) -> Tensor:
        start = item.job.request.start
        earlier = [] if start is None else [torch.from_numpy(start.strokes).to(item.paper.device)]
        return torch.cat([*earlier, *item.row.strokes])

    def _finish(self, item: _ActivePainting, strokes: Tensor) -> None:
        job, row = item.job, item.row
        painter = self._painter(job.request.painter, job.request.brush)
        background = job.request.style.background
        painting = Painting(
            image=to_uint8(row.canvas),
            stroke_list=on_one_canvas(strokes.cpu().numpy(), CANVAS_SIZE, background, painter.brush),
            loss=float(self._loss(row.canvas[None], self._loss.features(row.target[None]))),
            loss_name=self._loss.name,
            seconds=job.seconds,
            agent=PolicyAgent.name,
            painter=painter,
            seed=job.request.seed,
        )
        job.finish(painting)
