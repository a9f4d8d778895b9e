"""Rewards: what each adds up to over an episode, and that a target like the paper divides by nothing."""

import gymnasium
import numpy as np
import pytest
import torch
from paintgym.envs.rewards import REWARDS, score
from paintgym.errors import InvalidInputError

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
def test_a_target_like_the_paper_gives_finite_rewards(reward: str) -> None:
    total, losses = run_episode(reward, np.full((64, 64, 3), 255, np.uint8))
    assert losses[0] == 0
    assert np.isfinite(total)


def test_scores_are_the_part_of_the_loss_that_is_gone() -> None:
    assert score(torch.tensor([0.0, 0.1, 0.2]), torch.tensor(0.1)).tolist() == pytest.approx([1, 0, -1])


def test_an_unknown_reward_is_one_clear_error() -> None:
    with pytest.raises(InvalidInputError, match=r"'sparse'.*relative, log"):
        run_episode("sparse")
