"""Paintings of any size: budgets are met, strokes lie where the error is, and a small painting is one with a window."""

import numpy as np
import paintgym
import pytest
from paintgym.agents.large.canvas import WindowedCanvas
from paintgym.agents.large.plan import plan_passes
from paintgym.errors import InvalidInputError
from paintgym.painters.style import Style
from paintgym.painters.windows import paint_list
from PIL import Image


def picture(width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rings = 0.5 + 0.5 * np.sin(30 * np.hypot(x - 0.4, y - 0.6))
    return np.rint(255 * np.stack([x, rings, 1 - y], -1)).astype(np.uint8)


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


@pytest.mark.slow
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
    canvas = WindowedCanvas(np.full((64, 96, 3), 255, np.uint8), plan_passes(96, 64, 9))
    assert sum(stage.strokes for stage in canvas.passes) == 9
    for stage in canvas.passes:
        assert sum(canvas.windows_of(stage).counts) == stage.strokes


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["random", "greedy", "policy", "gradient", "policy+refine"])
@pytest.mark.usefixtures("one_thread")
def test_a_small_painting_is_a_large_one_with_one_window(agent):
    options = {"iterations": 5} if agent in ("gradient", "policy+refine") else {}
    painter, target = paintgym.load_agent(agent, loss="mse", **options), picture(64, 64)
    tinted = Style(sizes=(0.1, 0.7), background=(0.9, 0.8, 0.7))
    for style in (None, tinted):
        small = painter.paint(target, 20, style=style, seed=3)
        large = painter.paint(target, 20, size=64, style=style, seed=3)
        assert large.image.tobytes() == small.image.tobytes()
        assert large.strokes.tobytes() == small.strokes.tobytes()
        assert large.stroke_list.windows.tobytes() == small.stroke_list.windows.tobytes()
        assert (large.loss, large.settings) == (small.loss, small.settings)


@pytest.mark.parametrize(("shape", "size", "message"), [((300, 20), 512, "64 or more"), ((64, 64), 63, "size is 63")])
def test_sizes_that_cannot_be_are_refused(shape, size, message):
    image = Image.fromarray(np.zeros((*shape, 3), np.uint8))
    with pytest.raises(InvalidInputError, match=message):
        paintgym.load_agent("policy").paint(image, 10, size=size)
