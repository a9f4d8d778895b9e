"""The vector environment: row for row a single environment, in every autoreset mode; clear errors; no leaks."""

import copy
import inspect
import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from paintgym.envs.core import PaintingCore, strokes_left_of
from paintgym.envs.loss import Loss, PixelLoss
from paintgym.envs.painting import PaintingEnv
from paintgym.envs.pictures import to_tensor
from paintgym.envs.vector import PaintingVectorEnv
from paintgym.errors import InvalidInputError
from PIL import Image
from torch import Tensor
from torch.nn import functional

pytestmark = pytest.mark.filterwarnings("error")

ID = "paintgym/Painting-v0"
PICTURES = list(np.random.default_rng(0).integers(0, 256, (5, 24, 24, 3), dtype=np.uint8))
MODES = ["NextStep", "SameStep", "Disabled"]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small tensors are faster without a second thread, and sums do not depend on how threads share them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def disc_painter(strokes: Tensor) -> Tensor:
    """A soft disc at the stroke's end point, of 16 pixels a side: small, and computed for each stroke alone."""
    ruler = (torch.arange(16) + 0.5) / 16
    x, y = strokes[:, 4, None, None], strokes[:, 5, None, None]
    distance = (ruler - x) ** 2 + (ruler[:, None] - y) ** 2
    return ((0.02 + 0.1 * strokes[:, 1, None, None] - distance) * 20 + 0.5).clamp(0, 1)[:, None]


class PooledLoss(Loss):
    """Compares pooled pictures: its features are, unlike PixelLoss's, no view of the targets."""

    name = "pooled"

    def features(self, target: Tensor) -> tuple[Tensor, ...]:
        return (functional.avg_pool2d(target, 4), target.mean((1, 2, 3)))

    def forward(self, canvas: Tensor, target_features: tuple[Tensor, ...]) -> Tensor:
        pooled, mean = target_features
        return (functional.avg_pool2d(canvas, 4) - pooled).square().mean((1, 2, 3)) + mean


def settings_of(**options: Any) -> dict[str, Any]:
    defaults = {"target": PICTURES, "painter": disc_painter, "perceptual": PooledLoss(), "stroke_budget": 3, "size": 16}
    return {**defaults, **options}


def make(num_envs: int = 3, mode: str = "NextStep", **options: Any) -> PaintingVectorEnv:
    env = gymnasium.make_vec(ID, num_envs=num_envs, autoreset_mode=mode, **settings_of(**options))
    assert type(env) is PaintingVectorEnv
    return env


def make_sync(num_envs: int, mode: str, **options: Any) -> SyncVectorEnv:
    single: list[Callable[[], PaintingEnv]] = [lambda: PaintingEnv(**settings_of(**options))] * num_envs
    return SyncVectorEnv(single, autoreset_mode=AutoresetMode(mode))


def resets(mask: list[bool]) -> dict[str, Any]:
    return {"reset_mask": np.array(mask)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reward": "improvement", "stroke_budget": 1},
        {"size": 32, "strokes_per_step": 3},
        {"size": 256, "strokes_per_step": 2, "stroke_budget": 4, "render_mode": "rgb_array"},
    ],
    ids=lambda options: " ".join(options) or "default",
)
def test_it_gives_what_gymnasiums_own_vectorisation_of_single_environments_gives(
    mode: str, options: dict[str, Any]
) -> None:
    batched, looped = make(3, mode, **options), make_sync(3, mode, **options)
    assert batched.observation_space == looped.observation_space
    assert batched.action_space == looped.action_space
    assert batched.metadata == looped.metadata
    assert data_equivalence(batched.reset(seed=4), looped.reset(seed=4), exact=True)
    batched.action_space.seed(0)
    for step in range(9):
        actions = batched.action_space.sample()
        results = batched.step(actions), looped.step(actions)
        assert batched.observation_space.contains(results[0][0])
        assert data_equivalence(*results, exact=True)
        assert data_equivalence(batched.render(), looped.render() if batched.render_mode else None, exact=True)
        ended = results[0][2]
        mask = np.array([True, False, True]) if step in (0, 4) else ended
        if mask.any() and (mode == "Disabled" or step in (0, 4)):
            given = [{"reset_mask": (mask | ended).copy()} for _ in range(2)]  # gymnasium's pops it
            results = batched.reset(seed=9, options=given[0]), looped.reset(seed=9, options=given[1])
            assert data_equivalence(*results, exact=True)
    assert [generator.random() for generator in batched.np_random] == [each.random() for each in looped.np_random]
    assert batched.np_random_seed == looped.np_random_seed


class Interleavings(RuleBasedStateMachine):
    """Random steps, masked resets and seeds, against single environments that are driven one by one."""

    count = 3

    @initialize(
        mode=st.sampled_from(MODES),
        steps=st.integers(1, 3),
        strokes=st.integers(1, 2),
        reward=st.sampled_from(["negative_loss", "improvement"]),
        seed=st.integers(0, 2**32),
    )
    def begin(self, mode: str, steps: int, strokes: int, reward: str, seed: int) -> None:
        options = {"stroke_budget": steps * strokes, "strokes_per_step": strokes, "reward": reward, "size": 16}
        self.mode = mode
        self.batched = make(self.count, mode, **options)
        self.singles = [PaintingEnv(**settings_of(**options)) for _ in range(self.count)]
        self.ended = [False] * self.count
        self.random = np.random.default_rng(seed)
        self.observations, infos = self.batched.reset(seed=seed)
        self.expected = [single.reset(seed=seed + row)[0] for row, single in enumerate(self.singles)]
        assert infos["target_index"].tolist() == [single._target_index for single in self.singles]

    @precondition(lambda self: not (self.mode == "Disabled" and any(self.ended)))
    @rule()
    def step(self) -> None:
        actions = self.random.uniform(-1.2, 1.2, self.batched.action_space.shape).astype(np.float32)
        self.observations, rewards, terminated, truncated, infos = self.batched.step(actions)
        for row, single in enumerate(self.singles):
            if self.mode == "NextStep" and self.ended[row]:
                self.expected[row], info = single.reset()
                reward, self.ended[row] = 0.0, False
            else:
                self.expected[row], reward, self.ended[row], _, info = single.step(actions[row])
            assert rewards[row] == reward
            assert terminated[row] == self.ended[row]
            if self.mode == "SameStep" and self.ended[row]:
                assert np.array_equal(infos["final_obs"][row], self.expected[row])
                self.check_info(infos["final_info"], info, row)
                self.expected[row], info = single.reset()
                self.ended[row] = False
            self.check_info(infos, info, row)
        assert not truncated.any()

    @rule(
        mask=st.lists(st.booleans(), min_size=count, max_size=count).filter(any),
        seeds=st.one_of(
            st.none(), st.integers(0, 99), st.lists(st.none() | st.integers(0, 99), min_size=count, max_size=count)
        ),
        index=st.none() | st.integers(0, len(PICTURES) - 1),
    )
    def reset(self, mask: list[bool], seeds: Any, index: int | None) -> None:
        chosen = {} if index is None else {"target_index": index}
        self.observations, infos = self.batched.reset(seed=seeds, options={**resets(mask), **chosen})
        each = (
            [None if seeds is None else seeds + row for row in range(self.count)]
            if not isinstance(seeds, list)
            else seeds
        )
        for row, single in enumerate(self.singles):
            if mask[row]:
                self.expected[row], info = single.reset(seed=each[row], options=chosen)
                self.ended[row] = False
                self.check_info(infos, info, row)
            assert infos["_loss"][row] == mask[row]

    @invariant()
    def observations_agree(self) -> None:
        if hasattr(self, "expected"):
            assert np.array_equal(self.observations, self.expected)

    def check_info(self, infos: dict[str, Any], info: dict[str, Any], row: int) -> None:
        here = [key[1:] for key, mask in infos.items() if key.startswith("_") and mask[row]]
        present = {key: infos[key][row] for key in here if not key.startswith("final_")}
        assert present.keys() == info.keys()
        assert all(np.array_equal(present[key], info[key]) for key in info)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=100, stateful_step_count=20)


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_is_attribute_and_metadata_and_may_be_gymnasiums_enumeration(mode: str) -> None:
    env = make(2, AutoresetMode(mode))
    assert env.autoreset_mode is env.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert env.metadata is not PaintingEnv.metadata


def test_next_step_is_the_default_mode() -> None:
    assert gymnasium.make_vec(ID, num_envs=1, **settings_of()).autoreset_mode is AutoresetMode.NEXT_STEP


def test_a_step_is_one_call_of_the_painter_and_one_of_the_loss() -> None:
    calls: list[tuple[str, int]] = []

    def painter(strokes: Tensor) -> Tensor:
        calls.append(("painter", len(strokes)))
        return disc_painter(strokes)

    class CountingLoss(PixelLoss):
        def features(self, target: Tensor) -> tuple[Tensor, ...]:
            calls.append(("features", len(target)))
            return super().features(target)

        def forward(self, canvas: Tensor, target_features: tuple[Tensor, ...]) -> Tensor:
            calls.append(("loss", len(canvas)))
            return super().forward(canvas, target_features)

    env = make(6, painter=painter, perceptual=CountingLoss(), stroke_budget=4, strokes_per_step=2)
    env.reset(seed=0)
    assert calls == [("features", 6), ("loss", 6)]
    calls.clear()
    env.step(env.action_space.sample())
    assert calls == [("painter", 12), ("loss", 6)]
    calls.clear()
    env.reset(options=resets([False, True, True, False, False, False]))
    assert calls == [("features", 2), ("loss", 2)]
    calls.clear()
    env.step(env.action_space.sample())
    calls.clear()
    env.step(env.action_space.sample())
    assert calls == [("painter", 12), ("loss", 6), ("features", 4), ("loss", 4)]


def test_returned_arrays_are_never_written_again() -> None:
    env = make(2, "SameStep", stroke_budget=2)
    kept = [env.reset(seed=0)]
    kept += [env.step(env.action_space.sample()) for _ in range(3)]
    copies = [json.dumps(each, default=lambda array: array.tolist()) for each in kept]
    env.step(env.action_space.sample())
    env.reset(seed=1, options=resets([True, False]))
    assert [json.dumps(each, default=lambda array: array.tolist()) for each in kept] == copies


def test_options_are_one_for_all_or_one_for_each() -> None:
    env = make(3)
    _, infos = env.reset(options={"target_index": 4})
    assert infos["target_index"].tolist() == [4, 4, 4]
    _, infos = env.reset(options={"target_index": np.array([2, 0, 1])})
    assert infos["target_index"].tolist() == [2, 0, 1]
    grey, dark = (np.full((16, 16, 3), level, np.uint8) for level in (128, 30))
    observations, infos = env.reset(options={"target": [grey, None, dark], "target_index": [None, 3, None]})
    assert infos["target_index"].tolist() == [-1, 3, -1]
    assert (observations[0, 3:6] == 128).all()
    assert (observations[2, 3:6] == 30).all()
    observations, _ = env.reset(options={"target": np.stack([dark, grey, grey])})
    assert observations[:, 3, 0, 0].tolist() == [30, 128, 128]
    options = {"target": grey, **resets([True, False, False])}
    observations, infos = env.reset(options=options)
    assert observations[:, 3, 0, 0].tolist() == [128, 128, 128]
    assert infos["_target_index"].tolist() == [True, False, False]
    assert set(options) == {"target", "reset_mask"}


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
    env = make(3)
    env.reset(seed=0)
    before = env.step(np.zeros((3, 12), np.float32))[0]
    with pytest.raises(InvalidInputError, match=message) as caught:
        env.reset(options=options)
    assert "\n" not in str(caught.value)
    after = env.step(np.full((3, 12), -1, np.float32))[4]
    assert after["stroke_index"].tolist() == [2, 2, 2]
    assert before.any()


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


def test_the_actions_of_environments_that_are_being_reset_are_ignored() -> None:
    env = make(2, stroke_budget=1)
    env.reset(seed=0)
    env.step(np.zeros((2, 12), np.float32))
    observations, rewards, *_ = env.step(np.full((2, 12), np.nan))
    assert (observations[:, :3] == 255).all()
    assert rewards.tolist() == [0, 0]


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


def test_it_takes_every_argument_of_the_single_environment_and_no_other() -> None:
    arguments = set(inspect.signature(PaintingEnv).parameters)
    assert set(inspect.signature(PaintingVectorEnv).parameters) == {"num_envs", "autoreset_mode", "arguments"}
    assert {"target", "render_mode"} <= arguments
    with pytest.raises(TypeError, match="colour"):
        make(2, colour="red")


def test_the_spec_is_json_and_makes_the_same_environment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.envs.painting.load_painter", lambda name, device: disc_painter)
    picture = tmp_path / "picture.png"
    Image.fromarray(PICTURES[0]).save(picture)
    options = settings_of(target=str(picture), painter="gan", perceptual="mse")
    env = gymnasium.make_vec(ID, num_envs=2, autoreset_mode="SameStep", **options)
    again = gymnasium.make_vec(EnvSpec.from_json(env.spec.to_json()))
    assert again.num_envs == 2
    assert again.autoreset_mode is AutoresetMode.SAME_STEP
    assert data_equivalence(env.reset(seed=3), again.reset(seed=3), exact=True)
    actions = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 12)
    assert data_equivalence(env.step(actions), again.step(actions), exact=True)


def test_two_environments_with_one_seed_stay_identical_for_a_thousand_steps() -> None:
    pair = [make(2, "SameStep", stroke_budget=7) for _ in range(2)]
    assert data_equivalence(*(env.reset(seed=11) for env in pair), exact=True)
    actions = np.random.default_rng(0)
    for _ in range(1000):
        action = actions.uniform(-1, 1, (2, 12)).astype(np.float32)
        assert data_equivalence(*(env.step(action) for env in pair), exact=True)


def test_the_shipped_painter_gives_a_row_the_same_picture_alone_and_in_a_batch() -> None:
    options = {"painter": "gan", "size": 64, "stroke_budget": 6, "strokes_per_step": 2}
    env = make(5, **options)
    singles = [PaintingEnv(**settings_of(**options)) for _ in range(5)]
    env.reset(seed=0)
    for row, single in enumerate(singles):
        single.reset(seed=row)
    actions = np.random.default_rng(1).uniform(-1, 1, (3, 5, 24)).astype(np.float32)
    for action in actions:
        observations, rewards, *_ = env.step(action)
        expected = [single.step(action[row]) for row, single in enumerate(singles)]
        difference = observations.astype(int) - np.stack([each[0] for each in expected])
        assert abs(difference).max() <= 1
        assert rewards == pytest.approx([each[1] for each in expected], rel=1e-3)


def test_gymnasiums_list_of_infos_gives_each_environment_its_own() -> None:
    env = gymnasium.wrappers.vector.DictInfoToList(make(2, "SameStep", stroke_budget=2))
    env.reset(seed=0)
    env.reset(options=resets([False, True]))
    env.step(env.action_space.sample())
    env.unwrapped.reset(options=resets([True, False]))
    infos = env.step(env.action_space.sample())[4]
    assert set(infos[0]) == {"loss", "stroke_index", "target_index", "stroke"}
    assert infos[0]["stroke_index"] == 1
    assert infos[1]["stroke_index"] == 0
    assert infos[1]["final_info"]["stroke_index"] == 2


def test_gymnasiums_episode_statistics_wrapper_counts_the_episodes() -> None:
    env = gymnasium.wrappers.vector.RecordEpisodeStatistics(make(2, stroke_budget=2))
    env.reset(seed=0)
    total = np.zeros(2)
    for _ in range(2):
        _, rewards, _, _, infos = env.step(env.action_space.sample())
        total += rewards
    assert infos["episode"]["l"].tolist() == [2, 2]
    assert infos["episode"]["r"] == pytest.approx(total)


def test_rows_may_have_budgets_of_their_own() -> None:
    core = PaintingCore(disc_painter, PixelLoss(), stroke_budget=8, strokes_per_step=2)
    state = core.initial(to_tensor(np.stack(PICTURES[:3])), torch.tensor([2, 8, 4]))
    ends = []
    for _ in range(4):
        state = core.transition(state, torch.zeros(3, 24))
        ends.append(core.terminal(state).tolist())
    assert ends == [[True, False, False], [True, False, True], [True, False, True], [True, True, True]]
    state = core.transition(
        core.initial(to_tensor(np.stack(PICTURES[:3])), torch.tensor([4, 8, 20])), torch.zeros(3, 24)
    )
    assert strokes_left_of(core.observation(state)).tolist() == pytest.approx([2, 6, 18], rel=1e-5)


def test_strokes_left_can_be_read_from_an_8_bit_observation() -> None:
    core = PaintingCore(disc_painter, PixelLoss())
    budgets = torch.tensor([1, 2, 3, 15, 100, 1000, 4000])
    state = core.initial(to_tensor(np.stack(PICTURES[:1] * len(budgets))), budgets)
    read = strokes_left_of(core.quantised_observation(state).float() / 255)
    assert read.tolist() == pytest.approx(budgets.tolist(), rel=0.04)


def test_overwriting_rows_changes_these_and_no_others() -> None:
    core = PaintingCore(disc_painter, PooledLoss(), stroke_budget=8)
    pictures = to_tensor(np.stack(PICTURES))
    state, other = core.initial(pictures[:3]), core.initial(pictures[3:], torch.tensor([5, 6]))
    other = core.transition(other, torch.zeros(2, 12))
    before = copy.deepcopy(state)
    state.overwrite(torch.tensor([2, 0]), other)
    parts = zip(state._tensors(), before._tensors(), other._tensors(), strict=True)
    for values, old, new in parts:
        assert torch.equal(values, torch.stack([new[1], old[1], new[0]]))
    assert state.strokes_left.tolist() == [5, 8, 4]


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (torch.tensor([2.0, 2.0]), r"torch.float32 of shape \(2,\), expected torch.int64 \(2,\)"),
        (torch.tensor([2]), r"of shape \(1,\)"),
        (torch.tensor([0, 2]), r"holds \[0, 2\], expected multiples of strokes_per_step = 2"),
        (torch.tensor([2, 3]), "expected multiples of strokes_per_step = 2"),
    ],
)
def test_budgets_that_do_not_fit_raise(budget: Tensor, message: str) -> None:
    core = PaintingCore(disc_painter, PixelLoss(), stroke_budget=8, strokes_per_step=2)
    with pytest.raises(InvalidInputError, match=message):
        core.initial(to_tensor(np.stack(PICTURES[:2])), budget)


def test_a_thousand_episodes_of_a_batch_of_64_do_not_grow_the_process() -> None:
    memory = Path("/proc/self/statm")
    if not memory.exists():
        pytest.skip(f"reads the size of the process from {memory}, which only Linux has")
    env = make(64, "SameStep", stroke_budget=2, strokes_per_step=2)
    env.reset(seed=0)
    actions = np.random.default_rng(0).uniform(-1, 1, (64, 24)).astype(np.float32)

    def play(episodes: int) -> int:
        for _ in range(episodes):
            env.step(actions)
        return int(memory.read_text().split()[1]) * resource.getpagesize()

    before = play(100)
    assert play(1000) - before < 20e6
