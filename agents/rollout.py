"""A network at work, step by step. What it decides is its own, who asks for it lies above."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..envs.canvas import StrokePainter, paint_strokes
from .analytic import observe
from .stroke_network import StrokeNetwork, strokes_per_step


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
        strokes, _ = network(observe(canvas, target, left), min(step, count - done))
        canvas = paint_strokes(canvas, strokes, painter)
        yield strokes, canvas
