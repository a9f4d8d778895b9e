"""Plans of windows: they cover the picture, lie apart in each pass, and share out all strokes."""

import numpy as np
import pytest
from paintgym.agents.large.config import PlanConfig
from paintgym.agents.large.plan import plan_passes, share_out
from paintgym.errors import InvalidInputError


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


@pytest.mark.parametrize(
    "change",
    [
        {"level_ratio": 1.0},
        {"level_ratio": float("nan")},
        {"strokes_exponent": "much"},
        {"windows_per_stroke": 0},
        {"window_distance": -0.9},
    ],
    ids=str,
)
def test_plans_that_cannot_be_are_refused(change):
    with pytest.raises(InvalidInputError, match=next(iter(change))):
        PlanConfig(**change)


def test_a_plan_follows_its_settings():
    usual = plan_passes(512, 384, 2000)
    steep = plan_passes(512, 384, 2000, config=PlanConfig(level_ratio=3.0))
    apart = plan_passes(512, 384, 2000, config=PlanConfig(window_distance=2.0))
    assert len({stage.windows[0][2] for stage in steep}) < len({stage.windows[0][2] for stage in usual})
    assert max(len(stage.windows) for stage in apart) < max(len(stage.windows) for stage in usual)
    assert sum(stage.strokes for stage in apart) == sum(stage.strokes for stage in steep) == 2000
