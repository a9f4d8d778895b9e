"""The shipped policies are trained on with stable-baselines3, in any number of environments of any size."""

import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import paintgym
import pytest
import torch
from helpers.small_policy import save_small_policy
from helpers.small_vector import ID, disc_painter
from hypothesis import given
from hypothesis import strategies as st
from paintgym.agents.policy.model import PaintingPPO, _choose_n_steps
from paintgym.agents.policy.sb3_policy import load_policy
from paintgym.agents.training.vec_env import PaintingVecEnv
from paintgym.errors import InvalidInputError
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("one_thread")]

PICTURE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
BASE: dict[str, Any] = {
    "target": PICTURE,
    "painter": disc_painter,
    "perceptual": "mse",
    "reward": "improvement",
    "stroke_budget": 4,
}
BRIEF: dict[str, Any] = {"n_steps": 4, "batch_size": 4, "n_epochs": 1, "device": "cpu"}


def vector(num_envs: int, strokes: int, **options: Any) -> Any:
    settings = {**BASE, "autoreset_mode": "SameStep", "strokes_per_step": strokes, **options}
    return gymnasium.make_vec(ID, num_envs=num_envs, **settings)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_policy(tmp_path_factory.mktemp("policy") / "small.safetensors")


def learns(model: PPO, steps: int) -> bool:
    """Whether a short ``learn`` takes its steps and changes the network."""
    before = model.policy.network.shape.weight.detach().clone()
    model.learn(steps)
    return model.num_timesteps == steps and not torch.equal(model.policy.network.shape.weight, before)


@pytest.mark.parametrize("num_envs", [1, 2, 3])
@pytest.mark.parametrize("name", ["mnist", "paintings"])
def test_a_shipped_policy_learns_in_any_number_of_environments(name: str, num_envs: int) -> None:
    model = load_policy(name, env=PaintingVecEnv(vector(num_envs, 2)), **BRIEF)
    assert model.action_space.shape == (24,)
    assert model.n_envs == num_envs
    assert learns(model, 4 * num_envs)


@pytest.mark.parametrize("kind", ["gymnasium vector", "adapter", "monitored", "single", "dummy", "make_vec_env"])
def test_environments_are_taken_in_every_form_by_load_policy_and_set_env(kind: str, small: Path) -> None:
    options = {**BASE, "strokes_per_step": 2}
    make = {
        "gymnasium vector": lambda: vector(2, 2),
        "adapter": lambda: PaintingVecEnv(vector(2, 2)),
        "monitored": lambda: VecMonitor(PaintingVecEnv(vector(2, 2))),
        "single": lambda: gymnasium.make(ID, **options),
        "dummy": lambda: DummyVecEnv([lambda: gymnasium.make(ID, **options)] * 2),
        "make_vec_env": lambda: make_vec_env(ID, 2, env_kwargs=options),
    }[kind]
    count = 1 if kind == "single" else 2
    assert learns(load_policy(small, env=make(), **BRIEF), 4 * count)
    model = load_policy(small, 2, **BRIEF)
    model.set_env(make())
    assert learns(model, 4 * count)


def test_environments_are_exchanged_for_more_and_for_larger_ones(small: Path) -> None:
    model = load_policy(small, env=vector(1, 2), batch_size=4, n_epochs=1, device="cpu")
    for num_envs, size in ((2, 64), (5, 64), (3, 96), (1, 40)):
        model.set_env(vector(num_envs, 2, size=size))
        model.n_steps = 4  # not the 2,048 steps of a rollout, here
        model.set_env(model.env)
        assert model.rollout_buffer.n_envs == num_envs
        assert model.rollout_buffer.observations.shape[1:] == (num_envs, 7, size, size)
    model = load_policy(small, env=vector(2, 2), **BRIEF)
    for num_envs, size in ((3, 64), (1, 96)):
        model.set_env(vector(num_envs, 2, size=size))
        assert learns(model, 4 * num_envs)


def test_a_model_without_environments_remembers_no_steps_and_still_predicts(small: Path) -> None:
    model = load_policy(small)
    assert model.rollout_buffer.observations.nbytes < 30_000
    assert model.n_steps == 2048
    action, _ = model.predict(np.zeros((7, 64, 64), np.uint8), deterministic=True)
    assert action.shape == (48,)


def test_sixty_four_environments_remember_two_thousand_steps_together(small: Path) -> None:
    model = load_policy(small)
    model.set_env(vector(64, 4))
    assert model.n_steps == 32
    assert model.rollout_buffer.observations.nbytes < 60_000_000
    model = load_policy(small, env=vector(64, 4), n_steps=8)
    assert model.n_steps == 8
    model.set_env(vector(2, 4))
    assert model.n_steps == 8  # what was asked for stays


@given(num_envs=st.integers(1, 3000), batch_size=st.integers(2, 512))
def test_a_rollout_is_whole_batches_and_no_longer_than_it_must_be(num_envs: int, batch_size: int) -> None:
    n_steps = _choose_n_steps(num_envs, batch_size)
    assert n_steps * num_envs % batch_size == 0
    assert n_steps * num_envs <= max(2048, num_envs * batch_size)


def test_options_of_ppo_and_of_the_policy_arrive(small: Path) -> None:
    model = load_policy(
        small, env=vector(2, 4), **BRIEF, learning_rate=1e-5, gamma=0.5, seed=3, policy_kwargs={"log_std_init": -3.0}
    )
    assert (model.learning_rate, model.gamma, model.seed, model.n_steps) == (1e-5, 0.5, 3, 4)
    assert model.policy.log_std.tolist() == [-3.0] * 48
    assert model.policy_kwargs["width"] == 8
    with pytest.raises(TypeError, match="no_such_option"):
        load_policy(small, no_such_option=1)


def test_the_weights_are_those_of_the_file_with_and_without_environments(small: Path) -> None:
    observation = np.random.default_rng(0).integers(0, 256, (7, 64, 64), dtype=np.uint8)
    actions = [
        load_policy(small, 2, **options).predict(observation, deterministic=True)[0]
        for options in ({}, {"env": vector(3, 2), **BRIEF})
    ]
    assert np.array_equal(*actions)


@pytest.mark.parametrize(("strokes", "painted"), [(4, 1), (1, 4), (2, 3)])
def test_another_number_of_strokes_a_step_is_refused_with_the_cause(strokes: int, painted: int, small: Path) -> None:
    env = vector(2, painted, stroke_budget=12)
    message = (
        f"the policy lays {strokes} strokes a step, and the environment paints {painted}; make the environment with "
        f"strokes_per_step={strokes}, or load_policy with strokes_per_step={painted}"
    )
    with pytest.raises(InvalidInputError, match=message):
        load_policy(small, strokes, env=env)
    model = load_policy(small, strokes)
    with pytest.raises(InvalidInputError, match=message):
        model.set_env(env)
    assert model.env is None


def test_the_default_policy_in_a_default_environment_is_told_what_to_change() -> None:
    env = gymnasium.make(ID, **BASE)
    observation, _ = env.reset(seed=0)
    with pytest.raises(InvalidInputError, match="holds 4 strokes, and the environment paints 1 a step"):
        env.step(load_policy("mnist").predict(observation)[0])


def test_environments_of_another_kind_are_refused_in_one_line(small: Path) -> None:
    model = load_policy(small)
    with pytest.raises(InvalidInputError, match="actions have shape"):
        model.set_env(gymnasium.make("CartPole-v1"))
    with pytest.raises(InvalidInputError, match="autoreset mode is 'NextStep'"):
        model.set_env(gymnasium.make_vec(ID, num_envs=2, strokes_per_step=4, **BASE))


@pytest.mark.parametrize("strokes", [0, -1, 1.5, "4", True])
def test_strokes_a_step_that_cannot_be_are_refused(strokes: Any, small: Path) -> None:
    with pytest.raises(InvalidInputError, match="strokes_per_step is"):
        load_policy(small, strokes)
    assert load_policy(small, np.int64(3)).action_space.shape == (36,)


def test_cuda_without_a_gpu_is_said_and_not_passed_over(small: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("torch finds a GPU here")
    with pytest.raises(InvalidInputError, match="torch finds no GPU"):
        load_policy(small, device="cuda")


def test_a_saved_model_is_loaded_by_ppo_itself_into_other_environments(small: Path, tmp_path: Path) -> None:
    model = load_policy(small, env=vector(2, 2), **BRIEF)
    model.learn(8)
    model.save(tmp_path / "model.zip")
    observation = np.random.default_rng(0).integers(0, 256, (7, 64, 64), dtype=np.uint8)
    for kind in (PPO, PaintingPPO):
        again = kind.load(tmp_path / "model.zip", env=PaintingVecEnv(vector(3, 2)), device="cpu")
        assert np.array_equal(
            again.predict(observation, deterministic=True)[0], model.predict(observation, deterministic=True)[0]
        )
        assert again.n_envs == 3
        again.num_timesteps = 0
        assert learns(again, 12)


def test_normalized_rewards_and_evaluation_work_with_it(small: Path) -> None:
    env = VecNormalize(VecMonitor(PaintingVecEnv(vector(2, 2))), norm_obs=False)
    model = load_policy(small, env=env, **BRIEF)
    assert learns(model, 16)
    assert model.get_vec_normalize_env() is env
    assert len(model.ep_info_buffer) > 0


def test_the_public_name_is_the_same_function() -> None:
    assert paintgym.load_policy is load_policy
    assert json.loads(json.dumps(load_policy("mnist").policy_kwargs)) == load_policy("mnist").policy_kwargs
