"""The runs of the scoreboard: which algorithms learn which tasks, in how many steps, from which seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .config import CloningConfig, PPOConfig
from .run import RunPlan

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Entry:
    """An algorithm on a task."""

    task: str
    algorithm: str
    steps: int
    view: str = "focus"
    seeds: tuple[int, ...] = SEEDS
    config: Any = None
    """Settings of the algorithm; its defaults by default."""

    def plans(self) -> Iterator[RunPlan]:
        """A run for each seed."""
        for seed in self.seeds:
            yield RunPlan(self.task, self.algorithm, self.steps, seed=seed, view=self.view, config=self.config)


_OFF_POLICY = 25_000
"""Steps of learners that learn from old steps too: a tenth of the others'."""

_FEWER_PAINTINGS = CloningConfig(paintings=80)
"""Of a hundred strokes, which are as many strokes to clone as 200 of Paintings-v0, in as many minutes."""

LAPTOP: tuple[Entry, ...] = (
    Entry("paintgym/Shapes-v0", "ppo", 100_000),
    Entry("paintgym/Shapes-v0", "sac", _OFF_POLICY),
    Entry("paintgym/Shapes-v0", "analytic", 100_000),
    Entry("paintgym/Shapes-v0", "cloning", 1_000),
    Entry("paintgym/Digits-v0", "ppo", 250_000),
    Entry("paintgym/Digits-v0", "sac", _OFF_POLICY),
    Entry("paintgym/Digits-v0", "analytic", 250_000),
    Entry("paintgym/Digits-v0", "cloning", 2_000),
    Entry("paintgym/Paintings-v0", "ppo", 250_000),
    Entry("paintgym/Paintings-v0", "sac", _OFF_POLICY),
    Entry("paintgym/Paintings-v0", "analytic", 250_000),
    Entry("paintgym/Paintings-v0", "cloning", 8_000),
    Entry("paintgym/PaintingsLite-v0", "ppo", 250_000),
    Entry("paintgym/PaintingsLite-v0", "sac", _OFF_POLICY),
    Entry("paintgym/PaintingsLite-v0", "analytic", 100_000),
    Entry("paintgym/PaintingsLite-v0", "cloning", 8_000, config=_FEWER_PAINTINGS),
    Entry("paintgym/LongPaintings-v0", "ppo", 50_000, seeds=SEEDS[:3]),
    Entry("paintgym/LongPaintings-v0", "analytic", 25_000, seeds=SEEDS[:3]),
)
"""The laptop's track, which no GPU is needed for."""

STUDIES: tuple[Entry, ...] = (
    Entry("paintgym/Digits-v0", "ppo", 250_000, view="canvas", seeds=SEEDS[:3]),
    Entry("paintgym/Digits-v0", "cloning+ppo", 250_000),
    Entry("paintgym/Digits-v0", "analytic+ppo", 60_000),
)
"""One question each, on the laptop too: what is the focus view worth, and does reinforcement learning add to gradients?
"""

_MANY_CANVASES = PPOConfig(num_envs=1024)
"""What a GPU paints at once; the settings are else the laptop's."""

GPU: tuple[Entry, ...] = tuple(
    Entry(f"paintgym/{task}", "ppo", 10_000_000, config=_MANY_CANVASES)
    for task in ("Shapes-v0", "Digits-v0", "Paintings-v0")
)
"""The GPU's track: forty times the laptop's steps, and more."""

QUICK: tuple[Entry, ...] = (
    Entry("paintgym/Shapes-v0", "ppo", 10_000, seeds=SEEDS[:2]),
    Entry("paintgym/Shapes-v0", "analytic", 10_000, seeds=SEEDS[:2]),
    Entry("paintgym/Digits-v0", "ppo", 10_000, seeds=SEEDS[:2]),
)
"""A form of it for minutes."""

TRACKS = {"laptop": LAPTOP, "studies": STUDIES, "gpu": GPU, "quick": QUICK}
