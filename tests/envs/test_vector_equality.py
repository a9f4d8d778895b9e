"""The vector environment gives, row for row, what single environments give, however they are driven."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from helpers.small_vector import MODES, PICTURES, make, resets, settings_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from paintgym.envs.losses.registry import make_loss
from paintgym.envs.painting import PaintingEnv
from paintgym.painters.registry import load_painter

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("one_thread")]


def make_sync(num_envs: int, mode: str, **options: Any) -> SyncVectorEnv:
    single: list[Callable[[], PaintingEnv]] = [lambda: PaintingEnv(**settings_of(**options))] * num_envs
    return SyncVectorEnv(single, autoreset_mode=AutoresetMode(mode))


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
    """Random steps, masked resets and seeds, against single environments that are driven one by one.

    This painter and loss compute each row by itself, so all that is compared must be equal to the last bit.
    """

    count = 3
    options: dict[str, Any] = {}  # noqa: RUF012
    loss_tolerance, level_tolerance = 0.0, 0

    @initialize(
        mode=st.sampled_from(MODES),
        steps=st.integers(1, 3),
        strokes=st.integers(1, 3),
        size=st.sampled_from([16, 32, 64, 256]),
        reward=st.sampled_from(["negative_loss", "improvement"]),
        seed=st.integers(0, 2**32),
    )
    def begin(self, mode: str, steps: int, strokes: int, size: int, reward: str, seed: int) -> None:
        options = {"stroke_budget": steps * strokes, "strokes_per_step": strokes, "reward": reward, "size": size}
        options |= self.options
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
            assert abs(rewards[row] - reward) <= self.loss_tolerance
            assert terminated[row] == self.ended[row]
            if self.mode == "SameStep" and self.ended[row]:
                self.check_pixels(infos["final_obs"][row], self.expected[row])
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
            self.check_pixels(self.observations, self.expected)

    def check_pixels(self, pixels: Any, expected: Any) -> None:
        difference = np.asarray(pixels, int) - np.asarray(expected, int)
        assert abs(difference).max() <= self.level_tolerance

    def check_info(self, infos: dict[str, Any], info: dict[str, Any], row: int) -> None:
        here = [key[1:] for key, mask in infos.items() if key.startswith("_") and mask[row]]
        present = {key: infos[key][row] for key in here if not key.startswith("final_")}
        assert present.keys() == info.keys()
        for key in ("loss", "score"):  # the score is the loss in parts of the first one, which is above 2 here
            assert abs(present.pop(key) - info[key]) <= self.loss_tolerance
        assert all(np.array_equal(present[key], info[key]) for key in present)


class ShippedInterleavings(Interleavings):
    """The shipped painter and loss share their sums out by the batch, so that float32 rounds otherwise.

    Losses near 1 may differ by 0.001, and so may rewards; a pixel near the edge of a level may fall into the next.
    Flags, strokes and all indices must be equal still.
    """

    options = {"painter": load_painter("gan"), "perceptual": make_loss("lite")}  # noqa: RUF012
    loss_tolerance, level_tolerance = 1e-3, 1


TestInterleavings = pytest.mark.slow(Interleavings.TestCase)
TestInterleavings.settings = settings(max_examples=60, stateful_step_count=20)
TestShippedInterleavings = pytest.mark.slow(ShippedInterleavings.TestCase)
TestShippedInterleavings.settings = settings(max_examples=10, stateful_step_count=12)


@pytest.mark.slow
def test_two_environments_with_one_seed_stay_identical_for_a_thousand_steps() -> None:
    pair = [make(2, "SameStep", stroke_budget=7) for _ in range(2)]
    assert data_equivalence(*(env.reset(seed=11) for env in pair), exact=True)
    actions = np.random.default_rng(0)
    for _ in range(1000):
        action = actions.uniform(-1, 1, (2, 12)).astype(np.float32)
        assert data_equivalence(*(env.step(action) for env in pair), exact=True)
