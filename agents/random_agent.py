"""The random agent: what any other must beat. It does not look at the picture."""

import torch

from ..painters.stroke import STROKE_LENGTH
from .agent import Stage
from .config import RandomConfig
from .large.canvas import Decision, WindowBatch
from .progress import Progress, ProgressCallback
from .window_agent import WindowAgent


class RandomAgent(WindowAgent):
    """Paints strokes whose 12 numbers are uniform in [0, 1]; the loss is measured, not used."""

    name = "random"
    Config = RandomConfig

    def decide_window(
        self, stage: Stage, batch: WindowBatch, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        """See ``WindowAgent``."""
        count = stage.core.stroke_budget
        report(Progress(count, float(stage.state.loss), 1.0))
        return Decision(torch.rand(count, STROKE_LENGTH, generator=generator))
