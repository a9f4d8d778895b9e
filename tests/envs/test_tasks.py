"""The ladder of tasks: every id works at once, and what a score is measured on stays what it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from paintgym.envs.targets import shapes
from paintgym.envs.targets.targets import load_targets
from paintgym.envs.tasks import SHAPES_PAPER, TASKS, Task
from paintgym.errors import InvalidInputError, MissingDataError

pytestmark = pytest.mark.usefixtures("one_thread")


def needs(task: Task, data: Callable[[str], Path]) -> None:
    if task.data:
        data(task.data)
    if task.arguments["perceptual"] == "vgg19":
        data("vgg19_features.safetensors")


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_task_works_at_once_single_and_vector(task: Task, data: Callable[[str], Path]) -> None:
    needs(task, data)
    env = gymnasium.make(task.id)
    if task.arguments["perceptual"] != "vgg19":
        check_env(env.unwrapped, skip_render_check=True)
    _, info = env.reset(seed=0)
    assert info["score"] == 0
    assert "focus" in info
    many: Any = gymnasium.make_vec(task.id, num_envs=2)
    many.reset(seed=0)
    _, rewards, *_ = many.step(np.zeros((2, 12), np.float32))
    assert np.isfinite(rewards).all()
    assert many.unwrapped.core.stroke_budget == task.strokes


def test_a_learner_may_choose_another_view_and_reward() -> None:
    env: Any = gymnasium.make("paintgym/Shapes-v0", view="canvas", reward="log").unwrapped
    assert (env.core.view.name, env.core.reward_name) == ("canvas", "log")
    assert env.observation_space.shape == (7, 64, 64)


def test_shapes_need_no_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path / "nothing"))
    env = gymnasium.make("paintgym/Shapes-v0")
    assert env.reset(seed=1)[0].shape == env.observation_space.shape
    with pytest.raises(MissingDataError, match="PAINTGYM_DATA"):
        gymnasium.make("paintgym/Digits-v0")


def test_the_paper_of_shapes_is_what_they_are_drawn_on() -> None:
    assert shapes.PAPER == SHAPES_PAPER


def test_shapes_are_the_same_for_a_number_and_differ_between_parts() -> None:
    first = [shapes.draw_shapes(number, "test") for number in range(40)]
    assert all(np.array_equal(picture, shapes.draw_shapes(number, "test")) for number, picture in enumerate(first))
    assert len({picture.tobytes() for picture in first}) == 40
    training = {shapes.draw_shapes(number, "train").tobytes() for number in range(40)}
    assert not training & {picture.tobytes() for picture in first}


def test_every_shape_stands_out_from_its_paper() -> None:
    paper = np.rint(255 * np.array(shapes.PAPER))
    targets = load_targets("shapes", 64, split="test")
    assert len(targets) == 1_000
    for number in range(60):
        differing = (np.abs(targets.picture(number) - paper).max(-1) > 60).mean()
        assert 0.005 < differing < 0.7, number


def test_shapes_beyond_the_last_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"1000|999"):
        load_targets("shapes", 64, split="test").picture(1_000)
