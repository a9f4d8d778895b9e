"""What the workers of a Ray cluster on this machine are worth beside one process, and what giving work out costs.

python docs/ray_figures.py    some minutes on two cores that are else idle; writes docs/figures/ray.json
"""

import json
import os
import statistics
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
from paintgym.parallel import count_cores
from paintgym.through_ray import through_ray
from PIL import Image

WORK: dict[str, tuple[str, int, FolderPlan]] = {
    "small": ("random", 300, FolderPlan(strokes=4)),
    "large": ("policy", 24, FolderPlan(strokes=100, size=256, batch_size=1)),
}
"""Who paints how many pictures, and how; each is a batch, so that they are finished one by one."""

FILE = Path(__file__).parent / "figures" / "ray.json"

ROUNDS = 3
"""All take turns in each, as other programs take away now from one and now from another."""


def measure(agent: str, count: int, plan: FolderPlan, workers: int) -> float:
    """Pictures a second, of the second half, when all are at work: by workers of a cluster, or by 0, one process."""
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
        return (count - count // 2) / (finished[-1] - finished[count // 2])


def _fail(complaint: str) -> None:
    raise RuntimeError(complaint)


def main() -> None:
    """Measure all, in turns, and keep each figure of each round."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    rates: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for name, (agent, count, plan) in WORK.items():
            for workers in (0, 1, 2):
                rate = measure(agent, count, plan, workers)
                print(name, workers, rate, flush=True)
                rates.setdefault((name, workers), []).append(rate)
    rows = [
        {"work": name, **_about(*WORK[name]), "workers": workers, "rates": found, "rate": statistics.median(found)}
        for (name, workers), found in rates.items()
    ]
    report = {"command": "python docs/ray_figures.py", "cores": count_cores(), "rows": rows}
    FILE.write_text(json.dumps(report, indent=1) + "\n")


def _about(agent: str, count: int, plan: FolderPlan) -> dict[str, Any]:
    return {"agent": agent, "pictures": count, "strokes": plan.strokes, "size": plan.size}


if __name__ == "__main__":
    main()
