"""Paintings that are ended early keep their strokes, and finished ones can be painted on."""

from typing import Any

import numpy as np
import pytest
from helpers.soft_painter import SoftPainter
from paintgym.agents.agent import Agent
from paintgym.agents.progress import Progress, StopPainting
from paintgym.agents.registry import load_agent
from paintgym.painters.style import Style
from paintgym.painters.windows import blank_canvas

PICTURE = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
pytestmark = pytest.mark.usefixtures("one_thread")


def make(name: str, **options: Any) -> Agent:
    return load_agent(name, **{"painter": SoftPainter(), "loss": "mse", **options})


def stop_at(strokes: int):
    def listen(progress: Progress) -> None:
        if progress.strokes >= strokes:
            raise StopPainting

    return listen


@pytest.mark.parametrize(("name", "options"), [("greedy", {}), ("gradient", {"iterations": 20}), ("policy", {})])
def test_a_small_painting_that_is_stopped_keeps_its_strokes(name: str, options: dict[str, Any]) -> None:
    palette = np.array([[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]], np.float32)
    painting = make(name, **options).paint(PICTURE, 40, style=Style(palette=palette), progress=stop_at(5))
    assert 5 <= len(painting.strokes) < 40
    assert {tuple(color) for color in painting.strokes[:, 6:9]} <= {tuple(color) for color in palette}
    assert np.square(painting.image / 255.0 - 1).mean() > 1e-3


def test_a_large_painting_that_is_stopped_keeps_what_was_laid() -> None:
    painting = make("policy").paint(PICTURE, 60, size=128, progress=stop_at(5))
    assert 5 <= len(painting.strokes) < 60
    again = painting.composite(painting.stroke_list, blank_canvas(painting.stroke_list))
    assert np.abs(again.permute(1, 2, 0).numpy() - painting.image / 255.0).max() < 0.01


def test_stopped_where_nothing_is_laid_yet_it_has_no_strokes() -> None:
    assert len(make("policy").paint(PICTURE, 60, size=128, progress=stop_at(0)).strokes) > 0
    assert len(make("random").paint(PICTURE, 60, progress=stop_at(0)).strokes) == 0


@pytest.mark.parametrize(("name", "size"), [("policy", None), ("greedy", None), ("policy", 128)])
def test_a_painting_is_painted_on_and_comes_nearer(name: str, size: int | None) -> None:
    agent, told = make(name), []
    first = agent.paint(PICTURE, 20, size=size)
    (more,) = agent.paint_many([PICTURE], 60, size=size, starts=[first.stroke_list], progress=told.append)
    assert np.array_equal(more.strokes[:20], first.strokes)
    assert len(more.strokes) == 60
    assert more.loss < first.loss
    assert all(20 <= progress.strokes <= 60 for progress in told)
    shown = [progress.strokes_so_far for progress in told if progress.strokes_so_far is not None]
    assert all(np.array_equal(strokes[:20], first.strokes) for strokes in shown)
    assert shown if size is None else not shown
