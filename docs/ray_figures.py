"""What the workers of a Ray cluster on this machine are worth beside one process, and what giving work out costs.

python docs/ray_figures.py    prints a line of JSON for each measurement: some minutes on two cores that are else idle
"""

import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from paintgym.agents.folder.painted import PaintedFolder
from paintgym.agents.folder.plan import FolderPlan
from paintgym.agents.folder.source import LocalFolder
from paintgym.agents.folder.spread import SpreadPainter, SpreadPlan
from paintgym.agents.registry import load_agent
from paintgym.through_ray import through_ray
from PIL import Image

WORK: dict[str, tuple[str, int, FolderPlan]] = {
    "small": ("random", 300, FolderPlan(strokes=4)),
    "large": ("policy", 24, FolderPlan(strokes=100, size=256, batch_size=1)),
}
"""Who paints how many pictures, and how; each is a batch, so that they are finished one by one."""

ROUNDS = 2
"""All take turns in each, as other programs take away now from one and now from another."""


def measure(agent: str, count: int, plan: FolderPlan, workers: int) -> dict[str, Any]:
    """Paint pictures by so many workers of a cluster, or by 0, this process alone.

    Returns:
        The seconds in all, and ``rate``: pictures a second in the second half, when all workers are at work.
    """
    with tempfile.TemporaryDirectory() as folder:
        pictures, out = Path(folder) / "pictures", Path(folder) / "out"
        pictures.mkdir()
        random = np.random.default_rng(0)
        for number in range(count):
            tile = Image.fromarray(random.integers(0, 256, (3, 4, 3), np.uint8))
            tile.resize((256, 192), Image.Resampling.BICUBIC).save(pictures / f"{number}.png")
        painter = load_agent(agent, loss="mse")
        painted = PaintedFolder(LocalFolder(pictures), out, plan, {"agent": {}, "style": {}})
        finished = [time.perf_counter()]

        def report(number: int) -> None:
            finished.extend([time.perf_counter()] * number)

        if workers == 0:
            painted.paint(painter, _fail, report)
        else:
            work = SpreadPainter(painter, plan, SpreadPlan(workers))
            painted.paint_elsewhere(partial(through_ray, "local", work), _fail, report)
        seconds = finished[-1] - finished[0]
        return {"seconds": seconds, "rate": (count - count // 2) / (finished[-1] - finished[count // 2])}


def _fail(complaint: str) -> None:
    raise RuntimeError(complaint)


def main() -> None:
    """Measure all, and print it."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    for _ in range(ROUNDS):
        for name, (agent, count, plan) in WORK.items():
            for workers in (0, 1, 2):
                print(
                    json.dumps({"work": name, "workers": workers, **measure(agent, count, plan, workers)}), flush=True
                )


if __name__ == "__main__":
    main()
