"""Agents: every one keeps the contract, and the better ones do paint better."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from paintgym.agents.agent import Agent, Progress
from paintgym.agents.gradient import GradientAgent
from paintgym.agents.registry import load_agent
from paintgym.agents.search.color import best_color, contributions, solve_colors
from paintgym.agents.search.proposals import EdgeField, draw_candidates
from paintgym.agents.search.stroke_stack import StrokeStack
from paintgym.errors import InvalidInputError
from paintgym.files import data_directory
from paintgym.painters import stroke as layout
from paintgym.painters.canvas import composite
from paintgym.painters.stroke import check_strokes
from torch import Tensor


class SoftPainter:
    """Soft round dabs along the Bezier: a painter without weights."""

    name = "soft"

    def __call__(self, strokes: Tensor) -> Tensor:
        start, control, end = (strokes[:, None, part] * 64 for part in (layout.START, layout.CONTROL, layout.END))
        t = torch.linspace(0, 1, 24)[:, None]
        points = layout.bezier_point(start, layout.bezier_control(start, control, end), end, t)
        width = torch.exp(2 * strokes[:, layout.SIZE, None, None]) * 0.6
        pressure = strokes[:, [layout.ENTRY_PRESSURE, layout.END_PRESSURE]].mean(1)[:, None, None]
        profile = torch.exp(-0.5 * ((torch.arange(64) + 0.5 - points[..., None]) / width[..., None]) ** 2)
        density = torch.einsum("nty,ntx->nyx", profile[..., 1, :], profile[..., 0, :])
        return -torch.expm1(-0.5 * pressure * density)[:, None]


def make(name: str, **options: Any) -> Agent:
    return load_agent(name, **{"painter": SoftPainter(), "loss": "mse", **options})


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """A red disc and a blue bar on green."""
    y, x = np.mgrid[:64, :64]
    image = np.full((64, 64, 3), (60, 140, 80), np.uint8)
    image[(x - 20) ** 2 + (y - 22) ** 2 < 150] = (200, 40, 30)
    image[48:56, 10:58] = (20, 40, 160)
    return image


OPTIONS: dict[str, dict[str, Any]] = {"random": {}, "greedy": {}, "gradient": {"iterations": 12}}
agents = pytest.mark.parametrize("name", OPTIONS)


@agents
def test_the_whole_budget_is_painted_with_valid_strokes(name: str, picture: NDArray[np.uint8]) -> None:
    painting = make(name, **OPTIONS[name]).paint(picture, 11)
    assert painting.strokes.shape == (11, 12)
    assert painting.strokes.dtype == np.float32
    check_strokes(painting.strokes)
    assert painting.image.shape == (64, 64, 3)
    assert (painting.agent, painting.loss_name, painting.seed) == (name, "mse", 0)
    measured = np.square(painting.image / 255.0 - picture / 255.0).mean()
    assert painting.loss == pytest.approx(measured, abs=1e-3)


@agents
def test_the_same_seed_paints_the_same_strokes_and_another_seed_others(name: str, picture: NDArray[np.uint8]) -> None:
    agent = make(name, **OPTIONS[name])
    first, again, other = (agent.paint(picture, 4, seed=seed).strokes for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@agents
def test_progress_ends_with_the_whole_budget(name: str, picture: NDArray[np.uint8]) -> None:
    reports: list[Progress] = []
    make(name, **OPTIONS[name]).paint(picture, 7, progress=reports.append)
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert (reports[-1].strokes, reports[-1].fraction) == (7, 1.0)


@agents
@pytest.mark.parametrize("value", [0, 255])
def test_plain_paper_and_plain_black_can_be_painted(name: str, value: int) -> None:
    painting = make(name, **OPTIONS[name]).paint(np.full((64, 64, 3), value, np.uint8), 5)
    assert np.isfinite(painting.loss)
    assert np.isfinite(painting.strokes).all()


def test_greedy_never_raises_the_loss(picture: NDArray[np.uint8]) -> None:
    reports: list[Progress] = []
    painting = make("greedy").paint(picture, 15, progress=reports.append)
    losses = [report.loss for report in reports]
    assert losses == sorted(losses, reverse=True)
    assert painting.loss == pytest.approx(losses[-1], rel=1e-4)


def test_greedy_leaves_white_paper_white() -> None:
    assert make("greedy").paint(np.full((64, 64, 3), 255, np.uint8), 5).loss < 1e-8


def test_gradient_beats_its_own_start_greedy_and_random(picture: NDArray[np.uint8]) -> None:
    start = make("gradient", iterations=1).paint(picture, 15).loss
    end = make("gradient", iterations=60).paint(picture, 15).loss
    greedy, random = (make(name).paint(picture, 15).loss for name in ("greedy", "random"))
    assert end < 0.5 * start
    assert end < 0.7 * greedy
    assert greedy < random


def test_more_strokes_than_a_block_are_painted_too(picture: NDArray[np.uint8]) -> None:
    few, many = (make("gradient", iterations=20).paint(picture, budget) for budget in (30, 300))
    assert many.strokes.shape == (300, 12)
    assert many.loss < few.loss


def test_a_time_limit_ends_the_work_with_the_whole_budget(picture: NDArray[np.uint8]) -> None:
    painting = make("gradient", iterations=1_000_000, time_limit=0.3).paint(picture, 20)
    assert painting.strokes.shape == (20, 12)


def test_a_perceptual_loss_is_lowered_and_named(picture: NDArray[np.uint8], data: Callable[[str], object]) -> None:
    data("vgg19_features.safetensors")
    start = make("gradient", loss="vgg19", iterations=1).paint(picture, 10)
    end = GradientAgent(painter=SoftPainter(), iterations=40).paint(picture, 10)
    assert (start.loss_name, end.loss_name) == ("vgg19", "vgg19")
    assert end.loss < start.loss


def test_without_vgg_weights_the_gradient_agent_takes_and_names_the_pixel_loss(
    picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    assert data_directory() == tmp_path
    assert GradientAgent(painter=SoftPainter(), iterations=2).paint(picture, 3).loss_name == "mse"


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("picasso", {}, "random, greedy, gradient"),
        ("greedy", {"iterations": 3}, "painter, loss"),
        ("gradient", {"color": 1}, "learning_rate"),
        ("gradient", {"iterations": 0}, "whole number"),
        ("gradient", {"iterations": 2.5}, "whole number"),
        ("gradient", {"learning_rate": 0}, "above 0"),
        ("gradient", {"time_limit": float("nan")}, "above 0"),
        ("random", {"loss": "beauty"}, "beauty"),
        ("random", {"painter": "rubens"}, "rubens"),
    ],
)
def test_unknown_agents_and_options_are_named(name: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInputError, match=complaint):
        make(name, **options)


@pytest.mark.parametrize(("budget", "seed"), [(0, 0), (5001, 0), (2.0, 0), (True, 0), (3, -1), (3, "x")])
def test_budgets_and_seeds_out_of_range_are_refused(budget: Any, seed: Any, picture: NDArray[np.uint8]) -> None:
    with pytest.raises(InvalidInputError, match="whole number"):
        make("random").paint(picture, budget, seed=seed)


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


def test_leave_one_out_are_what_leave_one_out() -> None:
    coverage, color, target = random_stack()

    def error(kept: list[int]) -> Tensor:
        return (paint_stack(coverage[kept], color[kept]) - target).square().sum()

    every = list(range(8))
    wanted = [error([j for j in every if j != i]) - error(every) for i in every]
    torch.testing.assert_close(contributions(coverage, color, target, PAPER), torch.stack(wanted))


def test_candidates_lie_where_the_error_is_and_along_the_edges() -> None:
    target = torch.zeros(3, 64, 64)
    target[:, :, 32:] = 1
    error = torch.zeros(64, 64)
    error[20:44, 30:34] = 1
    strokes = draw_candidates(200, error, EdgeField(target), torch.Generator().manual_seed(0))
    check_strokes(strokes.numpy())
    middle = strokes[:, layout.CONTROL] * 64
    assert ((middle[:, 0] - 32).abs() < 16).all()
    reach = (strokes[:, layout.END] - strokes[:, layout.START]).abs()
    assert (reach[:, 1] > reach[:, 0]).float().mean() > 0.85


def test_the_stack_moves_only_the_strokes_it_is_asked_to() -> None:
    painter = SoftPainter()
    stack = StrokeStack(painter, torch.full((1, 3, 64, 64), 0.8))
    strokes = torch.rand(6, 12) * 0.9 + 0.05
    stack.append(strokes, painter(strokes).flatten(1))
    logits, canvas = stack.render(torch.tensor([4, 1]))
    torch.testing.assert_close(canvas, stack.canvas())
    (gradient,) = torch.autograd.grad(canvas.sum(), logits)
    stack.move(torch.tensor([4, 1]), gradient, 0.1)
    stack.render(torch.arange(6))
    moved = (stack.strokes - strokes).abs().amax(1) > 1e-3
    assert moved.tolist() == [False, True, False, False, True, False]
