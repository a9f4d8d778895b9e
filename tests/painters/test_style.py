"""Styles: every agent's strokes keep the limits, on small canvases and large, and the paper has its color."""

import numpy as np
import paintgym
import pytest
import torch
from paintgym.errors import InvalidInputError
from paintgym.painters.stroke import COLOR, CONTROL, END, SIZE, START
from paintgym.painters.style import Style, choose_palette
from paintgym.painters.styled import StyledPainter

PALETTE = np.array([[0, 0, 0], [1, 1, 1], [0.8, 0.2, 0.1]], np.float32)
STYLE = Style(sizes=(0.2, 0.6), lengths=(0.1, 0.4), palette=PALETTE, background=(0.1, 0.2, 0.3), large_first=True)


def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)


def lengths(strokes: torch.Tensor) -> torch.Tensor:
    start, middle, end = strokes[..., START], strokes[..., CONTROL], strokes[..., END]
    return (middle - start).norm(dim=-1) + (end - middle).norm(dim=-1)


def test_shaped_strokes_keep_the_limits_and_their_middle():
    strokes = torch.rand(500, 12)
    shaped = STYLE.shape(strokes)
    assert ((shaped[:, SIZE] >= 0.2) & (shaped[:, SIZE] <= 0.6)).all()
    assert (lengths(shaped) <= 0.4 + 1e-5).all()
    torch.testing.assert_close(shaped[:, CONTROL], strokes[:, CONTROL])
    assert ((shaped >= 0) & (shaped <= 1)).all()


def test_strokes_inside_the_limits_stay_as_they_are():
    strokes = torch.rand(50, 12)
    torch.testing.assert_close(Style().finish(strokes), strokes)


def test_gradients_flow_inside_the_limits_and_are_finite_everywhere():
    strokes = torch.rand(20, 12)
    strokes[0, START] = strokes[0, CONTROL]
    strokes[0, END] = strokes[0, CONTROL]
    strokes.requires_grad_()
    STYLE.shape(strokes).square().sum().backward()
    assert strokes.grad.isfinite().all()
    assert (strokes.grad[:, CONTROL] != 0).all()


def test_colors_are_the_nearest_of_the_palette():
    strokes = torch.rand(100, 12)
    colored = STYLE.color(strokes)[:, COLOR]
    distance = (strokes[:, None, COLOR] - torch.from_numpy(PALETTE)).norm(dim=-1)
    torch.testing.assert_close(colored, torch.from_numpy(PALETTE)[distance.argmin(1)])


@pytest.mark.slow
@pytest.mark.parametrize("size", [None, 96])
@pytest.mark.parametrize("agent", ["random", "greedy", "policy", "gradient", "policy+refine"])
def test_every_agent_keeps_the_style(agent, size):
    options = {"iterations": 3} if agent in ("gradient", "policy+refine") else {}
    painting = paintgym.load_agent(agent, loss="mse", **options).paint(picture(), 30, size=size, style=STYLE)
    strokes = torch.from_numpy(painting.strokes)
    assert len(strokes) == 30
    assert ((strokes[:, SIZE] >= 0.2 - 1e-6) & (strokes[:, SIZE] <= 0.6 + 1e-6)).all()
    assert (lengths(strokes) <= 0.4 + 1e-5).all()
    distance = (strokes[:, None, COLOR] - torch.from_numpy(PALETTE)).norm(dim=-1)
    assert distance.amin(1).max() < 1e-6
    assert painting.stroke_list.background == (0.1, 0.2, 0.3)
    first = next(painting.frames(3))
    np.testing.assert_allclose(first[0, 0], [26, 51, 76], atol=1)


def test_large_strokes_lie_under_fine_ones():
    painting = paintgym.load_agent("random").paint(picture(), 40, style=Style(large_first=True))
    assert (np.diff(painting.strokes[:, SIZE]) <= 0).all()


@pytest.mark.slow
def test_the_optimiser_makes_up_for_a_style():
    # It paints through the limits: put on afterwards they would leave the picture farther away.
    agent, style = paintgym.load_agent("gradient", loss="mse", iterations=40), Style(sizes=(0.6, 1.0))
    aware = agent.paint(picture(), 60, style=style).loss
    strokes = style.finish(torch.from_numpy(agent.paint(picture(), 60).strokes))
    target = torch.from_numpy(picture()[:, 16:112]).permute(2, 0, 1)[None] / 255
    target = torch.nn.functional.interpolate(target, (64, 64), mode="bicubic", antialias=True).clamp(0, 1)
    canvas = paintgym.paint_strokes(paintgym.white_canvas(1, 64), strokes[None], agent.painter)
    assert aware < 0.9 * float((canvas - target).square().mean())


def test_a_palette_holds_the_colors_of_a_picture():
    blocks = np.zeros((40, 40, 3), np.uint8)
    blocks[:, 10:20], blocks[:, 20:30], blocks[:, 30:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    palette = np.rint(choose_palette(blocks, 4) * 255).astype(int)
    assert sorted(map(tuple, palette.tolist())) == [(0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)]
    assert len(choose_palette(blocks, 2)) <= 2


def test_a_styled_painter_paints_what_the_style_leaves():
    painter = paintgym.load_painter("gan")
    strokes = torch.rand(5, 12)
    torch.testing.assert_close(StyledPainter(painter, STYLE)(strokes), painter(STYLE.shape(strokes)))


@pytest.mark.parametrize(
    "options",
    [
        {"sizes": (0.5, 0.4)},
        {"sizes": (-0.1, 1.0)},
        {"lengths": (0.0, 9.0)},
        {"background": (0.0, 0.0, 2.0)},
        {"palette": np.zeros((0, 3), np.float32)},
        {"palette": np.full((2, 3), 2, np.float32)},
        {"sizes": (float("nan"), 1.0)},
    ],
)
def test_styles_that_cannot_be_are_refused(options):
    with pytest.raises(InvalidInputError):
        Style(**options)


@pytest.mark.parametrize("count", [0, 257, True])
def test_palettes_of_no_size_are_refused(count):
    with pytest.raises(InvalidInputError, match="1 to 256"):
        choose_palette(picture(), count)
