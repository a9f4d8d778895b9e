"""stable-baselines3 on environments that wait for a reset: what a training whose rollouts are episodes asks for."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from paintgym.agents.training.vec_env import PaintingVecEnv
from paintgym.errors import InvalidInputError

PICTURES = list(np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8))


def make(autoreset_mode: str) -> Any:
    options = {"target": PICTURES, "perceptual": "mse", "stroke_budget": 3, "autoreset_mode": autoreset_mode}
    return gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, **options)


def test_episodes_stay_ended_until_a_reset() -> None:
    env = PaintingVecEnv(make("Disabled"), autoreset=False)
    env.seed(5)
    first = env.reset()
    for _ in range(3):
        seen, _, ended, infos = env.step(np.zeros((2, 12), np.float32))
    assert ended.all()
    assert np.array_equal(seen, np.stack([info["terminal_observation"] for info in infos]))
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros((2, 12), np.float32))
    env.seed(5)
    assert np.array_equal(env.reset(), first)


def test_an_environment_that_begins_anew_by_itself_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="mode is 'SameStep', expected 'Disabled' with autoreset=False"):
        PaintingVecEnv(make("SameStep"), autoreset=False)
