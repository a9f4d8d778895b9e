"""Strokes in windows: ink is the same at any size, runs on beyond its window, and knows no borders."""

import numpy as np
import paintgym
import pytest
import torch
from paintgym.painters.canvas import paint_strokes, white_canvas
from paintgym.painters.mypaint.engine import paint_list as paint_by_mypaint
from paintgym.painters.stroke_list import StrokeList, on_one_canvas
from paintgym.painters.windows import paint_apart, paint_list, paint_window, view


def random_list(count: int, seed: int = 0) -> StrokeList:
    random = np.random.default_rng(seed)
    side = random.choice([64, 100, 150], count)
    windows = np.stack([random.random(count) * (256 - side), random.random(count) * (192 - side), side], 1)
    return StrokeList(256, 192, random.random((count, 12), np.float32), windows.astype(np.float32), (0.9, 0.8, 0.7))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(one - other).mean()))


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
    assert psnr(neural, real) > 34
    assert psnr(np.roll(neural, 3, 1), real) < psnr(neural, real) - 5


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


@pytest.mark.parametrize("side", [64.0, 100.0, 128.0, 200.0])
@pytest.mark.parametrize("brush", [None, "deevad/chalk"])
def test_windows_painted_together_are_as_they_are_one_by_one(side, brush):
    painter = paintgym.load_painter("gan", brush=brush)
    generator = torch.Generator().manual_seed(0)
    windows = [(x * side, y * side, side) for x in range(3) for y in range(3)]
    windows.append((side + 0.5, 7.0, side))
    strokes = [torch.rand(count % 3 + 1, 12, generator=generator) for count in range(len(windows))]
    together = torch.ones(3, int(3 * side), int(3 * side))
    alone = together.clone()
    paint_apart(together, windows, strokes, painter)
    for window, part in zip(windows, strokes, strict=True):
        paint_window(alone, part, window, painter)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
