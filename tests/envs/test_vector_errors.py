"""The vector environment tells mistakes in one line and goes on as if they had not happened."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from helpers.small_vector import ID, PICTURES, make, resets, settings_of
from paintgym.errors import InvalidInputError

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("one_thread")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_index": [0, 1]}, "target_index has 2 entries, expected one for each of 3"),
        ({"target_index": [0, 9, 1]}, "there is no target 9"),
        ({"target": PICTURES[0], "target_index": [None, 1, None]}, "expected one of target, target_index"),
        ({"picture": 1}, "expected one of target, target_index"),
        ({"reset_mask": [True, False, False]}, r"reset_mask is list, expected a bool array of shape \(3,\)"),
        ({"reset_mask": np.ones(2, bool)}, r"reset_mask is bool \(2,\)"),
        ({"reset_mask": np.ones(3)}, r"reset_mask is float64 \(3,\)"),
        ({"reset_mask": np.zeros(3, bool)}, "names no environment"),
    ],
)
def test_bad_reset_options_raise_and_change_nothing(options: dict[str, Any], message: str) -> None:
    env, untouched = make(3), make(3)
    for each in (env, untouched):
        each.reset(seed=0)
        each.step(np.zeros((3, 12), np.float32))
    with pytest.raises(InvalidInputError, match=message) as caught:
        env.reset(options=options)
    assert "\n" not in str(caught.value)
    # The third step ends the episodes, and the fourth draws the next targets.
    for action in (0.5, -0.5, 0.0):
        actions = np.full((3, 12), action, np.float32)
        assert data_equivalence(env.step(actions), untouched.step(actions), exact=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_envs": 0}, "num_envs is 0, expected a whole number, at least 1"),
        ({"num_envs": 1.5}, "num_envs is 1.5"),
        ({"autoreset_mode": "Never"}, "autoreset_mode is 'Never', expected one of NextStep, SameStep, Disabled"),
        ({"stroke_budget": 10, "strokes_per_step": 4}, "multiple of strokes_per_step = 4"),
        ({"target": "no/such/place"}, "no target 'no/such/place'"),
        ({"size": 8}, "size is 8"),
    ],
)
def test_bad_configurations_raise_one_clear_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        gymnasium.make_vec(ID, **{"num_envs": 2, **settings_of(), **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (np.zeros((3, 11)), r"shape \(3, 11\), expected \(3, 12\)"),
        (np.zeros(12), r"shape \(12,\), expected \(3, 12\)"),
        ("red", "the action is a str"),
        (np.where(np.arange(36).reshape(3, 12) == 14, np.nan, 0), "number 2 of the action of environment 1"),
    ],
)
def test_actions_that_are_no_strokes_raise_and_leave_the_episodes_as_they_were(actions: Any, message: str) -> None:
    env = make(3, "Disabled")
    env.reset(seed=0)
    with pytest.raises(InvalidInputError, match=message):
        env.step(actions)
    assert env.step(np.zeros((3, 12), np.float32))[4]["stroke_index"].tolist() == [1, 1, 1]


def test_a_wrong_number_of_seeds_raises() -> None:
    with pytest.raises(InvalidInputError, match="there are 2 seeds, expected one, or one for each of 3"):
        make(3).reset(seed=[1, 2])


def test_stepping_without_canvas_or_budget_raises() -> None:
    env = make(2, "Disabled", stroke_budget=2)
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"call reset\(\) first"):
        env.step(np.zeros((2, 12), np.float32))
    with pytest.raises(gymnasium.error.ResetNeeded, match="without a reset_mask first"):
        env.reset(options=resets([True, False]))
    env.reset(seed=0)
    env.step(np.zeros((2, 12), np.float32))
    env.reset(options=resets([True, False]))
    env.step(np.zeros((2, 12), np.float32))
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"environments \[1\] are spent"):
        env.step(np.zeros((2, 12), np.float32))
