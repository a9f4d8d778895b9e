"""The native environment of TorchRL: its specs hold, masks reset single rows, and collectors run on it."""

import gymnasium
import pytest
import torch
from paintgym.errors import InvalidInputError

pytest.importorskip("torchrl", reason="needs torchrl: pip install paintgym[torchrl]")

from paintgym.envs.vector.torchrl import TorchRLPaintingEnv
from tensordict import TensorDict
from torchrl.collectors import Collector
from torchrl.envs.utils import check_env_specs

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torchrl"),
    pytest.mark.filterwarnings("ignore:.*WeightUpdater"),
    pytest.mark.filterwarnings("ignore:The env passed to Collector:FutureWarning"),
]


def make(num_envs: int = 3, **arguments: object) -> TorchRLPaintingEnv:
    return TorchRLPaintingEnv("paintgym/Shapes-v0", num_envs, reward="log", **arguments)


@pytest.mark.parametrize("view", ["canvas", "focus"])
@pytest.mark.parametrize("pixels", ["uint8", "float"])
@pytest.mark.parametrize("limit", [None, 2])
def test_the_specs_hold(view: str, pixels: str, limit: int | None) -> None:
    env = make(view=view, pixels=pixels, max_episode_steps=limit)
    env.set_seed(0)
    check_env_specs(env)


def test_a_rollout_is_that_of_the_tensors() -> None:
    env = make()
    env.set_seed(5)
    actions = torch.rand(4, 3, 12) * 2 - 1
    plain = gymnasium.make_vec(
        "paintgym/Shapes-v0", num_envs=3, output="torch", autoreset_mode="Disabled", reward="log"
    )
    observation, infos = plain.reset(seed=5)
    step = env.reset()
    assert step["observation"].equal(observation)
    for action in actions:
        observation, reward, _, _, infos = plain.step(action)
        step = env.step(TensorDict({"action": action}, [3]))["next"]
        assert step["observation"].equal(observation)
        assert step["reward"][:, 0].equal(reward)
        assert step["score"][:, 0].equal(infos["score"])


def test_masks_begin_the_episodes_of_single_rows() -> None:
    env = make()
    env.set_seed(1)
    env.reset()
    stepped = env.step(env.rand_action(TensorDict(batch_size=[3])))["next"]
    mask = torch.tensor([[False], [True], [False]])
    begun = env.reset(stepped.clone().set("_reset", mask))
    assert begun["score"][1] == 0
    for key in ("score", "observation"):
        assert begun[key][[0, 2]].equal(stepped[key][[0, 2]])
    rollout = env.rollout(12, break_when_any_done=False)
    assert rollout["next", "done"].sum() >= 6
    assert rollout["next", "terminated"].equal(rollout["next", "done"])


def test_a_collector_takes_whole_batches() -> None:
    batches = list(Collector(make(), None, frames_per_batch=30, total_frames=60))
    assert [batch["action"].shape for batch in batches] == [(3, 10, 12)] * 2


@pytest.mark.parametrize("option", ["output", "autoreset_mode"])
def test_what_torchrl_decides_is_no_argument(option: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{option} is TorchRL's own choice"):
        make(**{option: "numpy"})
