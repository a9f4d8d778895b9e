"""Painting large pictures: pass by pass, windows where the error is get strokes from an agent, and the canvas gets ink.

Where windows lie is in ``pyramid``; what strokes they get is the agent's to decide. Several pictures are painted side
by side, so that one batch holds the windows of all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...painters.painter import StrokePainter
from ...painters.windows import Window, paint_list, paint_window, view
from ...envs.pictures import Picture
from ...painters.pixels import to_tensor
from ...painters.stroke import STROKE_LENGTH
from ...painters.stroke_list import WHITE, StrokeList
from .plan import Pass, plan_passes, share_out


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """Half-painted windows, and how many strokes each is to get.

    Attributes:
        canvas: (B, 3, 64, 64) in [0, 1].
        target: (B, 3, 64, 64) in [0, 1].
        counts: strokes for each, 1 or more.
        share: part of the painting's strokes that these are, from 0 to 1.
    """

    canvas: Tensor
    target: Tensor
    counts: list[int]
    share: float


@dataclass(frozen=True, eq=False)
class Question:
    """What the windows of one pass over one picture hold: canvases and targets (B, 3, 64, 64), strokes for each."""

    windows: list[Window]
    canvas: Tensor
    target: Tensor
    counts: list[int]


class LargeCanvas:
    """One large picture in the making.

    Args:
        picture: (H, W, 3) uint8, what is to be painted, at the size of the canvas.
        stroke_budget: strokes of the painting.
        background: the paper's colour.
        grid: side of the windows, where they are all to be alike.
    """

    def __init__(
        self,
        picture: Picture,
        stroke_budget: int,
        background: tuple[float, float, float] = WHITE,
        grid: int | None = None,
    ) -> None:
        self.target = to_tensor(picture)[0]
        self.height, self.width = picture.shape[:2]
        self.background = background
        self.canvas = torch.tensor(background)[:, None, None].repeat(1, self.height, self.width)
        self.passes = plan_passes(self.width, self.height, stroke_budget, grid)
        self._strokes: list[Tensor] = []
        self._windows: list[Tensor] = []

    def __len__(self) -> int:
        return sum(map(len, self._strokes))

    def begin(self, kept: StrokeList, painter: StrokePainter) -> None:
        """Begin with some strokes instead of bare paper; each level of windows gets those that it lacks of its plan.

        Args:
            kept: the strokes, no more than the budget, at the size of the canvas.
            painter: turns them into ink.
        """
        self.canvas = paint_list(kept, painter)
        self._strokes = [torch.from_numpy(kept.strokes)]
        self._windows = [torch.from_numpy(kept.windows)]
        lacking = sum(stage.strokes for stage in self.passes) - len(kept)
        sides = [stage.windows[0][2] for stage in self.passes]
        planned = np.array([stage.strokes for stage in self.passes], np.float64)
        error = np.array([float(self._errors(stage.windows).sum()) for stage in self.passes])
        weights = np.zeros(len(sides))
        for side in set(sides):
            level = np.array(sides) == side
            own = (kept.windows[:, 2] == np.float32(side)).sum()
            share = error[level] if error[level].sum() > 0 else planned[level]
            weights[level] = max(0.0, planned[level].sum() - own) * share / share.sum()
        counts = share_out(weights, lacking)
        self.passes = [Pass(stage.windows, int(n)) for stage, n in zip(self.passes, counts, strict=True) if n]

    @property
    def error(self) -> Tensor:
        """Mean squared error between canvas and target, ()."""
        return (self.canvas - self.target).square().mean()

    @property
    def listing(self) -> StrokeList:
        """The strokes so far."""
        empty = torch.empty(0, STROKE_LENGTH), torch.empty(0, 3)
        strokes, windows = torch.cat([empty[0], *self._strokes]), torch.cat([empty[1], *self._windows])
        return StrokeList(self.width, self.height, strokes.numpy(), windows.numpy(), self.background)

    def ask(self, stage: Pass) -> Question:
        """What the windows of a pass hold, and how many strokes each deserves."""
        windows = list(stage.windows)
        canvas, target = view(self.canvas, windows), view(self.target, windows)
        counts = share_out(self._errors(stage.windows), stage.strokes)
        chosen = [int(number) for number in np.flatnonzero(counts)]
        return Question(
            [windows[number] for number in chosen], canvas[chosen], target[chosen], [int(counts[n]) for n in chosen]
        )

    def _errors(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        """Squared error in each of some windows, (N,)."""
        canvas, target = view(self.canvas, list(windows)), view(self.target, list(windows))
        errors: NDArray[np.float64] = (canvas - target).square().sum((1, 2, 3)).double().numpy()
        return errors

    def lay(self, question: Question, strokes: Sequence[Tensor], painter: StrokePainter) -> None:
        """Paint what was answered."""
        for window, some in zip(question.windows, strokes, strict=True):
            paint_window(self.canvas, some, window, painter)
            self._strokes.append(some)
            self._windows.append(torch.tensor(window).expand(len(some), 3))


@torch.no_grad()
def paint_large(
    canvases: Sequence[LargeCanvas],
    lay: Callable[[WindowBatch], list[Tensor]],
    painter: StrokePainter,
    report: Callable[[float], object] = lambda fraction: None,
) -> None:
    """Paint pictures side by side to the end of their budgets.

    Args:
        canvases: the pictures; changed in place.
        lay: decides the strokes, (count, 12) in [0, 1] for each window.
        painter: turns them into ink.
        report: called after every pass with the part of the passes that is done.
    """
    every = sum(stage.strokes for canvas in canvases for stage in canvas.passes)
    passes = list(zip_longest(*(canvas.passes for canvas in canvases)))
    for number, stages in enumerate(passes):
        working = [(canvas, canvas.ask(stage)) for canvas, stage in zip(canvases, stages, strict=True) if stage]
        canvas, target = (torch.cat([getattr(asked, part) for _, asked in working]) for part in ("canvas", "target"))
        counts = [count for _, asked in working for count in asked.counts]
        answers = lay(WindowBatch(canvas, target, counts, sum(counts) / every))
        for large, asked in working:
            own, answers = answers[: len(asked.counts)], answers[len(asked.counts) :]
            large.lay(asked, own, painter)
        report((number + 1) / len(passes))
