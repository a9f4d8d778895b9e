"""Colors in closed form: the best for a stroke, for a whole stack, and what each stroke contributes."""

import torch
from paintgym.agents.search.color import best_color, contributions, solve_colors
from paintgym.painters.canvas import composite
from torch import Tensor


def random_stack(strokes: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    coverage = torch.rand(strokes, 30) * (torch.rand(strokes, 30) > 0.3)
    return coverage, torch.rand(strokes, 3), torch.rand(3, 30)


def test_the_best_color_beats_every_other_and_its_gain_is_true() -> None:
    coverage, _, canvas = random_stack()
    target = torch.rand(3, 30)

    def errors(color: Tensor) -> Tensor:
        painted = canvas * (1 - coverage[:, None]) + coverage[:, None] * color[..., None]
        return (painted - target).square().sum((1, 2))

    color, gain = best_color(coverage, canvas, target)
    torch.testing.assert_close((canvas - target).square().sum() - errors(color), gain)
    for _ in range(20):
        assert (errors(color) <= errors((color + 0.1 * torch.randn(8, 3)).clamp(0, 1)) + 1e-5).all()


PAPER = torch.linspace(0.2, 1, 90).view(3, 30)


def paint_stack(coverage: Tensor, color: Tensor) -> Tensor:
    return composite(PAPER.view(1, 3, 5, 6), coverage.view(1, -1, 1, 5, 6), color[None]).flatten(2)[0]


def test_solved_colors_are_the_constrained_least_squares() -> None:
    coverage, color, target = random_stack()
    solved = solve_colors(coverage, color, target, PAPER, rounds=3000).requires_grad_()
    assert ((solved >= 0) & (solved <= 1)).all()
    (gradient,) = torch.autograd.grad((paint_stack(coverage, solved) - target).square().sum(), solved)
    # At a constrained minimum no gradient is left but what presses against 0 or 1.
    free = (solved > 0.01) & (solved < 0.99)
    assert gradient[free].abs().max() < 0.02
    assert (gradient[solved < 0.01] > -0.02).all()
    assert (gradient[solved > 0.99] < 0.02).all()


def test_contributions_are_what_the_error_rises_without_a_stroke() -> None:
    coverage, color, target = random_stack()

    def error(kept: list[int]) -> Tensor:
        return (paint_stack(coverage[kept], color[kept]) - target).square().sum()

    strokes = list(range(8))
    rises = [error([j for j in strokes if j != i]) - error(strokes) for i in strokes]
    torch.testing.assert_close(contributions(coverage, color, target, PAPER), torch.stack(rises))
