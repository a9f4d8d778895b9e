"""A policy at work, step by step: the one loop by which agents, trainings and the page have it paint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...envs.losses.loss import Loss
from ...envs.views.canvas import observe
from ...painters.canvas import composite
from ...painters.device import upload
from ...painters.painter import Painter
from ...painters.stroke import COLOR, END_PRESSURE, ENTRY_PRESSURE
from ...painters.styled import StyledPainter
from .config import ScheduleConfig
from .planner import Planner
from .revision import revise
from .schedule import strokes_per_step, window_strokes_per_step


@dataclass(eq=False)
class Row:
    """A canvas under way.

    Attributes:
        target: (3, 64, 64) in [0, 1].
        canvas: (3, 64, 64) in [0, 1], as it is by now.
        strokes_left: how many are to be laid in all, which the policy is told; 0 at the end.
        step: how many to lay at a time.
        whole_steps: whether the last step too decides on ``step`` strokes, of which those beyond the end are dropped:
            so canvases with different numbers of strokes to go keep together.
        strokes: what was laid, (T, 12) in [0, 1] each.
    """

    target: Tensor
    canvas: Tensor
    strokes_left: int
    step: int
    whole_steps: bool = False
    strokes: list[Tensor] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Strokes that the next step decides on."""
        return self.step if self.whole_steps else min(self.step, self.strokes_left)


def start_row(
    target: Tensor, stroke_budget: int, canvas: Tensor | None = None, schedule: ScheduleConfig | None = None
) -> Row:
    """A painting of its own, (3, 64, 64) in [0, 1], on a canvas or on white paper."""
    paper = torch.ones_like(target) if canvas is None else canvas
    return Row(target, paper, stroke_budget, strokes_per_step(stroke_budget, schedule))


@torch.no_grad()
def advance(planner: Planner, rows: Sequence[Row], painter: Painter) -> list[Tensor]:
    """Lay the next strokes on each canvas; canvases that lay as many share a batch.

    A row does not depend on the others, but for the last digits of sums. Either all rows are changed or, where an
    exception is raised, none.

    Args:
        planner: decides.
        rows: canvases with strokes left, changed in place.
        painter: turns the strokes into ink.

    Returns:
        For each row the coverage (T, 1, 64, 64) in [0, 1] of the strokes that were laid, the last in its ``strokes``.
    """
    batch_size = planner.config.schedule.batch_size
    groups: dict[int, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.count, []).append(number)
    laid: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
    for count, numbers in groups.items():
        for start in range(0, len(numbers), batch_size):
            batch = numbers[start : start + batch_size]
            decided = _decide(planner, [rows[number] for number in batch], count, painter)
            laid |= zip(batch, zip(*decided, strict=True), strict=True)
    coverages = []
    for number, row in enumerate(rows):
        strokes, coverage, row.canvas = laid[number]
        count = min(row.count, row.strokes_left)
        row.strokes.append(strokes[:count])
        row.strokes_left -= count
        coverages.append(coverage[:count])
    return coverages


def _decide(planner: Planner, rows: Sequence[Row], count: int, painter: Painter) -> tuple[Tensor, Tensor, Tensor]:
    """Strokes (B, count, 12), their coverage (B, count, 1, 64, 64), and the canvases with them (B, 3, 64, 64)."""
    canvas, target = torch.stack([row.canvas for row in rows]), torch.stack([row.target for row in rows])
    left = upload([row.strokes_left for row in rows], canvas.device)
    strokes = planner(observe(canvas, target, left.float()), count, painter.ribbon)
    if isinstance(painter, StyledPainter):
        strokes = painter.style.apply(strokes)
    beyond = torch.arange(count, device=left.device) >= left[:, None]
    strokes[..., END_PRESSURE].masked_fill_(beyond, 0.0)
    strokes[..., ENTRY_PRESSURE].masked_fill_(beyond, 0.0)
    coverage = painter(strokes.flatten(0, 1)).unflatten(0, strokes.shape[:2])
    return strokes, coverage, composite(canvas, coverage, strokes[..., COLOR])


def paint_steps(
    planner: Planner,
    target: Tensor,
    stroke_budget: int,
    painter: Painter,
    canvas: Tensor | None = None,
    count: int | None = None,
    revised: bool = True,
    loss: Loss | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Paint pictures, some strokes at a time; at the end, all of them are revised.

    Args:
        planner: decides the strokes.
        target: (B, 3, 64, 64) in [0, 1].
        stroke_budget: strokes for each picture, 1 or more.
        painter: turns them into ink.
        canvas: (B, 3, 64, 64) in [0, 1] to paint on; bare paper by default.
        count: how many of the strokes to paint now; all by default.
        revised: whether they are revised at the end.
        loss: what is lowered then; the squared error by default.

    Yields:
        All strokes so far (B, T, 12) in [0, 1], and the canvases with them (B, 3, 64, 64); last of all the revised.
    """
    papers = torch.ones_like(target) if canvas is None else canvas
    count = stroke_budget if count is None else count
    step = strokes_per_step(count, planner.config.schedule)
    rows = [Row(*both, stroke_budget, step) for both in zip(target, papers, strict=True)]
    end = stroke_budget - count
    while rows[0].strokes_left > end:
        for row in rows:
            row.step = min(step, row.strokes_left - end)
        advance(planner, rows, painter)
        yield _so_far(rows)
    if revised:
        yield revise(planner, *_so_far(rows), papers, target, painter, loss)


def revise_rows(planner: Planner, rows: Sequence[Row], papers: Sequence[Tensor], painter: Painter) -> None:
    """Revise all strokes of rows with as many strokes each, which lie on papers (3, 64, 64)."""
    targets = torch.stack([row.target for row in rows])
    revised = revise(planner, *_so_far(rows), torch.stack([*papers]), targets, painter)
    for row, strokes, canvas in zip(rows, *revised, strict=True):
        row.strokes, row.canvas = [strokes], canvas


def _so_far(rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    return torch.stack([torch.cat(row.strokes) for row in rows]), torch.stack([row.canvas for row in rows])


def paint_windows(
    planner: Planner, canvas: Tensor, target: Tensor, counts: Sequence[int], painter: Painter
) -> list[Tensor]:
    """Paint on several canvases at once, on each as many strokes as it was given.

    Args:
        planner: decides the strokes.
        canvas: (B, 3, 64, 64) in [0, 1], half-painted.
        target: (B, 3, 64, 64) in [0, 1].
        counts: strokes for each canvas, 1 or more.
        painter: turns them into ink.

    Returns:
        For each canvas its strokes (count, 12) in [0, 1].
    """
    step = window_strokes_per_step(max(counts), planner.config.schedule)
    rows = [
        Row(picture, paper, count, step, whole_steps=True)
        for picture, paper, count in zip(target, canvas, counts, strict=True)
    ]
    while under_way := [row for row in rows if row.strokes_left]:
        advance(planner, under_way, painter)
    return [torch.cat(row.strokes) for row in rows]
