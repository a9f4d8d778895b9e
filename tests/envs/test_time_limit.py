"""The vector environment's time limit is gymnasium's own."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers.small_vector import ID, PICTURES, disc_painter
from paintgym.errors import InvalidInputError

pytestmark = pytest.mark.usefixtures("one_thread")

BASE: dict[str, Any] = {
    "target": PICTURES[0],
    "painter": disc_painter,
    "perceptual": "mse",
    "stroke_budget": 4,
    "size": 16,
}


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("steps", [1, 3, np.int64(4), 9])
def test_max_episode_steps_truncates_as_the_time_limit_of_single_environments_does(mode: str, steps: int) -> None:
    many = gymnasium.make_vec(ID, num_envs=2, autoreset_mode=mode, max_episode_steps=steps, **BASE)
    looped = gymnasium.make_vec(
        ID,
        num_envs=2,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
        max_episode_steps=int(steps),
        **BASE,
    )
    for env in (many, looped):
        env.reset(seed=0)
    actions = np.random.default_rng(1).uniform(-1, 1, (10, 2, 12)).astype(np.float32)
    for action in actions:
        results = [env.step(action) for env in (many, looped)]
        for mine, theirs in zip(results[0][1:4], results[1][1:4], strict=True):
            assert mine == pytest.approx(theirs, abs=1e-6)
        ended = results[0][2] | results[0][3]
        if mode == "Disabled" and ended.any():
            for env in (many, looped):
                env.reset(options={"reset_mask": ended})


@pytest.mark.parametrize("steps", [0, -2, 1.5, "3"])
def test_a_time_limit_that_cannot_be_is_refused(steps: Any) -> None:
    with pytest.raises(InvalidInputError, match="max_episode_steps is"):
        gymnasium.make_vec(ID, num_envs=2, max_episode_steps=steps, **BASE)


def test_no_time_limit_is_none_or_minus_one() -> None:
    for steps in (None, -1):
        env = gymnasium.make_vec(ID, num_envs=1, max_episode_steps=steps, **BASE)
        env.reset(seed=0)
        flags = [env.step(np.zeros((1, 12), np.float32))[2:4] for _ in range(4)]
        assert [(bool(terminated[0]), bool(truncated[0])) for terminated, truncated in flags] == [
            *[(False, False)] * 3,
            (True, False),
        ]
