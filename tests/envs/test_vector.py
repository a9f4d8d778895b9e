"""The vector environment: autoreset modes, one call a step, options, infos, wrappers, spec; no leaks."""

import inspect
import json
import resource
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode
from helpers.small_vector import ID, MODES, PICTURES, disc_painter, make, resets, settings_of
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.painting import PaintingEnv
from paintgym.envs.vector.arrays import PaintingVectorEnv
from PIL import Image
from torch import Tensor

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("one_thread")]


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
    gray, dark = (np.full((16, 16, 3), level, np.uint8) for level in (128, 30))
    observations, infos = env.reset(options={"target": [gray, None, dark], "target_index": [None, 3, None]})
    assert infos["target_index"].tolist() == [-1, 3, -1]
    assert (observations[0, 3:6] == 128).all()
    assert (observations[2, 3:6] == 30).all()
    observations, _ = env.reset(options={"target": np.stack([dark, gray, gray])})
    assert observations[:, 3, 0, 0].tolist() == [30, 128, 128]
    options = {"target": gray, **resets([True, False, False])}
    observations, infos = env.reset(options=options)
    assert observations[:, 3, 0, 0].tolist() == [128, 128, 128]
    assert infos["_target_index"].tolist() == [True, False, False]
    assert set(options) == {"target", "reset_mask"}


def test_the_actions_of_environments_that_are_being_reset_are_ignored() -> None:
    env = make(2, stroke_budget=1)
    env.reset(seed=0)
    env.step(np.zeros((2, 12), np.float32))
    observations, rewards, *_ = env.step(np.full((2, 12), np.nan))
    assert (observations[:, :3] == 255).all()
    assert rewards.tolist() == [0, 0]


def test_it_takes_every_argument_of_the_single_environment_and_no_other() -> None:
    arguments = set(inspect.signature(PaintingEnv).parameters)
    assert set(inspect.signature(PaintingVectorEnv).parameters) == {
        "num_envs",
        "autoreset_mode",
        "max_episode_steps",
        "arguments",
    }
    assert {"target", "render_mode"} <= arguments
    with pytest.raises(TypeError, match="color"):
        make(2, color="red")


def test_the_spec_is_json_and_makes_the_same_environment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.envs.painting.make_painter", lambda name, device, brush: disc_painter)
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


def test_gymnasiums_list_of_infos_gives_each_environment_its_own() -> None:
    env = gymnasium.wrappers.vector.DictInfoToList(make(2, "SameStep", stroke_budget=2))
    env.reset(seed=0)
    env.reset(options=resets([False, True]))
    env.step(env.action_space.sample())
    env.unwrapped.reset(options=resets([True, False]))
    infos = env.step(env.action_space.sample())[4]
    assert set(infos[0]) == {"loss", "score", "stroke_index", "target_index", "stroke"}
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


@pytest.mark.slow
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
