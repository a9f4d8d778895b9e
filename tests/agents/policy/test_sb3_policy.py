"""The policy in stable-baselines3: its files travel, broken ones are refused, and PPO learns with it."""

import json
from pathlib import Path

import numpy as np
import paintgym
import pytest
import torch
from helpers.small_policy import SMALL, half_painted, save_small_policy, smooth_picture
from paintgym.agents.policy.network import StrokeNetwork
from paintgym.agents.policy.planner import Planner
from paintgym.agents.policy.sb3_policy import PaintingPolicy, build_policy, load_policy, save_policy
from paintgym.errors import InvalidInputError
from safetensors.torch import save_file
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def planner() -> Planner:
    torch.manual_seed(0)
    return Planner(StrokeNetwork(**SMALL))


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_policy(tmp_path_factory.mktemp("policy") / "small.safetensors")


def observations(count: int = 3) -> torch.Tensor:
    return torch.from_numpy(np.stack([half_painted(seed) for seed in range(count)])).float() / 255


def test_a_saved_policy_acts_as_before_but_for_rounding(tmp_path: Path) -> None:
    model = build_policy(2, **SMALL)
    save_policy(model.policy, tmp_path / "policy.safetensors", SMALL, {"score": 1})
    assert json.loads((tmp_path / "policy.json").read_text()) == {"score": 1}
    loaded = load_policy(tmp_path / "policy.safetensors", 2)
    again = load_policy(tmp_path / "policy.safetensors", 2)
    seen = half_painted(0)
    actions, rounded, same = (one.predict(seen, deterministic=True)[0] for one in (model, loaded, again))
    assert actions.shape == (24,)
    np.testing.assert_allclose(actions, rounded, atol=0.02)
    np.testing.assert_array_equal(rounded, same)


def test_the_same_file_serves_any_number_of_strokes_a_step(policy_file: Path) -> None:
    actions = [load_policy(policy_file, count).predict(half_painted(0), deterministic=True)[0] for count in (1, 8)]
    assert [len(action) for action in actions] == [12, 96]
    assert all(np.abs(action).max() <= 1 for action in actions)


def test_broken_policy_files_are_refused_in_one_line(policy_file: Path, tmp_path: Path) -> None:
    weights = {"network.shape.weight": torch.zeros(3)}
    save_file(weights, tmp_path / "other.safetensors")
    save_file(weights, tmp_path / "few.safetensors", metadata={"policy": "{}"})
    save_file(weights, tmp_path / "odd.safetensors", metadata={"policy": '{"color": 1}'})
    save_file(weights, tmp_path / "list.safetensors", metadata={"policy": "[1]"})
    (tmp_path / "cut.safetensors").write_bytes(policy_file.read_bytes()[:1000])
    (tmp_path / "empty.safetensors").touch()
    for name in ("other", "few", "odd", "list", "cut", "empty"):
        with pytest.raises(InvalidInputError, match="not a policy file") as mistake:
            load_policy(tmp_path / f"{name}.safetensors")
        assert "\n" not in str(mistake.value)
    with pytest.raises(InvalidInputError, match="train-policy"):
        load_policy(tmp_path / "missing.safetensors")
    with pytest.raises(InvalidInputError, match="unknown policy 'monet'"):
        load_policy("monet")


@pytest.mark.parametrize(("observed", "acted"), [((6, 64, 64), (12,)), ((7, 64, 64), (13,))])
def test_spaces_of_another_environment_are_refused(observed: tuple[int, ...], acted: tuple[int, ...]) -> None:
    from gymnasium.spaces import Box

    with pytest.raises(InvalidInputError, match="shape"):
        PaintingPolicy(Box(0, 255, observed, np.uint8), Box(-1, 1, acted, np.float32), lambda _: 1e-4)


def test_learning_leaves_selections_alone_so_that_likelihoods_change_little_by_little() -> None:
    torch.manual_seed(1)
    policy = build_policy(4, **SMALL).policy
    seen = torch.from_numpy(np.stack([half_painted(seed) for seed in range(6)]))
    policy.set_training_mode(False)
    with torch.no_grad():
        actions = policy(seen, deterministic=True)[0]
    before = policy.evaluate_actions(seen, actions)[1]
    policy.set_training_mode(True)
    torch.testing.assert_close(policy.evaluate_actions(seen, actions)[1], before, atol=1e-3, rtol=1e-4)
    with torch.no_grad():
        policy.network.shape.weight.add_(0.03 * torch.randn_like(policy.network.shape.weight))
    torch.testing.assert_close(policy.evaluate_actions(seen, actions)[1], before, atol=0.1, rtol=0)
    policy.set_training_mode(False)
    # Some would be laid elsewhere now.
    assert (policy.evaluate_actions(seen, actions)[1] < before - 10).any()


@pytest.mark.parametrize("size", [64, 32])
def test_ppo_learns_with_it_in_the_batched_environment(size: int) -> None:
    import gymnasium

    options = {"target": [smooth_picture(0)], "perceptual": "mse", "stroke_budget": 4, "strokes_per_step": 2}
    env = gymnasium.make_vec("paintgym/Painting-v0", num_envs=2, autoreset_mode="SameStep", size=size, **options)
    vec = VecMonitor(paintgym.PaintingVecEnv(env))
    model = PPO(paintgym.PaintingPolicy, vec, n_steps=4, batch_size=4, n_epochs=1, policy_kwargs=SMALL)
    before = model.policy.network.shape.weight.clone()
    model.learn(8)
    assert not torch.equal(before, model.policy.network.shape.weight)
