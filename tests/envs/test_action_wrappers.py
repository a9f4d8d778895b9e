"""Wrappers of actions: numbers on a grid and chained strokes, single and vector alike."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from paintgym.envs.wrappers import (
    ActionGrid,
    ChainedStrokes,
    ChainedVectorStrokes,
    DiscreteActions,
    DiscreteVectorActions,
)
from paintgym.errors import InvalidInputError
from paintgym.painters.stroke import COLOR, CONTROL, END, SIZE, START

pytestmark = pytest.mark.usefixtures("one_thread")
SHAPES: dict[str, Any] = {"target": "shapes", "perceptual": "mse", "stroke_budget": 3}


def make(**settings: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.make("paintgym/Painting-v0", **{**SHAPES, **settings})


def make_many(mode: str = "SameStep", **settings: Any) -> Any:
    return gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, autoreset_mode=mode, **{**SHAPES, **settings})


def test_places_are_the_middles_of_cells_and_levels_reach_both_ends() -> None:
    grid = ActionGrid(grid=4, levels=3, colors=2)
    numbers = grid.numbers(np.array([0, 5, 15, 0, 1, 2, 0, 1, 1]))
    assert numbers[START].tolist() == [-0.75, -0.75]
    assert numbers[CONTROL].tolist() == [-0.25, -0.25]
    assert numbers[END].tolist() == [0.75, 0.75]
    assert (numbers[11], numbers[0], numbers[SIZE]) == (-1, 0, 1)
    assert numbers[COLOR].tolist() == [-1, 1, 1]


@pytest.mark.parametrize("view", ["canvas", "focus"])
@pytest.mark.parametrize("strokes", [1, 3])
def test_discrete_actions_paint_what_their_numbers_paint(view: str, strokes: int) -> None:
    env = DiscreteActions(make(view=view, strokes_per_step=strokes))
    check_env(env, skip_render_check=True)
    env.action_space.seed(0)
    action = env.action_space.sample()
    assert action.shape == (9 * strokes,)
    env.reset(seed=0)
    plain = make(view=view, strokes_per_step=strokes)
    plain.reset(seed=0)
    expected, *_ = plain.step(ActionGrid(strokes_per_step=strokes).numbers(action))
    assert np.array_equal(env.step(action)[0], expected)


def test_discrete_vector_actions_are_those_of_each_row() -> None:
    env = DiscreteVectorActions(make_many())
    env.action_space.seed(0)
    env.reset(seed=0)
    actions = env.action_space.sample()
    seen, *_ = env.step(actions)
    for row in range(2):
        single = DiscreteActions(make())
        single.reset(seed=row)
        assert np.abs(seen[row].astype(int) - single.step(actions[row])[0]).max() <= 1


def test_a_chained_stroke_begins_where_the_last_one_ended() -> None:
    env = ChainedStrokes(make())
    check_env(env, skip_render_check=True)
    env.action_space.seed(0)
    env.reset(seed=0)
    end = np.array([0.5, 0.5])
    for _ in range(3):
        *_, info = env.step(env.action_space.sample())
        assert info["stroke"][0, START] == pytest.approx(end, abs=1e-6)
        end = info["stroke"][0, END]
    env.reset()
    *_, info = env.step(env.action_space.sample())
    assert info["stroke"][0, START] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("mode", ["SameStep", "NextStep"])
def test_chains_of_a_vector_environment_begin_anew_with_their_episodes(mode: str) -> None:
    env = ChainedVectorStrokes(make_many(mode))
    env.action_space.seed(1)
    env.reset(seed=0)
    ends = np.full((2, 2), 0.5)
    anew = 0
    for _ in range(9):
        *_, infos = env.step(env.action_space.sample())
        facts = infos.get("final_info", infos)
        if "stroke" in facts:
            strokes = facts["stroke"]
            assert strokes[:, 0, START] == pytest.approx(ends, abs=1e-6)
            ends = strokes[:, 0, END]
        if (infos["stroke_index"] == 0).all():
            ends, anew = np.full((2, 2), 0.5), anew + 1
    assert anew >= 2


def test_what_cannot_be_wrapped_says_why() -> None:
    with pytest.raises(InvalidInputError, match="view='canvas'"):
        ChainedStrokes(make(view="focus"))
    with pytest.raises(InvalidInputError, match="one stroke a step"):
        ChainedStrokes(make(strokes_per_step=3))
    with pytest.raises(InvalidInputError, match="painting environment"):
        DiscreteActions(gymnasium.make("CartPole-v1"))
    with pytest.raises(InvalidInputError, match="grid"):
        DiscreteActions(make(), grid=1)
    env = ChainedStrokes(make())
    env.reset()
    with pytest.raises(InvalidInputError, match="10 numbers"):
        env.step(np.zeros(12, np.float32))
