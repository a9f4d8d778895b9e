"""Strokes under optimization: those that are asked for move, others are laid elsewhere, and canvases do not mix."""

import torch
from helpers.soft_painter import SoftPainter
from paintgym.agents.search.config import StackConfig
from paintgym.agents.search.stroke_stack import StrokeStack
from torch import Tensor


def stack_of(counts: list[int]) -> tuple[StrokeStack, Tensor]:
    """A stack of random strokes, so many on each canvas, and these strokes (B, N, 12)."""
    painter = SoftPainter()
    stack = StrokeStack(painter, torch.full((len(counts), 3, 64, 64), 0.8), StackConfig())
    strokes = torch.rand(len(counts), max(counts), 12, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    stack.append(counts, strokes, painter(strokes.flatten(0, 1)).flatten(1).unflatten(0, strokes.shape[:2]))
    return stack, strokes


def test_the_stack_moves_only_the_strokes_it_is_asked_to() -> None:
    stack, (strokes,) = stack_of([6])
    rows = torch.tensor([4, 1])
    logits, canvas = stack.render(rows)
    torch.testing.assert_close(canvas, stack.canvas())
    (gradient,) = torch.autograd.grad(canvas.sum(), logits)
    stack.move(rows, gradient, 0.1)
    stack.render(torch.arange(6))
    moved = (stack.strokes[0] - strokes).abs().amax(1) > 1e-3
    assert moved.tolist() == [False, True, False, False, True, False]


def test_canvases_with_other_numbers_of_strokes_grow_and_move_as_if_they_were_alone() -> None:
    counts = [5, 2, 3]
    stack, strokes = stack_of(counts)
    stack.append([1, 0, 2], strokes[:, :2], torch.full((3, 2, 4096), 0.1))
    rows = stack.rows(100, [])
    assert stack.counts == [6, 2, 5]
    assert len(rows) == 13
    logits, canvas = stack.render(rows)
    (gradient,) = torch.autograd.grad(canvas.square().sum(), logits)
    stack.move(rows, gradient, 0.1)
    stack.render(rows)
    for row, (count, more) in enumerate(zip(counts, [1, 0, 2], strict=True)):
        single = StrokeStack(SoftPainter(), torch.full((1, 3, 64, 64), 0.8), StackConfig())
        single.append([count], strokes[row, None, :count], torch.full((1, count, 4096), 0.1))
        if more:
            single.append([more], strokes[row, None, :more], torch.full((1, more, 4096), 0.1))
        own = single.rows(100, [])
        logits, canvas = single.render(own)
        (gradient,) = torch.autograd.grad(canvas.square().sum(), logits)
        single.move(own, gradient, 0.1)
        single.render(own)
        torch.testing.assert_close(stack.strokes[row, : count + more], single.strokes[0])
        torch.testing.assert_close(stack.canvas()[row], single.canvas()[0])


def test_strokes_are_laid_elsewhere_on_top_of_those_that_stay() -> None:
    stack, strokes = stack_of([5, 3])
    new, ink = torch.rand(2, 2, 12) * 0.9 + 0.05, torch.rand(2, 2, 4096)
    stack.lay_elsewhere(torch.tensor([[3, 0], [1, 2]]), torch.tensor([2, 1]), new, ink)
    torch.testing.assert_close(stack.strokes[0], torch.cat([strokes[0, [1, 2, 4]], new[0]]))
    torch.testing.assert_close(stack.strokes[1, :3], torch.cat([strokes[1, [0, 2]], new[1, :1]]))
    torch.testing.assert_close(stack.coverage[0, 3:], ink[0])
    assert not stack.coverage[1, 3:].any()  # Rows that are no strokes stay without ink.
    assert stack.counts == [5, 3]


def test_some_strokes_of_each_canvas_are_drawn_where_there_are_too_many() -> None:
    stack, _ = stack_of([5, 3])
    rows = stack.rows(4, [torch.Generator().manual_seed(seed) for seed in (0, 1)])
    assert sorted(rows[4:].tolist()) == [5, 6, 7]
    assert len(set(rows[:4].tolist())) == 4
    assert set(rows[:4].tolist()) < set(range(5))
