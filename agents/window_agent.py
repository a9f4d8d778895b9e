"""What agents are that decide on windows apart: on one after the other, or on some of them together."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch

from ..envs.core import PaintingCore
from ..envs.state import PaintingState
from ..painters.stroke import STROKE_LENGTH
from ..painters.style import Style
from ..painters.styled import styled
from .agent import Agent
from .large.window_batch import Decision, WindowBatch
from .progress import Progress, ProgressCallback


class Stage(NamedTuple):
    """Windows to be painted on together: the environment with their canvases, and what each is to get.

    Attributes:
        core: the environment.
        state: B half-painted canvases.
        counts: strokes for each.
        generators: source of random numbers for each.
    """

    core: PaintingCore
    state: PaintingState
    counts: Sequence[int]
    generators: Sequence[torch.Generator]


class WindowAgent(Agent):
    """An agent that decides on one window after the other, or on ``groups`` of them."""

    @torch.no_grad()
    def decide(self, batch: WindowBatch, style: Style, report: ProgressCallback) -> list[Decision]:
        """See ``Agent``."""
        generators = _generators(batch)
        decided: dict[int, Decision] = {}
        for rows in self.groups(batch):
            stage = self._stage(batch, rows, style, [generators[row] for row in rows])
            tell = report if batch.alone else _among(report, batch, rows, decided)
            decided |= zip(rows, self.decide_windows(stage, batch, tell), strict=True)
        return [decided[row] for row in range(len(batch.counts))]

    def _stage(
        self, batch: WindowBatch, rows: Sequence[int], style: Style, generators: Sequence[torch.Generator]
    ) -> Stage:
        """The environment in which strokes are to be laid on some windows of a batch."""
        counts = [batch.counts[row] for row in rows]
        most = max(counts)
        core = PaintingCore(styled(batch.painter, style), self.loss, stroke_budget=most, strokes_per_step=most)
        canvas, target = (torch.stack([windows[row] for row in rows]) for windows in (batch.canvas, batch.target))
        return Stage(core, core.initial(target, canvas=canvas), counts, generators)

    def groups(self, batch: WindowBatch) -> Iterable[Sequence[int]]:
        """Which windows of a batch are decided together: each by itself."""
        return [[row] for row in range(len(batch.counts))]

    @abstractmethod
    def decide_windows(self, stage: Stage, batch: WindowBatch, report: ProgressCallback) -> list[Decision]:
        """Decide the strokes of a group of windows, ``stage.counts`` for each, on top of their canvases."""


def _generators(batch: WindowBatch) -> Sequence[torch.Generator]:
    """Sources of random numbers for each window: those of one picture may be drawn from in any order."""
    if batch.whole:
        return batch.generators
    seeds = [int(torch.randint(2**63 - 1, (), generator=one, device="cpu")) for one in batch.generators]
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def _among(
    report: ProgressCallback, batch: WindowBatch, rows: Sequence[int], decided: Mapping[int, Decision]
) -> ProgressCallback:
    """Reports of some windows as reports of their batch, of which others were decided before."""
    total, own = sum(batch.counts), sum(batch.counts[row] for row in rows)
    done = sum(len(decision.strokes) for decision in decided.values())
    before = {row: decision.strokes for row, decision in decided.items()}
    nothing = batch.canvas.new_empty(0, STROKE_LENGTH)

    def tell(part: Progress) -> None:
        known = before | dict(zip(rows, part.each, strict=False))
        each = [known.get(row, nothing) for row in range(len(batch.counts))] if batch.whole else ()
        report(Progress(done + part.strokes, part.loss, (done + part.fraction * own) / total, each=each))

    return tell
