"""output="torch": the values of arrays in all autoreset modes, nothing waited for, and bad input in one line."""

import copy
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.error import ResetNeeded
from helpers.small_vector import ID, MODES, PICTURES, PooledLoss, make, make_tensors, settings_of
from paintgym.agents.training.vec_env import PaintingVecEnv
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.vector.residents import Residents, draw_targets
from paintgym.errors import InvalidInputError
from paintgym.painters.registry import load_painter
from stable_baselines3 import PPO
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")


class HashedDraws:
    """A generator for an environment of arrays that draws the targets of the environment of tensors."""

    def __init__(self, seed: int) -> None:
        self.seed, self.episode = seed, 0

    def integers(self, count: int) -> int:
        self.episode += 1
        return int(draw_targets(np.array([self.seed], np.uint64), np.array([self.episode - 1]), count)[0])


def same(array: Any, tensor: Any, path: str = "") -> None:
    """Both say the same, wherever the mask of a value says that it means something."""
    if isinstance(array, dict):
        assert array.keys() == tensor.keys(), path
        for key in array:
            same(array[key], tensor[key], f"{path}/{key}")
        return
    assert isinstance(tensor, Tensor), path
    if array.dtype == object:  # final_obs: the dense form says more
        rows = [row for row, value in enumerate(array) if value is not None]
        array, tensor = np.stack([array[row] for row in rows]), tensor[rows]
    np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-5, atol=1e-6, err_msg=path)


@pytest.mark.parametrize(
    "view",
    ["canvas", {"name": "focus", "window": 8, "scales": [1, 2]}, {"name": "focus", "window": 8, "turn_reach": 0.25}],
    ids=["canvas", "focus", "turned"],
)
@pytest.mark.parametrize("mode", MODES)
def test_a_thousand_steps_are_those_of_arrays(mode: str, view: Any) -> None:
    options = {"view": view, "reward": "relative", "max_episode_steps": 2, "stroke_budget": 6, "strokes_per_step": 2}
    arrays, tensors = make(mode=mode, **options), make_tensors(mode=mode, **options)
    same(arrays.reset(seed=4)[1]["loss"] * 0, tensors.reset(seed=4)[1]["loss"] * 0)
    arrays._streams = [(HashedDraws(4 + row), 4 + row) for row in range(3)]
    tensors._episodes[:] = 0
    pair = arrays.reset(), tensors.reset()
    generator = np.random.default_rng(0)
    for _ in range(1000):
        same(pair[0][0], pair[1][0])
        same(pair[0][-1], pair[1][-1])
        if mode == "Disabled" and arrays._ended.any():
            mask = arrays._ended.copy()
            pair = arrays.reset(options={"reset_mask": mask}), tensors.reset(options={"reset_mask": torch.tensor(mask)})
            continue
        if generator.random() < 0.05:
            mask = generator.random(3) < 0.5
            if mask.any():
                pair = arrays.reset(options={"reset_mask": mask}), tensors.reset(options={"reset_mask": mask})
                continue
        actions = generator.uniform(-1.2, 1.2, (3, 24)).astype(np.float32)
        pair = arrays.step(actions), tensors.step(torch.from_numpy(actions))
        for array, tensor in zip(pair[0][1:4], pair[1][1:4], strict=True):
            same(array, tensor)
    assert tensors.reset(seed=4)[0].equal(tensors.reset(seed=4)[0])


def test_reset_options_are_those_of_arrays() -> None:
    arrays, tensors = make(), make_tensors()
    for options in ({"target_index": [0, 4, 2]}, {"target": PICTURES[3]}):
        both = [env.reset(seed=1, options=dict(options)) for env in (arrays, tensors)]
        same(both[0][0], both[1][0])
        same(both[0][1], both[1][1])
    _, infos = tensors.reset(options={"target_index": [1, None, None], "reset_mask": np.array([True, True, False])})
    assert infos["target_index"][0] == 1
    assert infos["_target_index"].tolist() == [True, True, False]


def test_a_rows_targets_depend_on_its_seed_alone() -> None:
    def drawn(num_envs: int, seeds: list[int]) -> list[list[int]]:
        env = make_tensors(num_envs, "SameStep")
        env.reset(seed=seeds)
        found = []
        for _ in range(12):
            env.step(torch.zeros(num_envs, 12))
            found.append(env._target_index.tolist())
        return [list(row) for row in zip(*found, strict=True)]

    assert drawn(3, [5, 6, 7])[2] == drawn(1, [7])[0]
    counts = np.bincount(draw_targets(np.full(5000, 3, np.uint64), np.arange(5000), 5), minlength=5)
    assert counts.min() > 900


@contextmanager
def counted_questions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collects everything that would make a host wait for a GPU."""
    asked: list[str] = []

    def watch(name: str) -> None:
        real = getattr(Tensor, name)

        def asking(tensor: Tensor, *arguments: Any, **options: Any) -> Any:
            asked.append(name)
            return real(tensor, *arguments, **options)

        monkeypatch.setattr(Tensor, name, asking)

    with monkeypatch.context():
        for name in ("item", "tolist", "cpu", "numpy", "nonzero", "__bool__", "__int__", "__float__", "__index__"):
            watch(name)
        yield asked
    monkeypatch.undo()


@pytest.mark.parametrize("loss", ["mse", "lite"])
@pytest.mark.parametrize("mode", MODES[:2])
def test_steps_ask_the_device_nothing(mode: str, loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = load_painter("gan")
    painter.asks = False  # as on a GPU
    env = make_tensors(
        3, mode, painter=painter, perceptual=loss, stroke_budget=4, view={"name": "focus", "window": 8}, paper="mean"
    )
    env.reset(seed=0)
    actions = torch.rand(3, 12) * 2 - 1
    env.step(actions)
    with counted_questions(monkeypatch) as asked:
        for _ in range(5):  # over the end of an episode
            env.step(actions)
    assert asked == []


def test_the_count_would_show_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    env = make_tensors(3, painter=load_painter("gan"))  # which asks on a CPU how many dabs there are
    env.reset(seed=0)
    with counted_questions(monkeypatch) as asked:
        env.step(torch.rand(3, 12))
    assert "tolist" in asked


def test_float_observations_are_those_that_are_rounded() -> None:
    rounded, exact = make_tensors(), make_tensors(pixels="float")
    for env in (rounded, exact):
        env.reset(seed=0)
    actions = torch.rand(3, 12)
    seen, values = rounded.step(actions)[0], exact.step(actions)[0]
    assert values.dtype == torch.float32
    assert exact.observation_space.contains(values.numpy())
    assert (values * 255 - seen.float()).abs().max() <= 0.51


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (np.zeros((3, 12), np.float32), "is a ndarray, expected a tensor"),
        (torch.zeros(3, 12, device="meta"), r"is on meta, expected cpu .*\.to\('cpu'\)"),
        (torch.zeros(3, 12, dtype=torch.float64), "float64 .*expected torch.float32"),
        (torch.zeros(2, 12), r"shape \(2, 12\), expected .*\(3, 12\)"),
        (torch.full((3, 12), torch.nan), "not finite"),
    ],
)
def test_bad_actions_are_one_line_and_change_nothing(actions: Any, message: str) -> None:
    env = make_tensors()
    env.reset(seed=0)
    canvas = env.state.canvas.clone()
    with pytest.raises(InvalidInputError, match=message) as caught:
        env.step(actions)
    assert "\n" not in str(caught.value)
    assert env.state.canvas.equal(canvas)
    env.step(torch.zeros(3, 12))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "jax"}, "output is 'jax'"),
        ({"output": "numpy", "compile": True}, "compile is for output='torch'"),
        ({"output": "torch", "pixels": "int8"}, "pixels are 'int8'"),
        ({"output": "torch", "compile": "yes"}, "compile is 'yes'"),
        ({"output": "torch", "resident_bytes": -1}, "resident_bytes is -1"),
    ],
)
def test_bad_settings_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        gymnasium.make_vec(ID, num_envs=2, **settings_of(**options))


def test_without_autoreset_ended_rows_must_be_reset() -> None:
    env = make_tensors(mode="Disabled", stroke_budget=1)
    env.reset(seed=0)
    env.step(torch.zeros(3, 12))
    with pytest.raises(ResetNeeded, match="environments"):
        env.step(torch.zeros(3, 12))


class SmallMemory(PixelLoss):
    """A loss for which eight pictures are too many."""

    def forward(self, canvas: Tensor, target_features: tuple[Tensor, ...]) -> Tensor:
        if len(canvas) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 3 GiB")
        return super().forward(canvas, target_features)


@pytest.mark.parametrize("output", ["numpy", "torch"])
def test_too_many_environments_for_the_memory_are_told_how_many_fit(output: str) -> None:
    env = gymnasium.make_vec(ID, num_envs=20, output=output, **settings_of(perceptual=SmallMemory()))
    with pytest.raises(InvalidInputError, match="20 environments do not fit into the memory of cpu, 5 do"):
        env.reset()


def test_residents_are_brought_once_and_the_rest_each_time() -> None:
    env = make_tensors()
    asked: list[int] = []
    real = env.targets.picture

    class Counting:
        size = env.targets.size

        def __len__(self) -> int:
            return len(env.targets)

        def picture(self, index: int) -> Any:
            asked.append(index)
            return real(index)

    wanted = np.array([3, 1, 3])
    for most, expected in ((2**20, [1, 3]), (10, [3, 1, 3, 3, 1, 3])):
        asked.clear()
        residents = Residents(Counting(), torch.device("cpu"), most)  # type: ignore[arg-type]
        pictures = [residents.pictures(wanted) for _ in range(2)]
        assert asked == expected
        assert pictures[0].equal(pictures[1])
        np.testing.assert_array_equal((pictures[0][0] * 255).numpy().round(), real(3).transpose(2, 0, 1))


def test_stable_baselines_learns_the_same_from_either() -> None:
    def learned(env: Any) -> np.ndarray:
        wrapped = PaintingVecEnv(env)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = PPO("MlpPolicy", wrapped, n_steps=6, batch_size=6, n_epochs=1, seed=0)
        return model.learn(36).policy.action_net.weight.detach().numpy()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"target": PICTURES[0], "perceptual": PooledLoss(), "mode": "SameStep", "reward": "relative"}
        arrays, tensors = learned(make(**options)), learned(make_tensors(**options))
    np.testing.assert_allclose(arrays, tensors, atol=1e-5)


def test_copies_go_on_alike_in_the_midst_of_episodes() -> None:
    env = make_tensors(mode="SameStep")
    env.reset(seed=0)
    env.step(torch.zeros(3, 12))
    other, third = copy.deepcopy(env), pickle.loads(pickle.dumps(env))
    for _ in range(5):
        actions = torch.rand(3, 12)
        steps = [each.step(actions) for each in (env, other, third)]
        assert all(step[0].equal(steps[0][0]) and step[1].equal(steps[0][1]) for step in steps)
