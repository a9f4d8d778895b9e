"""Paintings of the policy, many at a time: one call of its network and one of the painter advance all of them."""

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..envs.core import observe
from ..agents.policy_agent import PolicyAgent
from ..painters.painter import NamedPainter
from ..agents.outputs.painting import Painting
from ..agents.policy.network import StrokeNetwork
from ..agents.policy.schedule import strokes_per_step
from ..painters.canvas import composite
from ..envs.losses.loss import PixelLoss
from ..painters.pixels import to_tensor, to_uint8
from ..painters.stroke import CANVAS_SIZE, COLOR
from ..painters.stroke_list import on_one_canvas
from .job import Job
from .queue import JobQueue
from .streaming import stroke_data

_log = logging.getLogger(__name__)
FAILURE = "The painting failed for a reason of our own; try again, or with other settings."


@dataclass(eq=False)
class _Row:
    """A painting under way.

    Attributes:
        target, canvas: (3, 64, 64) in [0, 1].
        strokes: what was painted, (T, 12) each.
    """

    job: Job
    target: Tensor
    canvas: Tensor
    strokes: list[Tensor] = field(default_factory=list)
    done: int = 0

    @property
    def left(self) -> int:
        return self.job.order.strokes - self.done

    @property
    def company(self) -> tuple[str, int]:
        """Rows with the same painter and as many strokes to lay can advance together."""
        return self.job.order.painter, min(strokes_per_step(self.job.order.strokes), self.left)


class PolicyBatcher:
    """Paints the jobs of a queue by the policy. New ones join at the next step of those under way.

    A painting does not depend on its company, but for the last digits of sums.

    Args:
        jobs: where they wait.
        network: of the policy.
        painter: gives a painter by its name.
        batch: most paintings that advance together; 1 serves them one by one.
        time_limit: seconds for a painting.
    """

    def __init__(
        self,
        jobs: JobQueue,
        network: StrokeNetwork,
        painter: Callable[[str], NamedPainter],
        batch: int,
        time_limit: int,
    ) -> None:
        self._jobs = jobs
        self._network = network
        self._painter = painter
        self._batch = batch
        self._time_limit = time_limit
        self._loss = PixelLoss()

    def run(self) -> None:
        """Work until the queue is closed."""
        rows: list[_Row] = []
        with torch.inference_mode():
            while (arrived := self._jobs.take(self._batch - len(rows), wait=not rows)) is not None:
                rows += map(self._begin, arrived)
                for row in rows:
                    if row.job.seconds > self._time_limit:
                        row.job.fail(f"The painting took longer than {self._time_limit} seconds; use fewer strokes.")
                rows = sorted((row for row in rows if not row.job.over), key=lambda row: row.company)
                for _, group in itertools.groupby(rows, key=lambda row: row.company):
                    self._advance(list(group))
                rows = [row for row in rows if not row.job.over]

    @staticmethod
    def _begin(job: Job) -> _Row:
        target = to_tensor(job.order.upload.picture)[0]
        return _Row(job, target, torch.ones_like(target))

    def _advance(self, group: list[_Row]) -> None:
        try:
            self._step(group)
        except Exception:
            if len(group) > 1:
                for row in group:
                    self._advance([row])
            else:
                _log.exception("painting %s failed", group[0].job.identity)
                group[0].job.fail(FAILURE)

    def _step(self, group: list[_Row]) -> None:
        name, count = group[0].company
        painter = self._painter(name)
        canvas, target = torch.stack([row.canvas for row in group]), torch.stack([row.target for row in group])
        left = torch.tensor([float(row.left) for row in group])
        strokes = self._network(observe(canvas, target, left), count)
        coverage = painter(strokes.flatten(0, 1)).unflatten(0, strokes.shape[:2])
        canvas = composite(canvas, coverage, strokes[..., COLOR])
        losses = self._loss(canvas, self._loss.features(target)).tolist()
        # Nothing is changed before everything is known: a row whose company failed is tried again alone.
        for number, row in enumerate(group):
            row.canvas = canvas[number]
            row.strokes.append(strokes[number])
            row.done += count
            self._tell(row, coverage[number], losses[number], painter)

    def _tell(self, row: _Row, coverage: Tensor, loss: float, painter: NamedPainter) -> None:
        job = row.job
        data = {"loss": loss, "fraction": row.done / job.order.strokes, **stroke_data(row.strokes[-1], coverage)}
        job.emit("strokes", row.done, data)
        if not row.left:
            painting = Painting(
                image=to_uint8(row.canvas),
                listing=on_one_canvas(torch.cat(row.strokes).numpy(), CANVAS_SIZE),
                loss=loss,
                loss_name=self._loss.name,
                seconds=job.seconds,
                agent=PolicyAgent.name,
                painter=painter,
                seed=job.order.seed,
            )
            job.finish(painting)
