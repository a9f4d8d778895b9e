"""Views: where a focus lies, what numbers mean there and back, what is seen of it, and settings that cannot be."""

import math
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from helpers.soft_painter import SoftPainter
from paintgym.envs.core import PaintingCore
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.state import PaintingState
from paintgym.envs.views.canvas import CanvasView
from paintgym.envs.views.focus import FocusView
from paintgym.envs.views.registry import VIEWS, make_view
from paintgym.envs.views.view import View
from paintgym.errors import InvalidInputError
from paintgym.painters.stroke import COLOR, CONTROL, END, START
from stable_baselines3.common.env_checker import check_env as check_for_sb3
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = 32
TURNED = {"name": "focus", "window": 16, "turn_reach": 0.25}
EVERY_VIEW = [
    CanvasView(),
    FocusView(window=16),
    FocusView(window=12, scales=(1, 2), blur=3),
    FocusView(window=8, scales=(2,), find="residual"),
    FocusView(window=12, turn_reach=0.3),
]


def make_core(view: View, **settings: Any) -> PaintingCore:
    return PaintingCore(SoftPainter(), PixelLoss(), view=view, stroke_budget=6, **settings)


def a_state(core: PaintingCore, batch: int = 3, seed: int = 0) -> PaintingState:
    target = torch.rand(batch, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))
    return core.initial(target)


def make(**settings: Any) -> gymnasium.Env[Any, Any]:
    pictures = list(np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8))
    arguments = {"target": pictures, "perceptual": "mse", "size": SIZE, "stroke_budget": 4, **settings}
    return gymnasium.make("paintgym/Painting-v0", **arguments)


@pytest.mark.parametrize("place", [(5, 9), (31, 0), (16, 16)])
def test_the_focus_is_where_the_blurred_error_is_largest(place: tuple[int, int]) -> None:
    x, y = place
    target = torch.ones(1, 3, SIZE, SIZE)
    target[:, :, max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = 0
    focus = FocusView(window=8, blur=5).find_focus(torch.ones_like(target), target)
    assert (focus - torch.tensor([[x + 0.5, y + 0.5]])).abs().max() <= 2


def test_colors_are_averaged_about_the_focus_and_cut_at_the_border() -> None:
    target = torch.zeros(1, 3, SIZE, SIZE)
    target[..., :2, :2] = 1
    core = make_core(FocusView(window=8, blur=1, tie_noise=0.0, color_blur=3))
    state = core.initial(target, canvas=torch.zeros_like(target))
    assert state.focus is not None
    assert (state.focus < 2).all()
    color = core.strokes(state, torch.zeros(1, 12))[0, 0, COLOR]
    expected = 4 / 9 if (state.focus == 1.5).all() else 1.0 if (state.focus == 0.5).all() else 6 / 9
    torch.testing.assert_close(color, torch.full((3,), expected))


def test_texture_that_is_right_on_average_holds_an_error_but_no_residual() -> None:
    target = torch.full((1, 3, SIZE, SIZE), 0.5)
    columns, rows = torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij")
    target[..., 2:14, 2:14] += 0.4 * ((columns + rows) % 2 * 2 - 1)
    target[..., 20:27, 20:27] = 0.7
    canvas = torch.full_like(target, 0.5)
    error, residual = (
        FocusView(window=8, blur=5, find=find).find_focus(canvas, target)[0] for find in ("error", "residual")
    )
    assert (error < 14).all()
    assert (residual > 20).all()


def test_one_dark_pixel_counts_less_than_a_gray_patch() -> None:
    target = torch.ones(1, 3, SIZE, SIZE)
    target[..., 4, 4] = 0
    target[..., 20:27, 20:27] = 0.5
    focus = FocusView(window=8, blur=7).find_focus(torch.ones_like(target), target)
    assert (focus > 18).all()


@pytest.mark.parametrize("view", EVERY_VIEW, ids=repr)
def test_strokes_become_numbers_and_strokes_again(view: View) -> None:
    core = make_core(view, strokes_per_step=2)
    state = a_state(core)
    strokes = torch.rand(3, 2, 12)
    actions = core.actions(state, strokes)
    assert actions.shape == (3, 24)
    torch.testing.assert_close(core.strokes(state, actions), strokes, rtol=0, atol=1e-6)


@pytest.mark.parametrize("view", EVERY_VIEW[1:], ids=repr)
def test_zeros_are_a_short_stroke_at_the_focus_with_gradients(view: FocusView) -> None:
    core = make_core(view)
    state = a_state(core)
    assert state.focus is not None
    action = torch.zeros(3, 12, requires_grad=True)
    stroke = core.strokes(state, action)[:, 0]
    torch.testing.assert_close(stroke[:, CONTROL], (state.focus[:, :2] / SIZE).clamp(0, 1))
    reach = view.side / SIZE / 2
    ends = torch.cat([stroke[:, START], stroke[:, END]], 1)
    inside = ((ends > 0) & (ends < 1)).all(1).nonzero()[:, 0]
    assert len(inside)
    length = (stroke[:, END] - stroke[:, START]).norm(dim=1)[inside]
    torch.testing.assert_close(length, torch.full_like(length, reach / 2))
    core.transition(state, action).loss.sum().backward()
    assert action.grad is not None
    assert (action.grad.norm(dim=1) > 1e-6).all()


def test_numbers_are_relative_to_the_focus_and_the_colors_to_the_targets_there() -> None:
    core = make_core(FocusView(window=16, color_reach=0.25))
    target = torch.full((1, 3, SIZE, SIZE), 0.5)
    target[..., 8:15, 8:15] = torch.tensor([0.2, 0.4, 0.6])[:, None, None]
    state = core.initial(target)
    action = torch.zeros(1, 12)
    action[:, COLOR], action[:, CONTROL] = 0.4, torch.tensor([1.0, -1.0])
    stroke = core.strokes(state, action)[0, 0]
    assert state.focus is not None
    torch.testing.assert_close(stroke[CONTROL], (state.focus[0] + torch.tensor([8.0, -8.0])) / SIZE)
    x, y = state.focus[0].long().tolist()
    torch.testing.assert_close(stroke[COLOR], target[0, :, y, x] + 0.1)


def a_bar(degrees: float) -> Tensor:
    """A dark bar about a place beside the middle, on white, longer on one side of the place."""
    places = torch.arange(SIZE) + 0.5
    x, y = places - 17.5, places[:, None] - 14.5
    turn = math.radians(degrees)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    bar = torch.sigmoid(8 - 2 * (along - 2).abs()) * torch.sigmoid(3 - 2 * across.abs())
    return (1 - bar * torch.exp(-(x**2 + y**2) / 400)).expand(1, 3, SIZE, SIZE).contiguous()


@pytest.mark.parametrize("degrees", [-150, -90, -30, 0, 20, 45, 100, 170])
def test_a_window_lies_along_what_is_wrong_and_zeros_are_a_stroke_along_it(degrees: float) -> None:
    view = FocusView(window=16, turn_reach=0.3, tie_noise=0.0)
    core = make_core(view)
    state = core.initial(a_bar(degrees))
    assert state.focus is not None
    turn = float(state.focus[0, 2])
    assert abs(math.cos(turn - math.radians(degrees))) > math.cos(math.radians(8))
    stroke = core.strokes(state, torch.zeros(1, 12))[0, 0]
    x, y = (stroke[END] - stroke[START]).tolist()
    assert math.cos(math.atan2(y, x) - turn) == pytest.approx(1)
    # Seen through it the bar lies level, whatever its direction: dark along the middle, light above and below.
    error = 2 * core.observation(state)[0, 3] - 1
    assert float(error[7:9].mean()) < 4 * float(error[[2, 3, 12, 13]].mean()) < 0
    weights = torch.exp(-((torch.arange(16) - 7.5) ** 2) / (2 * (0.3 * 16) ** 2))
    near = (error.square() * weights * weights[:, None]).sum(0)
    assert float(near[8:] @ torch.arange(0.5, 8)) > float(near[:8] @ torch.arange(7.5, 0, -1))


def test_a_picture_turned_by_a_right_angle_looks_the_same_and_strokes_turn_with_it() -> None:
    core = make_core(FocusView(window=12, turn_reach=0.3, tie_noise=0.0))
    action = torch.rand(1, 12, generator=torch.Generator().manual_seed(3)) - 0.5
    target = a_bar(20)
    seen, strokes = [], []
    for quarter in range(4):
        state = core.initial(target.rot90(quarter, (2, 3)))
        seen.append(core.observation(state))
        strokes.append(core.strokes(state, action)[0, 0])
        torch.testing.assert_close(seen[-1], seen[0], rtol=0, atol=1e-4)
    for point in (START, CONTROL, END):
        x, y = strokes[0][point]
        torch.testing.assert_close(strokes[1][point], torch.stack([y, 1 - x]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("view", EVERY_VIEW, ids=repr)
def test_what_is_seen_fits_the_space_and_is_the_same_quantized(view: View) -> None:
    core = make_core(view)
    state = core.transition(a_state(core), torch.rand(3, 12) * 2 - 1)
    seen = core.observation(state)
    assert tuple(seen.shape[1:]) == core.observation_shape(SIZE)
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert torch.equal(core.quantized_observation(state), (seen * 255).round().to(torch.uint8))


def test_a_window_shows_target_residual_and_where_the_canvas_is() -> None:
    view = FocusView(window=8, blur=1)
    target = torch.ones(1, 3, SIZE, SIZE)
    target[..., 0, 0] = 0
    state = make_core(view).initial(target)
    seen = view.observe(state)[0]
    middle = view.window // 2
    inside = seen[6, middle:, middle:]
    assert (inside[1:, 1:] == 1).all()
    assert (seen[6, : middle - 1] == 0).all()
    assert (seen[6, :, : middle - 1] == 0).all()
    assert (seen[0, middle + 1 :, middle + 1 :] == 1).all()
    assert seen[3:6].min() < 0.5  # the target is darker than the canvas there


@pytest.mark.parametrize("view", [{"name": "focus", "window": 16}, TURNED, "canvas"])
@pytest.mark.parametrize("reward", ["negative_loss", "improvement", "relative", "log"])
def test_the_checkers_of_both_libraries_find_nothing(view: Any, reward: str) -> None:
    env = make(view=view, reward=reward, paper="mean")
    check_env(env.unwrapped, skip_render_check=True)
    check_for_sb3(env.unwrapped)


@pytest.mark.parametrize(
    ("reward", "view"), [("relative", {"name": "focus", "window": 16}), ("log", {"name": "focus"}), ("log", TURNED)]
)
def test_rows_of_a_vector_environment_do_what_single_ones_do(reward: str, view: dict[str, Any]) -> None:
    settings = {"view": view, "reward": reward, "paper": "mean"}
    pictures = list(np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8))
    arguments = {"target": pictures, "perceptual": "mse", "size": SIZE, "stroke_budget": 4}
    many: Any = gymnasium.make_vec(
        "paintgym/Painting-v0", num_envs=2, autoreset_mode="Disabled", **arguments, **settings
    )
    ones = [make(**settings) for _ in range(2)]
    seen, infos = many.reset(seed=3)
    firsts = [env.reset(seed=3 + row) for row, env in enumerate(ones)]
    actions = np.random.default_rng(1).uniform(-1, 1, (4, 2, 12)).astype(np.float32)
    for row, (observation, info) in enumerate(firsts):
        assert np.array_equal(seen[row], observation)
        assert np.array_equal(infos["focus"][row], info["focus"])
    for action in actions:
        seen, rewards, _, _, infos = many.step(action)
        for row, env in enumerate(ones):
            observation, value, _, _, info = env.step(action[row])
            assert np.abs(seen[row].astype(int) - observation).max() <= 1
            assert rewards[row] == pytest.approx(float(value), rel=1e-3, abs=1e-5)
            assert infos["score"][row] == pytest.approx(info["score"], rel=1e-3, abs=1e-5)
            assert infos["focus"][row] == pytest.approx(info["focus"], abs=1e-3)


@pytest.mark.parametrize("view", [{"name": "focus", "window": 8}, {"name": "focus", "window": 8, "turn_reach": 0.25}])
def test_the_window_is_drawn_on_both_halves(view: dict[str, Any]) -> None:
    plain, framed = make(render_mode="rgb_array"), make(render_mode="rgb_array", view=view)
    pictures = []
    for env in (plain, framed):
        env.reset(seed=0)
        pictures.append(np.asarray(env.render()))
    changed = (pictures[0] != pictures[1]).any(-1)
    assert changed[:, :SIZE].any()
    assert changed[:, SIZE:].any()
    assert changed.mean() < 0.2


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("fovea", ["'fovea'", "canvas, focus"]),
        ({"name": "focus", "windows": 8}, ["'windows'", "window"]),
        ({"name": "canvas", "window": 8}, ["'window'", "none"]),
        ({"name": "focus", "window": 64}, ["64", f"{SIZE}"]),
        ({"name": "focus", "window": 2}, ["window", "2"]),
        ({"name": "focus", "blur": 4}, ["odd blur"]),
        ({"name": "focus", "color_blur": 2}, ["odd blur and color_blur"]),
        ({"name": "focus", "find": "nose"}, ["find is 'nose'"]),
        ({"name": "focus", "turn_reach": -1}, ["turn_reach", "-1"]),
        ({"name": "focus", "scales": [0]}, ["scale", "0"]),
        ({"name": "focus", "scales": []}, ["scale"]),
        ({"name": "focus", "scales": 2}, ["scales", "2", "[1, 2]"]),
        ({"name": ["focus"]}, ["focus", "canvas"]),
        (7, ["7"]),
        ({}, ["{}"]),
    ],
)
def test_a_view_that_cannot_be_is_one_clear_error(view: Any, words: list[str]) -> None:
    with pytest.raises(InvalidInputError) as error:
        make(view=view)
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize("paper", ["blue", (1, 2, 3), 0.5, (0.1, 0.2)])
def test_paper_that_cannot_be_is_one_clear_error(paper: Any) -> None:
    with pytest.raises(InvalidInputError):
        make(paper=paper)


def test_paper_is_white_the_targets_mean_or_a_color() -> None:
    target = torch.rand(2, 3, SIZE, SIZE)
    core = make_core(CanvasView())
    assert (core.initial(target).canvas == 1).all()
    toned = make_core(CanvasView(), paper="mean").initial(target).canvas
    torch.testing.assert_close(toned[:, :, 3, 5], target.mean((2, 3)))
    colored = make_core(CanvasView(), paper=(0.25, 0.5, 0.75)).initial(target).canvas
    torch.testing.assert_close(colored[0, :, 0, 0], torch.tensor([0.25, 0.5, 0.75]))


def test_a_view_has_the_name_it_is_made_by() -> None:
    assert {name: make_view(name).name for name in VIEWS} == {name: name for name in VIEWS}
