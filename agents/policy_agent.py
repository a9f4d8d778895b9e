"""Agents with a trained policy: ``policy`` paints at once, ``policy+gradient`` then refines. Training is elsewhere."""

from pathlib import Path

import torch
from torch import Tensor

from ..envs.canvas import paint_strokes
from ..envs.core import PaintingCore, PaintingState
from ..envs.loss import Loss
from .agent import Agent, Progress, ProgressCallback
from .analytic import observe
from .policy import load_network
from .result import NamedPainter
from .stroke_network import StrokeNetwork, strokes_per_step


class PolicyAgent(Agent):
    """Looks at canvas and picture, lays some strokes, and looks again: about 25 times for a painting.

    Args:
        painter: name or ``.safetensors`` file of a neural painter, or one that is already loaded.
        loss: what the painting's loss is told in; the policy was trained before, and minimises nothing now.
        policy: name or ``.safetensors`` file of a policy, or a network that is already loaded.

    Raises:
        InvalidInputError: unknown painter, loss or policy.
        MissingDataError: the loss needs weights that are not there.
    """

    name = "policy"

    def __init__(
        self,
        *,
        painter: str | Path | NamedPainter = "gan",
        loss: str | Loss = "mse",
        policy: str | Path | StrokeNetwork = "paintings",
    ) -> None:
        super().__init__(painter=painter, loss=loss)
        self.network = policy if isinstance(policy, StrokeNetwork) else load_network(policy)

    def _decide(
        self, core: PaintingCore, state: PaintingState, generator: torch.Generator, report: ProgressCallback
    ) -> Tensor:
        budget, step = core.stroke_budget, strokes_per_step(core.stroke_budget)
        canvas, painted = state.canvas, []
        for done in range(0, budget, step):
            left = torch.full((1,), float(budget - done))
            strokes, _ = self.network(observe(canvas, state.target, left), min(step, budget - done))
            canvas = paint_strokes(canvas, strokes, core.painter)
            painted.append(strokes[0])
            count = min(done + step, budget)
            report(Progress(count, float(core.loss(canvas, state.target_features)), count / budget))
        return torch.cat(painted)
