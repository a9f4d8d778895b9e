"""The environment: both libraries' checkers without a warning, one core with and without gradients, clear errors."""

import json
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env as gymnasium_check
from gymnasium.utils.env_checker import data_equivalence
from paintgym.envs.core import PaintingCore
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.losses.vgg import WEIGHTS_FILE
from paintgym.envs.painting import PaintingEnv
from paintgym.errors import InvalidInputError, MissingDataError
from paintgym.files import data_directory
from paintgym.painters.pixels import to_tensor
from PIL import Image
from stable_baselines3.common.env_checker import check_env as stable_baselines_check
from torch import Tensor

PICTURE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
ID = "paintgym/Painting-v0"

needs_vgg19 = pytest.mark.skipif(
    not (data_directory() / WEIGHTS_FILE).is_file(), reason=f"needs {data_directory() / WEIGHTS_FILE} (PAINTGYM_DATA)"
)
needs_mnist = pytest.mark.skipif(
    not (data_directory() / "MNIST").is_dir(), reason=f"needs {data_directory() / 'MNIST'} (set PAINTGYM_DATA)"
)


def disc_painter(strokes: Tensor) -> Tensor:
    """A soft disc at the stroke's end point: the smallest painter with a shape and a gradient."""
    ruler = (torch.arange(64) + 0.5) / 64
    x, y = strokes[:, 4, None, None], strokes[:, 5, None, None]
    distance = (ruler - x) ** 2 + (ruler[:, None] - y) ** 2
    return torch.sigmoid((0.02 + 0.05 * strokes[:, 1, None, None] - distance) * 60)[:, None]


def make(**options: object) -> PaintingEnv:
    settings = {"target": PICTURE, "painter": disc_painter, "perceptual": "mse", "stroke_budget": 10, **options}
    return gymnasium.make(ID, **settings).unwrapped


def episode(env: gymnasium.Env, seed: int) -> list[object]:
    """Everything an episode gives for seeded actions."""
    record: list[object] = [env.reset(seed=seed)]
    env.action_space.seed(seed)
    while len(record) == 1 or not record[-1][2]:
        record.append(env.step(env.action_space.sample()))
    return record


CONFIGURATIONS = [
    {},
    {"reward": "improvement"},
    {"strokes_per_step": 5, "size": 96, "render_mode": "rgb_array"},
    {"stroke_budget": 1, "size": 36},
    {"painter": "gan", "perceptual": "lite", "stroke_budget": 2, "size": 40},
    {"target": [PICTURE, PICTURE // 2], "strokes_per_step": 10},
    pytest.param({"target": "mnist", "split": "test"}, marks=needs_mnist),
    pytest.param({"target": "mnist", "painter": "gan", "perceptual": "vgg19"}, marks=[needs_vgg19, needs_mnist]),
]


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=lambda options: " ".join(options))
@pytest.mark.filterwarnings("error")
def test_checkers_of_gymnasium_and_stable_baselines_find_nothing(options: dict[str, object]) -> None:
    env = make(**options)
    gymnasium_check(env)
    stable_baselines_check(env)


@pytest.mark.filterwarnings("error")
def test_the_registered_environment_passes_gymnasiums_own_wrappers_without_warning() -> None:
    env = gymnasium.make(ID, target=PICTURE, painter=disc_painter, perceptual="mse", stroke_budget=3)
    assert len(episode(env, 0)) == 4


def test_the_shipped_painter_paints_in_the_environment() -> None:
    env = gymnasium.make(ID, target=PICTURE, perceptual="mse", stroke_budget=4)
    *_, (observation, reward, terminated, _, info) = episode(env, 1)
    assert terminated
    assert reward == -info["loss"] < 0
    assert observation[:3].std() > 0


def test_same_seed_and_actions_give_identical_results() -> None:
    targets = list(np.random.default_rng(1).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8))
    first, second = (episode(make(target=targets), seed=7) for _ in range(2))
    assert data_equivalence(first, second, exact=True)
    assert not data_equivalence(first[0], episode(make(target=targets), seed=8)[0], exact=True)


def test_gradient_mode_does_not_change_what_the_core_gives() -> None:
    core = PaintingCore(disc_painter, PixelLoss(), reward="improvement", stroke_budget=6, strokes_per_step=3)
    target = to_tensor(np.stack([PICTURE, 255 - PICTURE]))
    actions = torch.rand(2, 2, 36, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def run(actions: Tensor) -> list[Tensor]:
        state = core.initial(target)
        values = []
        for action in actions:
            previous, state = state, core.transition(state, action)
            values += [state.canvas, core.reward(previous, state), core.observation(state), core.terminal(state)]
        return values

    with torch.no_grad():
        without = run(actions)
    with_gradients = run(actions.clone().requires_grad_())
    for value, reference in zip(with_gradients, without, strict=True):
        assert torch.equal(value, reference)
    assert with_gradients[1].requires_grad


def test_gymnasium_form_and_core_give_the_same_rewards_and_observations() -> None:
    env = make(reward="improvement", strokes_per_step=2, stroke_budget=6)
    env.action_space.seed(3)
    observation, _ = env.reset(seed=3)
    core = env.core
    state = core.initial(to_tensor(PICTURE))
    assert np.array_equal(observation, core.quantized_observation(state)[0])
    for _ in range(3):
        action = env.action_space.sample()
        observation, reward, *_ = env.step(action)
        previous, state = state, core.transition(state, torch.tensor(action)[None])
        assert reward == core.reward(previous, state).item()
        assert np.array_equal(observation, core.quantized_observation(state)[0])


def test_gradients_reach_the_first_action_through_a_whole_episode() -> None:
    core = PaintingCore(disc_painter, PixelLoss(), stroke_budget=5)
    action = (torch.rand(1, 12, generator=torch.Generator().manual_seed(0)) - 0.5).requires_grad_()
    state = core.initial(to_tensor(PICTURE))
    for factor in (1.0, 0.5, -0.5, -1.0, 0.2):
        state = core.transition(state, action * factor if factor == 1.0 else action.detach() * factor)
    (gradient,) = torch.autograd.grad(core.observation(state)[:, :3].square().sum() + state.loss.sum(), action)
    assert gradient.isfinite().all()
    assert (gradient[0, 4:9] != 0).all()


def test_actions_become_strokes_in_the_unit_cube_with_the_last_on_top() -> None:
    env = make(strokes_per_step=2, size=64)
    env.reset(seed=0)
    action = np.zeros((2, 12), np.float32)
    action[0, 6:9], action[1, 6:9] = (-1, 1, -1), (7.0, -1, -1)  # green, then red; beyond the box counts as its edge
    observation, _, _, _, info = env.step(action.ravel())
    assert info["stroke"].shape == (2, 12)
    assert info["stroke"][:, 6:9].tolist() == [[0, 1, 0], [1, 0, 0]]
    assert info["stroke"][0, 0] == 0.5
    red, green, _ = observation[:3, 32, 32].astype(int)
    assert red > 200 > green


def test_observation_holds_canvas_target_and_the_budget_that_is_left() -> None:
    env = make(stroke_budget=4)
    observation, info = env.reset(seed=0)
    assert (observation[:3] == 255).all()
    assert np.array_equal(observation[3:6], PICTURE.transpose(2, 0, 1))
    assert (observation[6] == 48).all()
    assert info == {"loss": info["loss"], "score": 0.0, "stroke_index": 0, "target_index": 0}
    planes, ends = [], []
    for index in range(1, 5):
        observation, reward, terminated, truncated, info = env.step(np.zeros(12, np.float32))
        planes.append(int(observation[6, 0, 0]))
        ends.append(terminated)
        assert (type(reward), type(terminated), truncated) == (float, bool, False)
        assert info["stroke_index"] == index
    assert planes == [42, 33, 21, 0]
    assert ends == [False, False, False, True]


def test_rewards_are_the_negative_loss_or_sum_to_the_improvement() -> None:
    negative, improving = episode(make(), 4), episode(make(reward="improvement"), 4)
    assert [step[1] for step in negative[1:]] == [-step[4]["loss"] for step in negative[1:]]
    total = sum(step[1] for step in improving[1:])
    assert total == pytest.approx(improving[0][1]["loss"] - improving[-1][4]["loss"], abs=1e-6)


def test_reset_options_choose_the_target() -> None:
    env = make(target=[PICTURE, PICTURE // 2, PICTURE // 4])
    observation, info = env.reset(seed=0, options={"target_index": 2})
    assert info["target_index"] == 2
    assert np.array_equal(observation[3:6], (PICTURE // 4).transpose(2, 0, 1))
    observation, info = env.reset(options={"target": np.full((20, 90, 3), 40, np.uint8)})
    assert info["target_index"] == -1
    assert (observation[3:6] == 40).all()
    drawn = {env.reset()[1]["target_index"] for _ in range(30)}
    assert drawn == {0, 1, 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_index": 3}, "there is no target 3"),
        ({"target_index": "two"}, "there is no target 'two'"),
        ({"target": np.zeros((4, 4, 3))}, "expected uint8"),
        ({"target": PICTURE, "target_index": 0}, "expected one of target, target_index"),
        ({"picture": PICTURE}, "expected one of target, target_index"),
    ],
)
def test_bad_reset_options_raise(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        make().reset(options=options)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.full(12, np.nan, np.float32), "number 0 of the action is not finite"),
        (np.array([0] * 11 + [np.inf]), "number 11 of the action is not finite"),
        (np.zeros(11), r"shape \(11,\), expected \(12,\)"),
        (np.zeros((1, 12)), r"shape \(1, 12\), expected \(12,\)"),
        ("red", "the action is a str"),
    ],
)
def test_actions_that_are_no_strokes_raise_and_leave_the_episode_as_it_was(action: object, message: str) -> None:
    env = make()
    env.reset(seed=0)
    before = env.state
    with pytest.raises(InvalidInputError, match=message):
        env.step(action)
    assert env.state is before


def test_stepping_without_a_canvas_or_budget_raises() -> None:
    env = make(stroke_budget=1)
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        env.step(np.zeros(12, np.float32))
    env.reset(seed=0)
    env.step(np.zeros(12, np.float32))
    with pytest.raises(gymnasium.error.ResetNeeded, match="budget is spent"):
        env.step(np.zeros(12, np.float32))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reward": "score"}, "no reward 'score'; expected one of negative_loss, improvement"),
        ({"perceptual": "ssim"}, "no loss 'ssim'"),
        ({"painter": "rembrandt"}, "unknown painter 'rembrandt'"),
        ({"target": "no/such/place"}, "no target 'no/such/place'"),
        ({"stroke_budget": 0}, "stroke_budget is 0"),
        ({"stroke_budget": 10, "strokes_per_step": 3}, "multiple of strokes_per_step = 3"),
        ({"strokes_per_step": 1.5}, "strokes_per_step is 1.5"),
        ({"size": 8}, "size is 8, expected a whole number from 16 to 1024"),
        ({"split": "all"}, "expected 'train' or 'test'"),
        ({"device": "abacus"}, "device is 'abacus'"),
        ({"render_mode": "ansi"}, "render_mode is 'ansi'"),
    ],
)
def test_bad_configurations_raise_one_clear_line(options: dict[str, object], message: str) -> None:
    settings = {"target": PICTURE, "painter": disc_painter, "perceptual": "mse", **options}
    with pytest.raises(InvalidInputError, match=message) as caught:
        PaintingEnv(**settings)
    assert "\n" not in str(caught.value)


def test_missing_data_raise_from_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="MNIST"):
        PaintingEnv(painter=disc_painter, perceptual="mse")


def test_rendering_shows_the_canvas_beside_the_target() -> None:
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (64, 128, 3)
    assert (picture[:, :64] == 255).all()
    assert np.array_equal(picture[:, 64:], PICTURE)
    assert env.metadata["render_fps"] > 0


def test_record_video_writes_a_film(tmp_path: Path) -> None:
    pytest.importorskip("moviepy", reason="needs moviepy: pip install paintgym[video]")
    env = gymnasium.make(
        ID, target=PICTURE, painter=disc_painter, perceptual="mse", stroke_budget=5, render_mode="rgb_array"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recorder = gymnasium.wrappers.RecordVideo(env, str(tmp_path))
        episode(recorder, 0)
        recorder.close()
    assert [path.suffix for path in tmp_path.iterdir()] == [".mp4"]


def test_the_spec_is_json_and_makes_the_same_environment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.envs.painting.make_painter", lambda name, device, brush: disc_painter)
    picture = tmp_path / "picture.png"
    Image.fromarray(PICTURE).save(picture)
    env = gymnasium.make(ID, target=str(picture), painter="gan", perceptual="mse", stroke_budget=3)
    text = env.spec.to_json()
    json.loads(text)
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(text))
    assert data_equivalence(episode(env, 5), episode(again, 5), exact=True)
