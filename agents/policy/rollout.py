"""A network at work, step by step. What it decides is its own, who asks for it lies above."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ...painters.painter import StrokePainter
from ...painters.canvas import paint_strokes
from ...painters.stroke import END_PRESSURE, ENTRY_PRESSURE
from ...painters.style import StyledPainter
from ...envs.core import observe
from .schedule import STROKES_PER_STEP, strokes_per_step
from .network import StrokeNetwork

_TOGETHER = 64
_STEPS = 2


@torch.no_grad()
def paint_steps(
    network: StrokeNetwork,
    target: Tensor,
    stroke_budget: int,
    painter: StrokePainter,
    canvas: Tensor | None = None,
    count: int | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Paint pictures, some strokes at a time.

    Args:
        network: decides the strokes.
        target: (B, 3, 64, 64) in [0, 1].
        stroke_budget: strokes for each picture, 1 or more.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).
        canvas: (B, 3, 64, 64) in [0, 1] to paint on; bare paper by default.
        count: how many of the strokes to paint now; all by default.

    Yields:
        The strokes of a step (B, T, 12) in [0, 1], and the canvases after it (B, 3, 64, 64).
    """
    canvas = torch.ones_like(target) if canvas is None else canvas
    count = stroke_budget if count is None else count
    step = strokes_per_step(count)
    for done in range(0, count, step):
        left = torch.full((len(target),), float(stroke_budget - done), device=target.device)
        strokes = network(observe(canvas, target, left), min(step, count - done))
        strokes = _keep_style(strokes, painter)
        canvas = paint_strokes(canvas, strokes, painter)
        yield strokes, canvas


@torch.no_grad()
def paint_counted(
    network: StrokeNetwork, canvas: Tensor, target: Tensor, counts: list[int], painter: StrokePainter
) -> list[Tensor]:
    """Paint on several canvases at once, on each as many strokes as it was given.

    Args:
        network: decides the strokes.
        canvas: (B, 3, 64, 64) in [0, 1], half-painted.
        target: (B, 3, 64, 64) in [0, 1].
        counts: strokes for each canvas, 1 or more.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).

    Returns:
        For each canvas its strokes (count, 12) in [0, 1].
    """
    painted: list[list[Tensor]] = [[] for _ in counts]
    step = _counted_step(max(counts))
    left = torch.tensor(counts)
    canvas = canvas.clone()
    while bool((left > 0).any()):
        for rows in left.nonzero()[:, 0].split(_TOGETHER):
            strokes = network(observe(canvas[rows], target[rows], left[rows].float()), step)
            strokes = _keep_style(strokes, painter)
            beyond = torch.arange(step) >= left[rows, None]
            strokes[..., END_PRESSURE].masked_fill_(beyond, 0.0)
            strokes[..., ENTRY_PRESSURE].masked_fill_(beyond, 0.0)
            canvas[rows] = paint_strokes(canvas[rows], strokes, painter)
            for row, own in zip(rows.tolist(), strokes, strict=True):
                painted[row].append(own[: int(left[row])])
        left = (left - step).clamp(min=0)
    return [torch.cat(parts) for parts in painted]


def _counted_step(count: int) -> int:
    return max(step for step in STROKES_PER_STEP if step == 1 or _STEPS * step <= count)


def _keep_style(strokes: Tensor, painter: StrokePainter) -> Tensor:
    """Strokes (..., 12) as a painter's style wants them, if it has one."""
    return painter.style.apply(strokes) if isinstance(painter, StyledPainter) else strokes
