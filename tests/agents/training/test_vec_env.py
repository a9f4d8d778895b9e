"""stable-baselines3 on the vector environment: the same as its own vectorisation, and its own tools work on it."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from paintgym.agents.training.vec_env import PaintingVecEnv
from paintgym.envs.painting import PaintingEnv
from paintgym.errors import InvalidInputError
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor
from torch import Tensor

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("one_thread")]

PICTURES = list(np.random.default_rng(0).integers(0, 256, (5, 36, 36, 3), dtype=np.uint8))
# A policy in a moment: the default networks are made for far larger tasks.
TINY: dict[str, Any] = {"features_extractor_kwargs": {"features_dim": 8}, "net_arch": [8]}


def disc_painter(strokes: Tensor) -> Tensor:
    """A soft disc at the stroke's end point."""
    ruler = (torch.arange(12) + 0.5) / 12
    x, y = strokes[:, 4, None, None], strokes[:, 5, None, None]
    distance = (ruler - x) ** 2 + (ruler[:, None] - y) ** 2
    return ((0.02 + 0.1 * strokes[:, 1, None, None] - distance) * 20 + 0.5).clamp(0, 1)[:, None]


OPTIONS = {"target": PICTURES, "painter": disc_painter, "perceptual": "mse", "stroke_budget": 3, "size": 36}


def make(num_envs: int = 3, **options: Any) -> PaintingVecEnv:
    settings = {"autoreset_mode": "SameStep", **OPTIONS, **options}
    return PaintingVecEnv(gymnasium.make_vec("paintgym/Painting-v0", num_envs=num_envs, **settings))


def test_it_gives_what_stable_baselines_own_vectorisation_gives() -> None:
    batched, looped = make(), DummyVecEnv([lambda: PaintingEnv(**OPTIONS)] * 3)
    for env in (batched, looped):
        env.seed(5)
        env.set_options([{"target_index": 4}, {}, {"target": PICTURES[1]}])
    assert np.array_equal(batched.reset(), looped.reset())
    assert data_equivalence(batched.reset_infos, looped.reset_infos)
    actions = np.random.default_rng(0).uniform(-1, 1, (7, 3, 12)).astype(np.float32)
    for action in actions:
        results = batched.step(action), looped.step(action)
        (observations, rewards, ended, infos), (*expected, expected_infos) = results
        assert data_equivalence((observations, rewards, ended), tuple(expected))
        for index in range(3):
            assert data_equivalence(infos[index], expected_infos[index] if ended[index] else {})
        assert data_equivalence(batched.reset_infos, looped.reset_infos)
    assert np.array_equal(batched.reset(), looped.reset())  # seeds and options held for one reset


@pytest.mark.parametrize("mode", ["NextStep", "Disabled"])
def test_another_autoreset_mode_is_refused_in_one_line(mode: str) -> None:
    with pytest.raises(InvalidInputError, match=f"autoreset mode is '{mode}', expected 'SameStep'"):
        make(autoreset_mode=mode)


def test_attributes_and_methods_are_shared_out() -> None:
    env = make(render_mode="rgb_array")
    env.seed(7)
    env.reset()
    assert env.get_attr("np_random_seed") == [7, 8, 9]
    assert env.get_attr("render_mode", indices=[0, 2]) == ["rgb_array", "rgb_array"]
    assert env.get_attr("targets", indices=1) == [env.env.targets]
    assert not env.has_attr("nothing")
    frames = env.env_method("render", indices=[1])
    assert [frame.shape for frame in frames] == [(36, 72, 3)]
    assert env.render().shape == (72, 144, 3)
    env.set_attr("note", "all")
    assert env.get_attr("note") == ["all"] * 3
    with pytest.raises(InvalidInputError, match="note cannot be set in some"):
        env.set_attr("note", "some", indices=[0])
    assert env.env_is_wrapped(gymnasium.Wrapper) == [False] * 3


def test_monitor_and_evaluate_policy_see_whole_episodes() -> None:
    env = VecMonitor(make(reward="improvement"))
    model = PPO("CnnPolicy", env, n_steps=4, batch_size=4, policy_kwargs=TINY, device="cpu", seed=0)
    returns, lengths = evaluate_policy(model, env, n_eval_episodes=6, return_episode_rewards=True)
    assert lengths == [3] * 6
    assert len(set(returns)) > 1
    env.seed(0)
    observation, total = env.reset(), np.zeros(3)
    before = [info["loss"] for info in env.unwrapped.reset_infos]
    for _ in range(3):
        observation, rewards, ended, infos = env.step(model.predict(observation, deterministic=True)[0])
        total += rewards
    assert ended.all()
    assert [info["episode"]["r"] for info in infos] == pytest.approx(total, abs=1e-6)
    assert [start - info["loss"] for start, info in zip(before, infos, strict=True)] == pytest.approx(total, abs=1e-6)


def test_ppo_learns_to_take_the_color_of_the_paper_for_a_white_target() -> None:
    """A policy that improves is the one proof that observations, actions, rewards and episode ends belong together."""
    white = [np.full((36, 36, 3), 255, np.uint8)]
    env = VecMonitor(make(16, target=white, stroke_budget=2))
    model = PPO(
        "CnnPolicy",
        env,
        n_steps=8,
        batch_size=64,
        n_epochs=8,
        learning_rate=3e-3,
        gamma=0.5,
        policy_kwargs={**TINY, "log_std_init": -1.0},
        device="cpu",
        seed=1,
    )
    before, _ = evaluate_policy(model, env, n_eval_episodes=16)
    model.learn(16 * 8 * 6)
    after, _ = evaluate_policy(model, env, n_eval_episodes=16)
    assert before < after < 0
    assert after > 0.5 * before


def test_sac_learns_from_its_replay_buffer() -> None:
    env = VecMonitor(make(2))
    model = SAC("CnnPolicy", env, buffer_size=50, learning_starts=4, batch_size=4, policy_kwargs=TINY, device="cpu")
    before = [weight.clone() for weight in model.actor.parameters()]
    model.learn(20)
    assert any(not torch.equal(weight, old) for weight, old in zip(model.actor.parameters(), before, strict=True))
    assert model.replay_buffer.size() == 10
    assert model.replay_buffer.dones.sum() == 6
