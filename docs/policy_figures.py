"""Where a policy stands beside the optimizer: what each part of it is worth, what time buys, and what which loss gives.

python docs/policy_figures.py                   all of it into docs/figures: about an hour on one core
python docs/policy_figures.py ablation losses   some of it
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from paintgym.agents.agent import Agent
from paintgym.agents.evaluation.metrics import load_measure
from paintgym.agents.policy.config import PlannerConfig, RevisionConfig
from paintgym.agents.policy.planner import Planner
from paintgym.agents.policy.registry import load_network
from paintgym.agents.policy.revision import revise
from paintgym.agents.registry import load_agent
from paintgym.envs.targets.targets import load_targets
from paintgym.painters.canvas import paint_strokes
from paintgym.painters.pixels import to_tensor, to_uint8
from scipy import stats

FOLDER = Path(__file__).parent / "figures"
SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""That painting may take, for the curve over time."""

Row = dict[str, Any]
Painted = tuple[Any, float]
"""A picture (64, 64, 3) uint8, and the seconds that it took."""


def ablation() -> Iterator[Row]:
    """Squared error with parts of the policy left out, or the optimizer's in their place."""
    as_laid = PlannerConfig(revision=RevisionConfig(rounds=(0,), most_strokes=()))
    moved = PlannerConfig(revision=replace(RevisionConfig(), rounds=(1,), most_strokes=(), replaced_part=1e-9))
    once = PlannerConfig(revision=RevisionConfig(rounds=(1,), most_strokes=()))
    often = PlannerConfig(revision=RevisionConfig(rounds=(8,), most_strokes=()))
    who: dict[str, Callable[[], Agent]] = {
        "policy's strokes as they are laid": lambda: load_agent("policy", planner=as_laid),
        "and moved together, one of them laid elsewhere": lambda: load_agent("policy", planner=moved),
        "a tenth of them laid elsewhere once": lambda: load_agent("policy", planner=once),
        "`policy`": lambda: load_agent("policy"),
        "eight times": lambda: load_agent("policy", planner=often),
        "policy's strokes, then the whole optimizer: `policy+refine`": lambda: load_agent("policy+refine", loss="mse"),
        "optimizer's strokes as they are laid": lambda: load_agent("gradient", loss="mse", iterations=1),
        "`gradient`": lambda: load_agent("gradient", loss="mse"),
    }
    for budget in (15, 30, 200):
        for name, make in who.items():
            yield _row(name, budget, [_paint(make(), picture, budget) for picture in _photographs()])
        name = "optimizer's strokes, revised as the policy's are"
        yield _row(name, budget, [_revised(picture, budget) for picture in _photographs()])


def _revised(picture: Any, budget: int) -> Painted:
    planner, gradient = Planner(load_network("paintings")), load_agent("gradient", loss="mse", iterations=1)
    target = to_tensor(picture)
    started = time.perf_counter()
    strokes, paper = torch.from_numpy(gradient.paint(picture, budget).strokes)[None], torch.ones_like(target)
    canvas = paint_strokes(paper, strokes, gradient.painter)
    _, canvas = revise(planner, strokes, canvas, paper, target, gradient.painter)
    seconds = time.perf_counter() - started
    return to_uint8(canvas[0]), seconds


def anytime() -> Iterator[Row]:
    """Squared error with so many seconds, 200 strokes, three of the photographs."""
    pictures = _photographs()[:3]
    yield _row("policy", 200, [_paint(load_agent("policy"), picture, 200) for picture in pictures], pictures)
    for seconds in SECONDS:
        for name in ("gradient", "policy+refine"):
            agent = load_agent(name, loss="mse", time_limit=seconds, iterations=1_000_000)
            painted = [_paint(agent, picture, 200) for picture in pictures]
            yield {**_row(name, 200, painted, pictures), "limit": seconds}


def losses() -> Iterator[Row]:
    """What minimizing each loss leaves of all of them."""
    for budget in (30, 200):
        for loss in ("mse", "lite", "vgg19"):
            for name, options in (("policy", {}), ("policy+refine", {"time_limit": 10.0, "iterations": 1_000_000})):
                agent = load_agent(name, loss=loss, **options)
                painted = [_paint(agent, picture, budget) for picture in _photographs()]
                row = _row(name, budget, painted, measures=("mse", "lite", "vgg19", "ssim"))
                yield {**row, "minimized": loss}


def _photographs() -> list[Any]:
    targets = load_targets("photographs", 64)
    return [targets.picture(number) for number in range(len(targets))]


def _paint(agent: Agent, picture: Any, budget: int) -> Painted:
    painting = agent.paint(picture, budget)
    return painting.image, painting.seconds


def _row(
    name: str,
    budget: int,
    painted: Sequence[Painted],
    pictures: Sequence[Any] | None = None,
    measures: Sequence[str] = ("mse",),
) -> Row:
    """Means with the 95 % interval of Student's t, and medians."""
    pictures = _photographs() if pictures is None else pictures
    row: Row = {"method": name, "strokes": budget, "pictures": len(pictures)}
    row["seconds"] = float(np.median([seconds for _, seconds in painted]))
    for measure in measures:
        judge = load_measure(measure)
        pairs = zip(painted, pictures, strict=True)
        values = np.array([judge(image[None], picture)[0] for (image, _), picture in pairs])
        half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
        mean = float(values.mean())
        row[measure] = {"mean": mean, "low": mean - half, "high": mean + half, "median": float(np.median(values))}
    print({key: value for key, value in row.items() if not isinstance(value, dict)}, row["mse"]["mean"], flush=True)
    return row


FIGURES = {"ablation": ablation, "anytime": anytime, "losses": losses}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for chosen in sys.argv[1:] or FIGURES:
        report = {"command": f"python docs/policy_figures.py {chosen}", "rows": list(FIGURES[chosen]())}
        (FOLDER / f"{chosen}.json").write_text(json.dumps(report, indent=1) + "\n")
