"""stable-baselines3 on the vector environment: the same as its own vectorisation, and its own tools work on it."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.wrappers import vector as wrappers
from paintgym.agents.training.vec_env import LEAST_CNN_SIZE, PaintingVecEnv
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


def test_the_mode_that_takes_a_step_for_a_reset_is_refused_in_one_line() -> None:
    with pytest.raises(InvalidInputError, match="autoreset mode is 'NextStep', expected 'SameStep'") as caught:
        make(autoreset_mode="NextStep")
    assert "\n" not in str(caught.value)


WRAPPERS: dict[str, Any] = {
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "NormalizeReward": wrappers.NormalizeReward,
    "ClipReward": lambda env: wrappers.ClipReward(env, -0.01, 0.01),
    "TransformReward": lambda env: wrappers.TransformReward(env, lambda reward: 10 * reward),
    "TransformAction": lambda env: wrappers.TransformAction(env, lambda action: 0.5 * action),
    "RescaleAction": lambda env: wrappers.RescaleAction(env, -2, 2),
    "DictInfoToList": wrappers.DictInfoToList,
    "statistics, then a list": lambda env: wrappers.DictInfoToList(wrappers.RecordEpisodeStatistics(env)),
    "statistics, then normal": lambda env: wrappers.NormalizeReward(wrappers.RecordEpisodeStatistics(env)),
}
OBSERVATION_WRAPPERS: dict[str, Any] = {
    "TransformObservation": lambda env: wrappers.TransformObservation(env, lambda observation: 255 - observation),
    "DtypeObservation": lambda env: wrappers.DtypeObservation(env, np.float32),
    "with statistics": lambda env: wrappers.TransformObservation(
        wrappers.RecordEpisodeStatistics(env), lambda observation: observation // 2
    ),
}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, mode) for name in WRAPPERS for mode in ("SameStep", "Disabled")),
        *((name, "Disabled") for name in OBSERVATION_WRAPPERS),  # gymnasium's refuse the other mode
    ],
)
def test_it_works_over_the_vector_wrappers_of_gymnasium(name: str, mode: str) -> None:
    if name == "statistics, then a list" and gymnasium.__version__.startswith("1.1."):
        pytest.skip("this gymnasium's DictInfoToList cannot read its own statistics")
    wrapped = {**WRAPPERS, **OBSERVATION_WRAPPERS}[name](
        gymnasium.make_vec("paintgym/Painting-v0", num_envs=3, autoreset_mode=mode, **OPTIONS)
    )
    env, plain = PaintingVecEnv(wrapped), make()
    for one in (env, plain):
        one.seed(5)
    first = env.reset(), plain.reset()
    assert env.reset_infos == plain.reset_infos
    scale = {"TransformAction": 2, "RescaleAction": 2}.get(name, 1)
    seen = {
        "TransformObservation": lambda observations: 255 - observations,
        "DtypeObservation": lambda observations: observations.astype(np.float32),
        "with statistics": lambda observations: observations // 2,
    }.get(name, lambda observations: observations)
    assert np.array_equal(first[0], seen(first[1]))
    actions = np.random.default_rng(0).uniform(-1, 1, (7, 3, 12)).astype(np.float32)
    lengths = []
    for action in actions:
        (observations, _, ended, infos), (expected, _, expected_ended, expected_infos) = (
            env.step(action * scale),
            plain.step(action),
        )
        assert np.array_equal(observations, seen(expected))
        assert np.array_equal(ended, expected_ended)
        for mine, theirs in zip(infos, expected_infos, strict=True):
            statistics = mine.pop("episode", None)
            assert ("tatistics" in name and bool(theirs)) == (statistics is not None)
            if statistics:
                assert type(statistics["r"]) is float
                lengths.append(statistics["l"])
            if theirs:
                theirs["terminal_observation"] = seen(theirs["terminal_observation"])
            assert data_equivalence(mine, theirs)
        assert data_equivalence(env.reset_infos, plain.reset_infos)
    if lengths:  # gymnasium before 1.4 counts a step too few after the first episode
        assert lengths == list(env.get_attr("length_queue")[0])
        assert lengths[:3] == [3, 3, 3]


def test_ppo_learns_over_wrappers_and_sees_their_statistics() -> None:
    env = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, autoreset_mode="SameStep", **OPTIONS)
    env = PaintingVecEnv(wrappers.NormalizeReward(wrappers.RecordEpisodeStatistics(env)))
    model = PPO("CnnPolicy", env, n_steps=6, batch_size=4, n_epochs=1, policy_kwargs=TINY, device="cpu")
    model.learn(12)
    assert [info["l"] for info in model.ep_info_buffer] == list(env.get_attr("length_queue")[0])
    assert len(model.ep_info_buffer) == 4


@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
@pytest.mark.parametrize(
    ("indices", "rows"), [([1], [1]), (2, [2]), ([2, 0], [2, 0]), (np.int64(1), [1]), ((-1,), [2]), (None, [0, 1, 2])]
)
def test_reset_as_a_method_begins_the_episodes_that_indices_name(indices: Any, rows: list[int], mode: str) -> None:
    env = PaintingVecEnv(
        wrappers.RecordEpisodeStatistics(
            gymnasium.make_vec("paintgym/Painting-v0", num_envs=3, autoreset_mode=mode, **OPTIONS)
        )
    )
    env.seed(0)
    env.reset()
    before = env.step(np.zeros((3, 12), np.float32))[0]
    results = env.env_method("reset", indices=indices, options={"target_index": 2}, seed=9)
    assert len(results) == len(rows)
    for row, (observation, info) in zip(rows, results, strict=True):
        assert (observation[:3] == 255).all()
        assert (info["stroke_index"], info["target_index"]) == (0, 2)
        assert env.reset_infos[row] == info
        assert env.get_attr("np_random_seed")[row] == 9
    left = env.get_attr("_state")[0].strokes_left.tolist()
    assert left == [3 if row in rows else 2 for row in range(3)]
    after = env.step(np.full((3, 12), -1, np.float32))[0]
    for row in set(range(3)) - set(rows):
        assert np.array_equal(after[row, 3:6], before[row, 3:6])


def test_methods_that_change_all_environments_are_refused_for_some_and_change_nothing() -> None:
    env = make()
    env.reset()
    for call in (
        lambda: env.env_method("step", np.zeros((3, 12)), indices=[0]),
        lambda: env.env_method("close", indices=1),
        lambda: env.set_attr("note", 1, indices=[2]),
    ):
        with pytest.raises(InvalidInputError, match="some of the environments, which are one object") as caught:
            call()
        assert "\n" not in str(caught.value)
    assert env.get_attr("_state")[0].strokes_left.tolist() == [3, 3, 3]
    assert env.env_method("step", np.zeros((3, 12)), indices=[]) == []
    env.set_attr("note", 1, indices=[])
    assert not env.has_attr("note")
    env.set_attr("note", 1, indices=[2, 0, 1])
    assert env.get_attr("note", indices=[1]) == [1]


@pytest.mark.parametrize("indices", [3, [0, -4], ["all"], 1.5])
def test_indices_that_name_no_environment_are_refused(indices: Any) -> None:
    env = make()
    env.reset()
    for call in (
        lambda: env.get_attr("targets", indices),
        lambda: env.env_method("reset", indices=indices),
        lambda: env.set_attr("note", 1, indices),
    ):
        with pytest.raises(InvalidInputError, match="expected numbers of environments, 0 to 2"):
            call()


def test_two_environments_get_a_result_of_reset_each_and_not_one_half() -> None:
    env = make(2)
    results = env.env_method("reset")
    assert [observation.shape for observation, _ in results] == [(7, 36, 36)] * 2
    assert [info["stroke_index"] for _, info in results] == [0, 0]


def test_attributes_are_found_and_set_in_the_wrapper_that_has_them() -> None:
    base = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, autoreset_mode="SameStep", **OPTIONS)
    reward = wrappers.NormalizeReward(base)
    env = PaintingVecEnv(wrappers.RecordEpisodeStatistics(reward))
    assert env.get_attr("targets") == [base.targets] * 2
    assert env.get_attr("gamma", indices=0) == [0.99]
    env.set_attr("gamma", 0.5)
    env.set_attr("update_running_mean", False)
    env.set_attr("note", "new")
    assert (reward.gamma, reward.update_running_mean, base.note) == (0.5, False, "new")
    assert not env.has_attr("nothing")


def test_pictures_too_small_for_the_cnn_policy_are_warned_of_with_the_least_size() -> None:
    with pytest.warns(UserWarning, match="CnnPolicy needs at least 36 pixels") as caught:
        env = make(size=35)
    assert len(caught) == 1
    with pytest.raises(RuntimeError):
        PPO("CnnPolicy", env, n_steps=2, batch_size=2, device="cpu")
    PPO("CnnPolicy", make(size=LEAST_CNN_SIZE), n_steps=2, batch_size=2, policy_kwargs=TINY, device="cpu")


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
