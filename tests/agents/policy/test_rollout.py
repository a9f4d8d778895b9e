"""A policy at work: whole budgets, in steps that grow with them."""

import pytest
import torch
from helpers.small_policy import SMALL, smooth_picture
from paintgym.agents.policy.network import StrokeNetwork
from paintgym.agents.policy.planner import Planner
from paintgym.agents.policy.rollout import paint_steps
from paintgym.agents.policy.schedule import strokes_per_step
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.pixels import to_tensor

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def planner() -> Planner:
    torch.manual_seed(0)
    return Planner(StrokeNetwork(**SMALL))


@pytest.mark.parametrize("budget", [1, 5, 23, 200, 1000])
def test_steps_paint_the_whole_budget_and_no_more(planner: Planner, budget: int) -> None:
    target = to_tensor(smooth_picture(3)[None])
    steps = list(paint_steps(planner, target, budget, ProxyPainter()))
    counts = [strokes.shape[1] for strokes, _ in steps]
    assert counts[-2:] == [budget, budget]
    assert counts == sorted(counts)
    assert len(steps) <= max(25, budget // 16 + 2)
    assert strokes_per_step(budget) <= budget
