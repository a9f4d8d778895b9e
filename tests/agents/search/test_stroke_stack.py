"""Strokes under optimization: those that are asked for move, the others stay."""

import torch
from helpers.soft_painter import SoftPainter
from paintgym.agents.search.config import StackConfig
from paintgym.agents.search.stroke_stack import StrokeStack


def test_the_stack_moves_only_the_strokes_it_is_asked_to() -> None:
    painter = SoftPainter()
    stack = StrokeStack(painter, torch.full((1, 3, 64, 64), 0.8), StackConfig())
    strokes = torch.rand(6, 12) * 0.9 + 0.05
    stack.append(strokes, painter(strokes).flatten(1))
    logits, canvas = stack.render(torch.tensor([4, 1]))
    torch.testing.assert_close(canvas, stack.canvas())
    (gradient,) = torch.autograd.grad(canvas.sum(), logits)
    stack.move(torch.tensor([4, 1]), gradient, 0.1)
    stack.render(torch.arange(6))
    moved = (stack.strokes - strokes).abs().amax(1) > 1e-3
    assert moved.tolist() == [False, True, False, False, True, False]
