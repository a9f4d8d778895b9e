"""A network at work: from bare paper, step by step. What it decides is its own, who asks for it lies above."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..envs.canvas import StrokePainter, paint_strokes
from .analytic import observe
from .stroke_network import StrokeNetwork, strokes_per_step


@torch.no_grad()
def paint_steps(
    network: StrokeNetwork, target: Tensor, stroke_budget: int, painter: StrokePainter
) -> Iterator[tuple[Tensor, Tensor]]:
    """Paint pictures, some strokes at a time.

    Args:
        network: decides the strokes.
        target: (B, 3, 64, 64) in [0, 1].
        stroke_budget: strokes for each picture, 1 or more; all are painted.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).

    Yields:
        The strokes of a step (B, T, 12) in [0, 1], and the canvases after it (B, 3, 64, 64).
    """
    canvas, step = torch.ones_like(target), strokes_per_step(stroke_budget)
    for done in range(0, stroke_budget, step):
        left = torch.full((len(target),), float(stroke_budget - done), device=target.device)
        strokes, _ = network(observe(canvas, target, left), min(step, stroke_budget - done))
        canvas = paint_strokes(canvas, strokes, painter)
        yield strokes, canvas
