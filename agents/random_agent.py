"""The random agent: what any other must beat. It does not look at the picture."""

import torch

from ..painters.stroke import STROKE_LENGTH
from .config import RandomConfig
from .large.window_batch import Decision, WindowBatch
from .progress import Progress, ProgressCallback
from .window_agent import Stage, WindowAgent


class RandomAgent(WindowAgent):
    """Paints strokes whose 12 numbers are uniform in [0, 1]; the loss is measured, not used."""

    name = "random"
    Config = RandomConfig

    def decide_windows(self, stage: Stage, batch: WindowBatch, report: ProgressCallback) -> list[Decision]:
        """See ``WindowAgent``."""
        (count,), (generator,) = stage.counts, stage.generators
        report(Progress(count, float(stage.state.loss), 1.0))
        strokes = torch.rand(count, STROKE_LENGTH, generator=generator, device="cpu")
        return [Decision(strokes.to(stage.state.canvas))]
