"""How well one loss ranks canvases as another does: the measure of the lite network. Nothing here trains."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...envs.losses.loss import Loss
from ...envs.targets.targets import Targets
from ...painters.canvas import paint_strokes, white_canvas
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE
from ..agent import Agent


@dataclass(frozen=True)
class Agreement:
    """Spearman correlations between two losses over canvases that agents painted."""

    within: float
    """Median, over paintings, of the correlation along one painting's own canvases."""
    within_quartile: float
    """A quarter of the paintings correlate less than this."""
    across: float
    """Over all canvases of all pictures together."""
    canvases: int


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two (N,) arrays without ties."""
    first_ranks, second_ranks = (values.argsort().argsort().astype(float) for values in (first, second))
    return float(np.corrcoef(first_ranks, second_ranks)[0, 1])


@torch.no_grad()
def measure_agreement(
    first: Loss,
    second: Loss,
    targets: Targets,
    agents: Sequence[Agent],
    stroke_budget: int = 60,
    canvases: int = 16,
    progress: Callable[[int], object] | None = None,
) -> Agreement:
    """Let agents paint pictures and compare what two losses say of the canvases on the way.

    Args:
        first: one loss.
        second: the other.
        targets: pictures that neither loss was trained on.
        agents: each paints every picture.
        stroke_budget: strokes a painting.
        canvases: canvases of a painting that are compared, from its first stroke to its last.
        progress: called with the number of paintings finished since its last call.
    """
    within, all_first, all_second = [], [], []
    for index in range(len(targets)):
        picture = targets.picture(index)
        target = to_tensor(picture)
        for agent in agents:
            strokes = torch.from_numpy(agent.paint(picture, stroke_budget, seed=index).strokes)
            painted = _prefixes(strokes, np.unique(np.geomspace(1, stroke_budget, canvases).round().astype(int)), agent)
            values = [loss(painted, loss.features(target)).double().numpy() for loss in (first, second)]
            within.append(spearman(*values))
            all_first.append(values[0])
            all_second.append(values[1])
            if progress:
                progress(1)
    joined = np.concatenate(all_first), np.concatenate(all_second)
    return Agreement(
        within=float(np.median(within)),
        within_quartile=float(np.quantile(within, 0.25)),
        across=spearman(*joined),
        canvases=len(joined[0]),
    )


def _prefixes(strokes: Tensor, ends: NDArray[np.int_], agent: Agent) -> Tensor:
    canvas, painted, start = white_canvas(1, CANVAS_SIZE), [], 0
    for end in ends.tolist():
        canvas, start = paint_strokes(canvas, strokes[None, start:end], agent.painter), end
        painted.append(canvas[0])
    return torch.stack(painted)
