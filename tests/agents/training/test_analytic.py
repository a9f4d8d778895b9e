"""Training through the canvas: what it asks of strokes, and that every weight learns."""

import math

import numpy as np
import pytest
import torch
from helpers.small_policy import SMALL, smooth_picture
from paintgym.agents.policy.network import Scene, StrokeNetwork
from paintgym.agents.policy.planner import Planner
from paintgym.agents.training.analytic import AnalyticTrainer
from paintgym.agents.training.analytic import regret as regret_of
from paintgym.agents.training.config import AnalyticConfig
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.pixels import to_tensor
from paintgym.painters.ribbon import ProxyParameters

pytestmark = pytest.mark.usefixtures("one_thread")


def test_strokes_fall_short_by_what_the_best_would_gain_more() -> None:
    def regret(gain: torch.Tensor) -> torch.Tensor:
        return regret_of(gain, AnalyticConfig())

    alike = torch.full((2, 3, 4), 5.0)
    assert regret(alike) == regret(7 * alike) == pytest.approx(-math.log(1.1))
    one = torch.zeros(1, 3, 4)
    one[0, 0, 0] = 1.0
    assert regret(-one) > regret(one) > regret(alike)
    # Of those in a place the best counts nearly alone, and the worst has a gradient too, where it gains at all.
    gain = torch.tensor([[[1.0, 0.5, 0.1]]], requires_grad=True)
    (gradient,) = torch.autograd.grad(regret(gain), gain)
    assert (gradient < 0).all()


def draw(count: int, random: np.random.Generator) -> torch.Tensor:
    pictures = torch.stack([to_tensor(smooth_picture(seed)[None])[0] for seed in range(5)])
    return pictures[torch.from_numpy(random.integers(len(pictures), size=count))]


def test_a_training_step_moves_every_weight_and_paints_on() -> None:
    network = StrokeNetwork(**SMALL)
    trainer = AnalyticTrainer(
        Planner(network), [ProxyPainter()], draw, np.random.default_rng(0), learning_rate=1e-2, steps=10
    )
    before = {name: value.clone() for name, value in network.named_parameters()}
    for _ in range(2):
        figures = trainer.train_step()
    assert all(np.isfinite(value) for value in figures.values())
    still = [name for name, value in network.named_parameters() if torch.equal(value, before[name])]
    assert still == []


def test_several_brushes_take_turns_and_the_network_is_told_which() -> None:
    torch.manual_seed(0)
    network = StrokeNetwork(**SMALL, brushes=True)
    wide = ProxyPainter(ProxyParameters(log_width=-0.2))
    config = AnalyticConfig(buffer_size=48, buffers=(1, 2), schedule=(1, 0))
    trainer = AnalyticTrainer(
        Planner(network),
        [ProxyPainter(), wide],
        draw,
        np.random.default_rng(0),
        learning_rate=1e-2,
        steps=8,
        config=config,
    )
    bare = [len(np.unique(part["canvas"])) for part in trainer.state_dict()["buffers"][0]]
    for _ in range(4):
        trainer.train_step()
    painted = [len(np.unique(part["canvas"])) for part in trainer.state_dict()["buffers"][0]]
    assert bare == [1] * 4
    assert min(painted) > 1
    scene, anchors = Scene.of(torch.rand(1, 7, 64, 64)), torch.full((1, 1, 2), 32.0)
    assert not torch.equal(network(scene, anchors), network(scene, anchors, wide.ribbon))
