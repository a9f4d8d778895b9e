"""Rewards: what each adds up to over an episode, and that a target like the paper divides by nothing."""

import gymnasium
import numpy as np
import pytest
import torch
from paintgym.envs.core import PaintingCore
from paintgym.envs.losses.registry import make_loss
from paintgym.envs.rewards import POTENTIAL_BASED, REWARDS, score
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter

pytestmark = pytest.mark.usefixtures("one_thread")


def run_episode(reward: str, target: object = "shapes") -> tuple[float, list[float]]:
    env = gymnasium.make(
        "paintgym/Painting-v0", target=target, perceptual="mse", stroke_budget=5, reward=reward, view="focus"
    )
    _, info = env.reset(seed=4)
    losses, total = [info["loss"]], 0.0
    generator = np.random.default_rng(0)
    for _ in range(5):
        _, value, _, _, info = env.step(generator.uniform(-0.5, 0.5, 12).astype(np.float32))
        total += float(value)
        losses.append(info["loss"])
        assert info["score"] == pytest.approx(1 - info["loss"] / max(losses[0], 1e-6), rel=1e-4, abs=1e-6)
    return total, losses


def test_each_reward_adds_up_to_what_it_says() -> None:
    for reward in REWARDS:
        total, losses = run_episode(reward)
        expected = {
            "negative_loss": -sum(losses[1:]),
            "improvement": losses[0] - losses[-1],
            "relative": 1 - losses[-1] / losses[0],
            "log": np.log(losses[0] / losses[-1]),
        }[reward]
        assert total == pytest.approx(expected, rel=1e-4, abs=1e-6), reward


@pytest.mark.parametrize("reward", list(REWARDS))
def test_only_potential_based_rewards_and_their_gradients_can_be_told_from_the_ends_alone(reward: str) -> None:
    core = PaintingCore(ProxyPainter(), make_loss("lite"), reward=reward, view="focus", stroke_budget=3)
    torch.manual_seed(0)
    actions, first = torch.rand(3, 2, 12, requires_grad=True), core.initial(torch.rand(2, 3, 64, 64))
    every, ends, total = first, first, torch.zeros(2)
    for step, action in enumerate(actions, 1):
        previous, every = every, core.transition(every, action)
        total = total + core.reward(previous, every)
        ends = core.transition(ends, action, measured=step == 3)
        assert (ends.loss is first.loss) == (step < 3)
    assert torch.equal(ends.canvas, every.canvas)
    whole = core.reward(first, ends)
    assert torch.allclose(whole, total, atol=1e-6) == (reward in POTENTIAL_BASED)
    (gradient,), (expected,) = (torch.autograd.grad(one.sum(), actions) for one in (whole, total))
    assert torch.allclose(gradient, expected, rtol=1e-3, atol=1e-6) == (reward in POTENTIAL_BASED)


@pytest.mark.parametrize("reward", list(REWARDS))
def test_a_target_like_the_paper_gives_finite_rewards(reward: str) -> None:
    total, losses = run_episode(reward, np.full((64, 64, 3), 255, np.uint8))
    assert losses[0] == 0
    assert np.isfinite(total)


def test_scores_are_the_part_of_the_loss_that_is_gone() -> None:
    assert score(torch.tensor([0.0, 0.1, 0.2]), torch.tensor(0.1)).tolist() == pytest.approx([1, 0, -1])


def test_an_unknown_reward_is_one_clear_error() -> None:
    with pytest.raises(InvalidInputError, match=r"'sparse'.*relative, log"):
        run_episode("sparse")
