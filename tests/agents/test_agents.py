"""Agents: every one keeps the contract, and the better ones do paint better."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from helpers.soft_painter import SoftPainter
from numpy.typing import NDArray
from paintgym.agents.agent import Agent
from paintgym.agents.gradient import GradientAgent, schedule
from paintgym.agents.progress import Progress
from paintgym.agents.registry import load_agent
from paintgym.agents.search.stroke_optimizer import StrokeOptimizer
from paintgym.errors import InvalidInputError
from paintgym.files import data_directory
from paintgym.painters.stroke import check_strokes


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


@pytest.mark.slow
def test_more_strokes_than_a_block_are_painted_too(picture: NDArray[np.uint8]) -> None:
    few, many = (make("gradient", iterations=20).paint(picture, budget) for budget in (30, 300))
    assert many.strokes.shape == (300, 12)
    assert many.loss < few.loss


def test_a_time_limit_ends_the_work_with_the_whole_budget(picture: NDArray[np.uint8]) -> None:
    painting = make("gradient", iterations=1_000_000, time_limit=0.3).paint(picture, 20)
    assert painting.strokes.shape == (20, 12)


def test_fewer_strokes_are_tried_where_all_would_take_longer_than_there_is_time(
    picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that goes a second further whenever somebody looks at it: a stroke takes a second, of ten.
    ticks = itertools.count()
    monkeypatch.setattr("paintgym.agents.gradient.time.perf_counter", lambda: float(next(ticks)))
    parts = []
    monkeypatch.setattr(StrokeOptimizer, "spare", lambda search, part: parts.append(part))
    painting = make("gradient", iterations=1_000_000, time_limit=10.0).paint(picture, 20)
    assert painting.strokes.shape == (20, 12)
    assert parts == [pytest.approx(0.2 * 10 / 20)]


def test_the_schedule_ends_before_an_iteration_that_would_be_late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("paintgym.agents.gradient.time.perf_counter", lambda: now[0])
    numbers = []
    for number, _ in schedule(1_000, 1.0):
        numbers.append(number)
        now[0] += 0.3
    assert numbers == [0, 1, 2]
    assert [number for number, _ in schedule(1_000, -1.0)] == [0]


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


@pytest.mark.parametrize("name", ["random", "policy"])
def test_an_agent_goes_to_a_device_with_all_its_weights(name: str) -> None:
    agent = load_agent(name, loss="lite")
    agent.to(torch.device("meta"))
    assert agent.device.type == "meta"
    assert {weight.device.type for network in agent.networks for weight in network.parameters()} == {"meta"}
