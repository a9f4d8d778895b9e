"""Frames that follow each other: what stands still stays as it was painted, and every frame meets its budget."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import paintgym
import pytest
from paintgym.agents.agent import Agent
from paintgym.agents.large.reuse import reuse_strokes
from paintgym.agents.outputs.painting import Painting
from paintgym.envs.pictures import load_picture, scale_picture
from PIL import Image, ImageDraw

SIZE, STROKES = 128, 120


def film(count: int) -> list[np.ndarray]:
    """A disc that moves over a still life."""
    still = scale_picture(
        load_picture(Path(paintgym.__file__).parent / "scripts" / "pictures" / "still_life.jpg"), SIZE
    )
    frames = []
    for number in range(count):
        image = Image.fromarray(still)
        x, y = 20 + 6 * number, 30 + 3 * number
        ImageDraw.Draw(image).ellipse((x, y, x + 24, y + 24), fill=(220, 40, 60))
        frames.append(np.array(image))
    return frames


def painted_after(agent: Agent, before: Painting, old: np.ndarray, new: np.ndarray) -> Painting:
    start = reuse_strokes(before.stroke_list, old, new, agent.painter)
    (painting,) = agent.paint_many([new], STROKES, size=SIZE, starts=[start])
    return painting


def flicker(paintings: list[Painting], frames: list[np.ndarray]) -> float:
    """Mean absolute change of paintings where the film itself stands still, of 255."""
    changes = []
    for (one, other), (old, new) in zip(pairwise(paintings), pairwise(frames), strict=True):
        still = (old == new).all(-1)
        changes.append(np.abs(one.image.astype(float) - other.image)[still].mean())
    return float(np.mean(changes))


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_film_flickers_less_than_frames_alone_and_is_painted_nearly_as_well():
    agent, frames = paintgym.load_agent("policy"), film(6)
    alone = [agent.paint(frame, STROKES, size=SIZE) for frame in frames]
    followed = alone[:1]
    for old, new in pairwise(frames):
        followed.append(painted_after(agent, followed[-1], old, new))
    assert {len(painting.strokes) for painting in followed} == {STROKES}
    assert flicker(followed, frames) < 0.5 * flicker(alone, frames)
    for one, other in zip(followed, alone, strict=True):
        assert one.loss < 1.25 * other.loss


@pytest.mark.usefixtures("one_thread")
def test_a_frame_that_stands_still_is_painted_alike_and_another_scene_anew():
    agent, (frame, _) = paintgym.load_agent("policy"), film(2)
    first = agent.paint(frame, STROKES, size=SIZE)
    assert (painted_after(agent, first, frame, frame).image == first.image).all()
    assert len(reuse_strokes(first.stroke_list, frame, 255 - frame, agent.painter)) < 0.3 * STROKES


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_changes_too_slow_to_see_from_frame_to_frame_are_followed():
    agent, (frame, _) = paintgym.load_agent("policy"), film(2)
    frames = [np.rint(frame * (1 - 0.03 * number)).astype(np.uint8) for number in range(15)]
    first = painting = agent.paint(frame, STROKES, size=SIZE)
    for old, new in pairwise(frames):
        painting = painted_after(agent, painting, old, new)
    assert abs(painting.image.mean() - frames[-1].mean()) < 0.3 * (first.image.mean() - frames[-1].mean())
