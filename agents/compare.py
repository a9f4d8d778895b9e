"""Comparing agents: the same pictures, budgets and seed for each, and what comes of it. Nothing is printed here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from ..envs.loss import Loss
from ..envs.pictures import Picture, to_tensor
from ..envs.targets import Targets
from .agent import Agent

_SCALE = 3
_GAP = 6
_HEADER = 20


@dataclass(frozen=True, eq=False)
class Trial:
    """One painting by one agent.

    Attributes:
        agent: the agent's name.
        source: where the picture is from, such as ``"photographs"``.
        picture: the picture's name.
        strokes: the stroke budget.
        seed: what the agent was seeded with.
        minimised: name of the loss that the agent was given.
        seconds: how long it took.
        losses: distance between finished painting and picture, as 8-bit pixels, by each measure's name.
        target: (size, size, 3) uint8.
        image: (size, size, 3) uint8, the painting.
    """

    agent: str
    source: str
    picture: str
    strokes: int
    seed: int
    minimised: str
    seconds: float
    losses: dict[str, float]
    target: Picture
    image: Picture


@dataclass(frozen=True)
class Spread:
    """How a figure is spread over pictures."""

    mean: float
    median: float
    lower_quartile: float
    upper_quartile: float


@dataclass(frozen=True)
class Summary:
    """All pictures of a source, painted by one agent with one budget."""

    source: str
    strokes: int
    agent: str
    pictures: int
    losses: dict[str, Spread]
    seconds: Spread


def compare(
    agents: Sequence[Agent],
    sources: Mapping[str, Targets],
    budgets: Sequence[int],
    measures: Sequence[Loss],
    *,
    seed: int = 0,
    pictures: int = 8,
) -> Iterator[Trial]:
    """Let every agent paint every picture with every budget; gives each painting as it is finished.

    Args:
        agents: who paints.
        sources: pictures by the name of where they are from.
        budgets: numbers of strokes.
        measures: losses that judge the paintings.
        seed: seeds every painting.
        pictures: at most this many of each source, spread evenly over it.
    """
    for source, targets in sources.items():
        for index in choose_pictures(targets, pictures):
            target = targets.picture(index)
            for budget in budgets:
                for agent in agents:
                    painting = agent.paint(target, budget, seed=seed)
                    yield Trial(
                        agent=agent.name,
                        source=source,
                        picture=targets.name(index),
                        strokes=budget,
                        seed=seed,
                        minimised=painting.loss_name,
                        seconds=painting.seconds,
                        losses={measure.name: _measure(measure, painting.image, target) for measure in measures},
                        target=target,
                        image=painting.image,
                    )


def choose_pictures(targets: Targets, count: int) -> list[int]:
    """At most ``count`` numbers of targets, spread evenly from the first to the last."""
    numbers: list[int] = np.linspace(0, len(targets) - 1, min(count, len(targets))).round().astype(int).tolist()
    return numbers


@torch.no_grad()
def _measure(measure: Loss, image: Picture, target: Picture) -> float:
    return float(measure(to_tensor(image), measure.features(to_tensor(target))))


def summarise(trials: Sequence[Trial]) -> list[Summary]:
    """Mean, median and quartiles over the pictures, for each source, budget and agent in the order of the trials."""
    groups: dict[tuple[str, int, str], list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: (trial.source, trial.strokes)):
        groups.setdefault((trial.source, trial.strokes, trial.agent), []).append(trial)
    return [
        Summary(
            source=source,
            strokes=strokes,
            agent=agent,
            pictures=len(group),
            losses={name: _spread([trial.losses[name] for trial in group]) for name in group[0].losses},
            seconds=_spread([trial.seconds for trial in group]),
        )
        for (source, strokes, agent), group in groups.items()
    ]


def _spread(values: Sequence[float]) -> Spread:
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return Spread(float(np.mean(values)), median, lower, upper)


def report(trials: Sequence[Trial]) -> dict[str, Any]:
    """Summaries and all single figures, as JSON holds them."""
    pictures = ("target", "image")
    return {
        "summaries": [asdict(summary) for summary in summarise(trials)],
        "trials": [{key: value for key, value in vars(trial).items() if key not in pictures} for trial in trials],
    }


def contact_sheet(trials: Sequence[Trial]) -> Image.Image:
    """A row for each picture: the target, then every agent with every budget, enlarged three times."""
    columns = list(dict.fromkeys((trial.strokes, trial.agent) for trial in sorted(trials, key=lambda t: t.strokes)))
    rows: dict[tuple[str, str], dict[tuple[int, str], Trial]] = {}
    for trial in trials:
        rows.setdefault((trial.source, trial.picture), {})[trial.strokes, trial.agent] = trial
    side = _SCALE * trials[0].target.shape[0]
    step = side + _GAP
    sheet = Image.new("RGB", (_GAP + step * (len(columns) + 1), _HEADER + step * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_HEADER - 8)
    for column, title in enumerate(["target", *(f"{agent}, {strokes}" for strokes, agent in columns)]):
        draw.text((_GAP + column * step, 2), title, fill="black", font=font)
    for row, painted in enumerate(rows.values()):
        shown = [next(iter(painted.values())).target, *(painted[column].image for column in columns)]
        for column, picture in enumerate(shown):
            enlarged = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(enlarged, (_GAP + column * step, _HEADER + row * step))
    return sheet
