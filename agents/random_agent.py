"""The random agent: what any other must beat. It does not look at the picture."""

import torch

from ..envs.core import PaintingCore, PaintingState
from ..painters.stroke import STROKE_LENGTH
from .agent import Agent, Decision, Progress, ProgressCallback


class RandomAgent(Agent):
    """Paints strokes whose 12 numbers are uniform in [0, 1]; the loss is measured, not used."""

    name = "random"

    def _decide(
        self, core: PaintingCore, state: PaintingState, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        report(Progress(core.stroke_budget, float(state.loss), 1.0))
        return Decision(torch.rand(core.stroke_budget, STROKE_LENGTH, generator=generator))
