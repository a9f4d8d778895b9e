"""Strokes of a level of windows that are moved together: where they lie, their gradient, and what it is good for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.small_policy import smooth_picture
from paintgym.agents.large.level import Level, LevelRefinement, _Squares
from paintgym.agents.policy.config import PlannerConfig, RevisionConfig
from paintgym.agents.registry import load_agent
from paintgym.agents.search.config import RefineConfig
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.pixels import to_tensor
from paintgym.painters.stroke import COLOR, SIZE
from paintgym.painters.style import Style
from paintgym.painters.windows import Window, paint_window, window_coverage
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")

_PASSES: list[list[tuple[Window, int]]] = [
    [((0.0, 0.0, 100.0), 3), ((95.0, 10.0, 100.0), 1), ((10.0, 90.0, 100.0), 3)],
    [((50.0, 43.0, 100.0), 2)],
]


def _level(width: int = 195, height: int = 190) -> tuple[Level, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    before = torch.rand(3, height, width, generator=generator)
    level, painted = Level(before), before.clone()
    for windows in _PASSES:
        strokes = [0.1 + 0.8 * torch.rand(count, 12, generator=generator) for _, count in windows]
        level.add([window for window, _ in windows], strokes)
        for (window, _), part in zip(windows, strokes, strict=True):
            paint_window(painted, part, window, ProxyPainter())
    return level, painted, torch.rand(3, height, width, generator=generator)


def test_strokes_come_back_from_their_squares_as_they_were() -> None:
    level, _, target = _level()
    squares = _Squares(level, target)
    for windows, strokes in zip(level.passes, squares.by_window(squares.strokes), strict=True):
        for laid, own in zip(windows, strokes, strict=True):
            torch.testing.assert_close(own, laid.strokes, atol=1e-5, rtol=0)


def test_a_level_looks_as_it_does_through_its_windows() -> None:
    level, painted, target = _level()
    squares = _Squares(level, target)
    canvas = squares.paint(squares.strokes, ProxyPainter()(squares.strokes)[:, 0]).canvas
    # But for ink beyond windows, and interpolation.
    assert (canvas - squares.scaled(painted[None])[0]).abs().mean() < 0.02


def test_the_gradient_is_autograds() -> None:
    level, _, target = _level()
    squares, proxy = _Squares(level, target), ProxyPainter()
    strokes = squares.strokes.clone().requires_grad_()
    canvas = squares._paper
    for batch, ink, color in squares._parts(proxy(strokes)[:, 0], strokes[:, 6:9]):
        for (rows, columns), inks, colors in zip(batch.places, ink, color, strict=True):
            for cover, paint in zip(inks, colors, strict=True):
                whole = torch.zeros(canvas.shape[1:]).index_put(
                    (torch.arange(rows.start, rows.stop)[:, None], torch.arange(columns.start, columns.stop)),
                    cover.view(64, 64),
                )
                canvas = canvas + whole * (paint[:, None, None] - canvas)
    (canvas - squares.target).square().sum().backward()
    with torch.no_grad():
        drawn = proxy.draw(strokes)
        laid = squares.paint(strokes, 1 - drawn.transmittance)
        torch.testing.assert_close(laid.canvas, canvas)
        coverage, color = squares.gradient(strokes, laid, 2 * (laid.canvas - squares.target))
        shape = proxy.gradient(drawn, coverage)
    assert strokes.grad is not None
    torch.testing.assert_close(color, strokes.grad[:, COLOR], rtol=1e-3, atol=1e-2)
    for part in (slice(0, 6), slice(9, 12)):
        torch.testing.assert_close(shape[:, part], strokes.grad[:, part], rtol=1e-3, atol=1e-2)


def test_strokes_that_were_moved_away_find_back() -> None:
    level, painted, _ = _level()
    moved = Level(level.before)
    generator = torch.Generator().manual_seed(1)
    canvas = level.before.clone()
    for windows in level.passes:
        shifted = [one.strokes + 0.04 * torch.randn(one.strokes.shape, generator=generator) for one in windows]
        moved.add([one.window for one in windows], [part.clamp(0, 1) for part in shifted])
        for one in moved.passes[-1]:
            paint_window(canvas, one.strokes, one.window, ProxyPainter())
    refinement = LevelRefinement(RefineConfig(steps=20, mean_decay=0.6, square_decay=0.9))
    found = refinement.move(moved, canvas, painted, ProxyPainter().ribbon)
    again = level.before.clone()
    for one in (one for windows in found for one in windows):
        paint_window(again, one.strokes, one.window, ProxyPainter())
    assert (again - painted).square().mean() < 0.3 * (canvas - painted).square().mean()


def test_what_a_stroke_contributes_is_what_its_loss_costs() -> None:
    level, _, target = _level()
    squares, proxy = _Squares(level, target), ProxyPainter()
    ink = proxy(squares.strokes)[:, 0]
    laid = squares.paint(squares.strokes, ink)
    costs = squares.contributions(laid, laid.canvas - squares.target)
    error = (laid.canvas - squares.target).square().sum()
    for number in range(len(costs)):
        without = ink.clone()
        without[number] = 0
        cost = (squares.paint(squares.strokes, without).canvas - squares.target).square().sum() - error
        torch.testing.assert_close(costs[number], cost, rtol=1e-3, atol=1e-2)


def test_a_thinned_level_lacks_the_strokes_that_are_missed_least() -> None:
    level, _, target = _level()
    refinement = LevelRefinement(RefineConfig(), replaced_part=0.4)
    thinned = refinement.thin(level, target, ProxyPainter())
    assert sum(len(one.strokes) for windows in thinned for one in windows) == level.strokes - 4
    given = torch.cat([one.strokes for windows in level.passes for one in windows])
    for one in (one for windows in thinned for one in windows):
        assert (torch.cdist(one.strokes, given).amin(1) == 0).all()


def test_levels_of_very_many_strokes_stay_as_they_were_laid() -> None:
    config = RevisionConfig(level_steps=6)
    agents = [load_agent("policy", planner=PlannerConfig(revision=config)) for _ in range(2)]
    plain = load_agent("policy", planner=PlannerConfig(revision=replace(config, level_steps=0)))
    agents[1].level_refinement = lambda style: LevelRefinement(config.refine, style, 0.1, most_strokes=3)  # type: ignore[method-assign]
    moved, limited, laid = (agent.paint(smooth_picture(3), 40, size=96).strokes for agent in (*agents, plain))
    assert np.array_equal(limited, laid)
    assert not np.array_equal(moved, laid)


def test_large_paintings_of_the_policy_are_better_for_it() -> None:
    picture = np.kron(smooth_picture(3), np.ones((3, 4, 1), np.uint8))[:, :200]
    losses = []
    for steps in (0, 6):
        planner = PlannerConfig(revision=RevisionConfig(level_steps=steps))
        painting = load_agent("policy", planner=planner).paint(picture, 300, size=192)
        assert len(painting.strokes) == 300
        losses.append(painting.loss)
    assert losses[1] < 0.95 * losses[0]


def test_what_is_moved_keeps_the_style() -> None:
    style = Style(sizes=(0.2, 0.5))
    painting = load_agent("policy").paint(smooth_picture(4), 60, size=128, style=style)
    assert painting.strokes[:, SIZE].min() >= 0.2 - 1e-6
    assert painting.strokes[:, SIZE].max() <= 0.5 + 1e-6


@pytest.mark.parametrize("side", [130, 300])
def test_large_strokes_are_painted_where_they_lie_as_they_are_everywhere(side: int) -> None:
    painter, generator = load_agent("policy").painter, torch.Generator().manual_seed(2)
    strokes = torch.rand(4, 12, generator=generator)
    canvas = to_tensor(smooth_picture(1))[0].repeat(1, 5, 5)
    whole = canvas.clone()
    paint_window(canvas, strokes, (7.0, 11.0, float(side)), painter)
    for batch, place, coverage in window_coverage(whole, strokes, (7.0, 11.0, float(side)), painter):
        for ink, color in zip(coverage[:, 0], batch[:, 6:9, None, None], strict=True):
            whole[place] = torch.lerp(whole[place], color, ink)
    assert (canvas - whole).abs().max() < 0.02
    assert (canvas - whole).abs().mean() < 5e-4
