"""What agents are that decide on one window after the other, alone."""

from abc import abstractmethod

import torch

from ..painters.style import Style
from .agent import Agent, Stage
from .large.canvas import Decision, WindowBatch
from .progress import Progress, ProgressCallback


class WindowAgent(Agent):
    """An agent that decides on one window after the other."""

    def decide(
        self, batch: WindowBatch, style: Style, generator: torch.Generator, report: ProgressCallback
    ) -> list[Decision]:
        """See ``Agent``."""
        decisions: list[Decision] = []
        with torch.no_grad():
            for canvas, target, count in zip(batch.canvas, batch.target, batch.counts, strict=True):
                done = sum(len(decision.strokes) for decision in decisions)
                tell = report if batch.alone else _add(report, batch, done)
                stage = self.stage(canvas, target, count, style, batch.painter)
                decisions.append(self.decide_window(stage, batch, generator, tell))
        return decisions

    @abstractmethod
    def decide_window(
        self, stage: Stage, batch: WindowBatch, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        """Decide ``stage.core.stroke_budget`` strokes for the target of a state, on top of its canvas."""


def _add(report: ProgressCallback, batch: WindowBatch, done: int) -> ProgressCallback:
    """Reports of one window as reports of its batch, of which ``done`` strokes were decided before."""

    def tell(part: Progress) -> None:
        strokes = done + part.strokes
        report(Progress(strokes, part.loss, strokes / sum(batch.counts)))

    return tell
