"""Pictures that the gradient agent optimizes side by side: each becomes what it becomes alone, and all can be ended."""

from typing import Any

import numpy as np
import pytest
import torch
from helpers.soft_painter import SoftPainter
from numpy.typing import NDArray
from paintgym.agents.agent import Agent
from paintgym.agents.large.window_batch import WindowBatch
from paintgym.agents.outputs.painting import Painting
from paintgym.agents.progress import Progress, StopPainting
from paintgym.agents.registry import load_agent
from paintgym.agents.search.config import OptimizerConfig
from paintgym.agents.search.stroke_optimizer import StrokeOptimizer
from paintgym.painters.painter import as_painter

pytestmark = pytest.mark.usefixtures("one_thread")
ALL_AT_ONCE, ONE_BY_ONE = OptimizerConfig(together=100_000), OptimizerConfig(together=1)


def picture(seed: int, side: int = 64) -> NDArray[np.uint8]:
    """Waves in color, others for every seed."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = [
        np.sin(random.uniform(3, 20) * x + random.uniform(3, 20) * y) * np.cos(random.uniform(3, 20) * x)
        for _ in range(3)
    ]
    return np.rint(255 * (0.5 + 0.5 * np.stack(waves, -1))).astype(np.uint8)


def assert_alike(one: Painting, other: Painting) -> None:
    """The same but for rounding, of which Adam makes whole steps where a gradient is next to nothing."""
    assert one.loss == pytest.approx(other.loss, rel=1e-2)
    assert np.quantile(np.abs(one.strokes - other.strokes), 0.9) < 5e-3
    assert np.abs(one.image.astype(int) - other.image).mean() < 0.5


def make(**options: Any) -> Agent:
    return load_agent("gradient", **{"painter": SoftPainter(), "loss": "mse", "optimizer": ALL_AT_ONCE, **options})


@pytest.mark.parametrize(
    ("strokes", "options"),
    [
        (12, {"painter": "gan", "iterations": 15}),
        (12, {"painter": "gan", "iterations": 8, "loss": "lite"}),
        (12, {"painter": "gan", "iterations": 12, "straight_through": False}),
        (40, {"iterations": 15, "optimizer": OptimizerConfig(together=100_000, batch_size=16)}),
    ],
)
def test_each_of_many_is_painted_as_if_it_were_alone(
    strokes: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    descents = []
    descend = StrokeOptimizer.descend
    monkeypatch.setattr(StrokeOptimizer, "descend", lambda *given: descents.append(1) or descend(*given))
    agent, pictures = make(**options), [picture(seed) for seed in range(3)]
    many = agent.paint_many(pictures, strokes, seed=4)
    assert len(descents) == options["iterations"]  # All of them together, and not one after the other.
    for one, together in zip(pictures, many, strict=True):
        alone = agent.paint(one, strokes, seed=4)
        assert_alike(together, alone)


def test_pictures_with_other_numbers_of_strokes_to_go_are_painted_as_if_they_were_alone() -> None:
    agent, pictures = make(iterations=8), [picture(seed) for seed in range(3)]
    starts = [agent.paint(one, count).stroke_list for one, count in zip(pictures, (4, 9, 1), strict=True)]
    many = agent.paint_many(pictures, 15, starts=starts, seed=4)
    for one, start, together in zip(pictures, starts, many, strict=True):
        (alone,) = agent.paint_many([one], 15, starts=[start], seed=4)
        assert len(together.strokes) == 15
        assert_alike(together, alone)


@pytest.mark.parametrize("name", ["gradient", "greedy", "random"])
def test_windows_of_large_pictures_do_not_depend_on_other_pictures(name: str) -> None:
    options = {"iterations": 4, "optimizer": ONE_BY_ONE} if name == "gradient" else {}
    agent = load_agent(name, painter=SoftPainter(), loss="mse", **options)
    pictures = [picture(seed, side) for seed, side in enumerate((96, 128))]
    for one, together in zip(pictures, agent.paint_many(pictures, 30, size=128, seed=4), strict=True):
        np.testing.assert_array_equal(together.strokes, agent.paint(one, 30, size=128, seed=4).strokes)


def test_windows_optimized_together_are_as_good_as_one_after_the_other() -> None:
    losses = [make(iterations=20, optimizer=config).paint(picture(0, 192), 120, size=192).loss for config in
              (ALL_AT_ONCE, ONE_BY_ONE)]  # fmt: skip
    assert losses[0] == pytest.approx(losses[1], rel=0.1)


def test_groups_hold_no_more_strokes_than_are_allowed_and_those_of_like_number() -> None:
    counts = [30, 3, 8, 9, 4, 30, 200]
    pictures = torch.zeros(len(counts), 3, 64, 64)
    generators = [torch.Generator() for _ in counts]
    agent = make(optimizer=OptimizerConfig(together=40))
    windows = WindowBatch(pictures, pictures, counts, generators, as_painter(SoftPainter()), 1.0)
    assert agent.groups(windows) == [[1, 4, 2, 3], [0], [5], [6]]
    # Small paintings of few strokes take other numbers of iterations by default.
    small = WindowBatch(pictures, pictures, counts, generators, as_painter(SoftPainter()), 1.0, whole=True)
    assert make(optimizer=OptimizerConfig(together=2000)).groups(windows) == [[1, 4, 2, 3, 0, 5, 6]]
    assert make(optimizer=OptimizerConfig(together=2000)).groups(small) == [[1, 4, 2, 3, 0, 5], [6]]


def test_a_time_limit_is_that_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    times = []
    optimize = type(make())._optimize
    monkeypatch.setattr(type(make()), "_optimize", lambda *given: times.append(given[-1]) or optimize(*given))
    options = {"time_limit": 0.6, "iterations": 1_000_000, "optimizer": OptimizerConfig(together=40)}
    many = make(**options).paint_many([picture(seed) for seed in range(3)], 20)
    assert times == [pytest.approx(0.4), pytest.approx(0.2)]  # Two of them together, then one.
    assert all(len(painting.strokes) == 20 for painting in many)


@pytest.mark.parametrize("together", [1, 100_000])
def test_all_of_them_are_kept_where_they_are_stopped(together: int) -> None:
    told: list[Progress] = []

    def stop_in_the_middle(progress: Progress) -> None:
        told.append(progress)
        if progress.fraction > 0.5:
            raise StopPainting

    agent = make(iterations=12, optimizer=OptimizerConfig(together=together))
    pictures = [picture(seed) for seed in range(3)]
    many = agent.paint_many(pictures, 10, progress=stop_in_the_middle)
    counts = [len(painting.strokes) for painting in many]
    assert counts == ([10, 10, 0] if together == 1 else [10, 10, 10])
    assert [len(own) for own in told[-1].each] == counts
    assert [progress.fraction for progress in told] == sorted(progress.fraction for progress in told)
    for painting in many[:2]:
        assert np.square(painting.image / 255.0 - 1).mean() > 1e-3


def test_progress_of_many_ends_with_all_strokes() -> None:
    told: list[Progress] = []
    make(iterations=5).paint_many([picture(seed) for seed in range(3)], 7, progress=told.append)
    assert (told[-1].strokes, told[-1].fraction) == (21, 1.0)
    assert told[-1].strokes_so_far is None
