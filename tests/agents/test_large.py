"""Large paintings: windows cover the picture, budgets are met, ink is the same at any size and knows no borders."""

import numpy as np
import paintgym
import pytest
import torch
from paintgym.agents.evaluation.seams import seam_energy
from paintgym.agents.large.canvas import LargeCanvas
from paintgym.agents.large.plan import plan_passes, share_out
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError
from paintgym.painters import windows as large_canvas
from paintgym.painters.canvas import paint_strokes, white_canvas
from paintgym.painters.mypaint.engine import paint_list as paint_by_mypaint
from paintgym.painters.stroke_list import StrokeList, on_one_canvas
from paintgym.painters.windows import paint_list, view
from PIL import Image


def picture(width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rings = 0.5 + 0.5 * np.sin(30 * np.hypot(x - 0.4, y - 0.6))
    return np.rint(255 * np.stack([x, rings, 1 - y], -1)).astype(np.uint8)


def random_list(count: int, seed: int = 0) -> StrokeList:
    random = np.random.default_rng(seed)
    side = random.choice([64, 100, 150], count)
    windows = np.stack([random.random(count) * (256 - side), random.random(count) * (192 - side), side], 1)
    return StrokeList(256, 192, random.random((count, 12), np.float32), windows.astype(np.float32), (0.9, 0.8, 0.7))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(one - other).mean()))


@pytest.mark.parametrize(("width", "height", "strokes"), [(64, 64, 7), (512, 384, 2000), (100, 70, 50), (64, 900, 300)])
def test_passes_meet_the_budget_and_cover_the_picture(width, height, strokes):
    passes = plan_passes(width, height, strokes)
    assert sum(stage.strokes for stage in passes) == strokes
    covered = np.zeros((height, width), bool)
    for stage in passes:
        for x, y, side in stage.windows:
            assert x >= 0
            assert y >= 0
            assert x + side <= width
            assert y + side <= height
            covered[int(y) : int(y + side), int(x) : int(x + side)] = True
    assert covered.all()


def test_windows_of_a_pass_lie_apart_and_levels_grow_finer():
    passes = plan_passes(512, 384, 2000)
    sides = [stage.windows[0][2] for stage in passes]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] == 384
    assert sides[-1] == 64
    for stage in passes:
        for number, (x, y, side) in enumerate(stage.windows):
            for other_x, other_y, _ in stage.windows[number + 1 :]:
                assert max(abs(x - other_x), abs(y - other_y)) >= 0.9 * side


def test_shares_are_proportional_and_exact():
    assert share_out(np.array([1.0, 1.0, 2.0]), 8).tolist() == [2, 2, 4]
    assert share_out(np.zeros(3), 7).sum() == 7
    shares = share_out(np.random.default_rng(0).random(40), 1001)
    assert shares.sum() == 1001
    assert shares.min() >= 0


def test_one_window_is_the_small_canvas():
    painter = paintgym.load_painter("gan")
    strokes = torch.rand(9, 12)
    small = paint_strokes(white_canvas(1, 64), strokes[None], painter)[0]
    torch.testing.assert_close(paint_list(on_one_canvas(strokes.numpy(), 64), painter), small)


@pytest.mark.usefixtures("brush")
@pytest.mark.parametrize("longest_side", [256, 700])
def test_neural_and_real_brush_agree_at_any_size(longest_side):
    stroke_list = random_list(60).scaled(longest_side)
    neural = paint_list(stroke_list, paintgym.load_painter("gan")).permute(1, 2, 0).numpy()
    real = paint_by_mypaint(stroke_list)
    assert neural.shape == real.shape
    assert psnr(neural, real) > 31
    assert psnr(np.roll(neural, 3, 1), real) < 28


def test_painters_that_know_only_their_canvas_are_interpolated():
    stroke_list = random_list(60)
    painter = paintgym.load_painter("vae")
    canvas = paint_list(stroke_list, painter).permute(1, 2, 0).numpy()
    exact = paint_list(stroke_list, paintgym.load_painter("gan")).permute(1, 2, 0).numpy()
    assert psnr(canvas, exact) > 20


def test_ink_runs_on_beyond_its_window():
    stroke = np.full((1, 12), 0.5, np.float32)
    stroke[0, [1, 2, 4, 9]] = (1.0, 0.99, 0.99, 0.99)
    stroke[0, [3, 5, 10]] = (0.5, 0.9, 0.1)
    stroke_list = StrokeList(192, 64, stroke, np.array([[64, 0, 64]], np.float32))
    canvas = paint_list(stroke_list, paintgym.load_painter("gan"))
    assert float(1 - canvas[:, :, 130].min()) > 0.2


def test_a_view_is_what_lies_in_the_window():
    canvas = torch.rand(3, 128, 160)
    seen = view(canvas, [(32.0, 64.0, 64.0), (0.0, 0.0, 64.0)])
    torch.testing.assert_close(seen[0], canvas[:, 64:128, 32:96])
    assert view(canvas, [(0.0, 0.0, 128.0)]).shape == (1, 3, 64, 64)


@pytest.mark.parametrize("agent", ["random", "greedy", "policy", "gradient", "policy+refine"])
def test_every_agent_paints_any_shape_and_meets_the_budget(agent):
    options = {"iterations": 3} if agent in ("gradient", "policy+refine") else {}
    painting = paintgym.load_agent(agent, loss="mse", **options).paint(picture(300, 200), 60, size=150)
    assert painting.image.shape == (100, 150, 3)
    assert len(painting.strokes) == 60
    assert ((painting.strokes >= 0) & (painting.strokes <= 1)).all()
    again = paint_list(painting.stroke_list, painting.painter)
    np.testing.assert_allclose(again.permute(1, 2, 0).numpy() * 255, painting.image, atol=0.51)
    if agent != "random":
        assert painting.loss < 0.05


def test_more_strokes_paint_nearer():
    agent = paintgym.load_agent("policy")
    losses = [agent.paint(picture(256, 192), count, size=256).loss for count in (50, 200, 800)]
    assert losses[0] > losses[1] > losses[2]


def test_pictures_side_by_side_are_each_painted():
    agent = paintgym.load_agent("policy")
    pictures = [picture(128, 96), picture(96, 128)]
    together = agent.paint_many(pictures, 80, size=128)
    for painting, alone in zip(together, pictures, strict=True):
        assert painting.image.shape == alone.shape
        assert painting.loss < 1.2 * agent.paint(alone, 80, size=128).loss


def test_a_perfect_canvas_still_gets_its_strokes():
    large = LargeCanvas(np.full((64, 96, 3), 255, np.uint8), 9)
    asked = large.ask(large.passes[0])
    assert sum(asked.counts) == large.passes[0].strokes


@pytest.mark.parametrize(("shape", "size", "message"), [((300, 20), 512, "64 or more"), ((64, 64), 63, "size is 63")])
def test_sizes_that_cannot_be_are_refused(shape, size, message):
    image = Image.fromarray(np.zeros((*shape, 3), np.uint8))
    with pytest.raises(InvalidInputError, match=message):
        paintgym.load_agent("policy").paint(image, 10, size=size)


def test_seams_do_not_show_but_would_if_ink_ended_at_its_window(monkeypatch):
    agent = paintgym.load_agent("policy")
    target = load_targets("photographs", 256).picture(0)
    painting = agent.paint(target, 400, size=256)
    assert abs(seam_energy(painting.image, target, painting.stroke_list)) < 0.1
    monkeypatch.setattr(large_canvas, "_MARGIN", 0)
    cut = agent.paint(target, 400, size=256)
    assert seam_energy(cut.image, target, cut.stroke_list) > 0.2
