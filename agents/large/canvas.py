"""Painting pictures of any size: pass by pass, windows where the error is get strokes from an agent.

A small painting is one with a single window. Where windows lie is in ``plan``; what strokes they get is the agent's to
decide. Several pictures are painted side by side, so that one batch holds the windows of all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...painters.device import upload
from ...painters.names import DEFAULT_BRUSH
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.stroke import STROKE_LENGTH
from ...painters.stroke_list import WHITE, StrokeList
from ...painters.windows import Window, paint_apart, paint_list, paper, view
from .level import LaidWindow, Level, LevelRefinement
from .plan import Pass, share_out
from .window_batch import Decision, WindowBatch


@dataclass(frozen=True, eq=False)
class PassWindows:
    """The windows of a pass over a picture that get strokes: canvases and targets (B, 3, 64, 64), strokes for each."""

    windows: list[Window]
    canvas: Tensor
    target: Tensor
    counts: list[int]


class WindowedCanvas:
    """A picture in the making, painted through windows: one that is the canvas, or many.

    Args:
        picture: (H, W, 3) uint8, what is to be painted, at the size of the canvas.
        passes: the windows that it is painted through, and how many strokes they get.
        background: the paper's color.
        seed: of the random numbers that strokes are drawn by.
        device: where it is painted.
    """

    def __init__(
        self,
        picture: Picture,
        passes: Sequence[Pass],
        background: tuple[float, float, float] = WHITE,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        self.target = to_tensor(picture, device)[0]
        self.height, self.width = picture.shape[:2]
        self.background = background
        self.generator = torch.Generator().manual_seed(seed)
        self.canvas = paper(background, self.height, self.width, device)
        self.passes = list(passes)
        self._strokes: list[Tensor] = []
        self._windows: list[Tensor] = []
        self._brushes: list[str] = []
        self.settled = 0
        """How many strokes, from the first, are moved no more."""

    def __len__(self) -> int:
        return sum(map(len, self._strokes))

    def start_with(self, start: StrokeList, painters: Mapping[str, Painter]) -> None:
        """Start with strokes instead of bare paper; each level of windows gets those that it lacks of its plan.

        Args:
            start: the strokes, no more than the budget, at the size of the canvas.
            painters: turn them into ink, by the names of their brushes.

        Raises:
            InvalidInputError: strokes of a brush that none of them learned.
        """
        unknown = sorted({brush for brush, _ in start.by_brush()} - {*painters})
        if unknown:
            raise InvalidInputError(f"the strokes to begin with are of {unknown[0]!r}, expected {', '.join(painters)}")
        self.canvas = paint_list(start, painters)
        self._brushes = [brush for brush, part in start.by_brush() for _ in range(len(part))]
        self._strokes = [torch.from_numpy(start.strokes).to(self.canvas.device)]
        self._windows = [torch.from_numpy(start.windows)]
        self.settled = len(start)
        lacking = sum(stage.strokes for stage in self.passes) - len(start)
        sides = [stage.windows[0][2] for stage in self.passes]
        planned = np.array([stage.strokes for stage in self.passes], np.float64)
        error = np.array([float(self._errors(stage.windows).sum()) for stage in self.passes])
        weights = np.zeros(len(sides))
        for side in set(sides):
            level = np.array(sides) == side
            started = (start.windows[:, 2] == np.float32(side)).sum()
            share = error[level] if error[level].sum() > 0 else planned[level]
            weights[level] = max(0.0, planned[level].sum() - started) * share / share.sum()
        counts = share_out(weights, lacking)
        self.passes = [Pass(stage.windows, int(n)) for stage, n in zip(self.passes, counts, strict=True) if n]

    @property
    def single(self) -> bool:
        """Whether there is but one window, and one pass over it."""
        return len(self.passes) == 1 and len(self.passes[0].windows) == 1

    @property
    def strokes(self) -> Tensor:
        """The strokes so far, (T, 12) in [0, 1]."""
        return torch.cat([self.canvas.new_empty(0, STROKE_LENGTH), *self._strokes])

    @property
    def error(self) -> Tensor:
        """Mean squared error between canvas and target, ()."""
        return (self.canvas - self.target).square().mean()

    @property
    def stroke_list(self) -> StrokeList:
        """The strokes so far."""
        return self.as_list(self.strokes.cpu())

    def as_list(self, strokes: Tensor) -> StrokeList:
        """The strokes so far, (T, 12) on the CPU, with their windows and brushes."""
        windows = torch.cat([torch.empty(0, 3, device="cpu"), *self._windows])
        brushes = tuple(dict.fromkeys(self._brushes)) or (DEFAULT_BRUSH,)
        numbers = np.array([brushes.index(brush) for brush in self._brushes], np.int64) if len(brushes) > 1 else None
        return StrokeList(self.width, self.height, strokes.numpy(), windows.numpy(), self.background, brushes, numbers)

    def level_of(self, stage: Pass) -> float:
        """Which of the sizes of windows a pass has: from 0 for the largest to just below 1 for the smallest."""
        sides = sorted({one.windows[0][2] for one in self.passes}, reverse=True)
        return sides.index(stage.windows[0][2]) / len(sides)

    def level_until(self, number: int) -> list[Pass]:
        """The passes with windows of one size, if that pass is the last of them; else none."""
        side = self.passes[number].windows[0][2]
        if number + 1 < len(self.passes) and self.passes[number + 1].windows[0][2] == side:
            return []
        return [stage for stage in self.passes if stage.windows[0][2] == side]

    def share_among(self, stages: Sequence[Pass], count: int) -> list[Pass]:
        """Passes with the windows of some, and ``count`` strokes in proportion to the squared error in them."""
        errors = np.array([self._errors(stage.windows).sum() for stage in stages])
        counts = share_out(errors, count)
        return [Pass(stage.windows, int(n)) for stage, n in zip(stages, counts, strict=True) if n]

    def windows_of(self, stage: Pass) -> PassWindows:
        """What the windows of a pass hold, and how many strokes each gets: in proportion to its squared error."""
        windows = list(stage.windows)
        canvas, target = view(self.canvas, windows), view(self.target, windows)
        # A window alone gets all of them: the host need not look at it.
        counts = share_out(self._errors(windows), stage.strokes) if len(windows) > 1 else np.array([stage.strokes])
        chosen = [int(number) for number in np.flatnonzero(counts)]
        rows = upload(chosen, canvas.device)
        return PassWindows(
            [windows[number] for number in chosen], canvas[rows], target[rows], [int(counts[n]) for n in chosen]
        )

    def _errors(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        """Squared error in each of (N,) windows."""
        canvas, target = view(self.canvas, list(windows)), view(self.target, list(windows))
        errors: NDArray[np.float64] = (canvas - target).square().sum((1, 2, 3)).double().cpu().numpy()
        return errors

    def composite(self, windows: Sequence[Window], decisions: Sequence[Decision], painter: Painter) -> None:
        """Paint what was decided for each window of a pass."""
        painted = decisions[0].canvas
        if painted is not None and painted.shape == self.canvas.shape and windows == [(0.0, 0.0, float(self.width))]:
            # The window is the canvas, pixel by pixel: nothing is painted twice.
            self.canvas = painted.clone()
        else:
            paint_apart(self.canvas, windows, [decision.strokes for decision in decisions], painter)
        for window, (strokes, _) in zip(windows, decisions, strict=True):
            self._strokes.append(strokes)
            self._windows.append(torch.tensor(window, device="cpu").expand(len(strokes), 3))
            self._brushes += [painter.brush] * len(strokes)

    def refine_level(self, level: Level, refinement: LevelRefinement, painter: Painter, thinned: bool = False) -> int:
        """Move the strokes of a level, which were laid last, together, and paint them anew.

        Args:
            level: those strokes.
            refinement: moves them.
            painter: turns them into ink.
            thinned: whether those that would be missed least are taken away then.

        Returns:
            How many were taken away.
        """
        before = len(self)
        passes = refinement.move(level, self.canvas, self.target, painter.ribbon)
        if thinned:
            passes = refinement.thin(Level(level.before, passes), self.target, painter)
        self._replace(level, passes, painter)
        return before - len(self)

    def _replace(self, level: Level, passes: list[list[LaidWindow]], painter: Painter) -> None:
        """Paint other strokes in the place of a level's."""
        laid = sum(map(len, level.passes))
        strokes = sum(len(one.strokes) for windows in level.passes for one in windows)
        del self._strokes[-laid:], self._windows[-laid:], self._brushes[-strokes:]
        self.canvas, level.passes = level.before.clone(), passes
        for windows in passes:
            self.composite([one.window for one in windows], [Decision(one.strokes) for one in windows], painter)


@torch.no_grad()
def paint_passes(
    canvases: Sequence[WindowedCanvas],
    decide: Callable[[WindowBatch], Sequence[Decision]],
    painters: Sequence[Painter],
    report: Callable[[float], object] = lambda fraction: None,
    refinement: LevelRefinement | None = None,
) -> None:
    """Paint pictures side by side to the end of their budgets.

    Args:
        canvases: the pictures; changed in place.
        decide: decides the strokes, (count, 12) in [0, 1] for each window of a batch.
        painters: turn them into ink: the first in the largest windows, the last in the smallest.
        report: called after every pass with the part of the strokes that is laid.
        refinement: moves the strokes of each size of windows together, once all of them are laid.
    """
    total = sum(stage.strokes for canvas in canvases for stage in canvas.passes)
    laid, whole = 0, all(canvas.single for canvas in canvases)
    levels: dict[WindowedCanvas, Level] = {}

    def paint(pairs: list[tuple[WindowedCanvas, PassWindows]], painter: Painter, done: float) -> None:
        before, target = (torch.cat([getattr(seen, part) for _, seen in pairs]) for part in ("canvas", "target"))
        counts = [count for _, seen in pairs for count in seen.counts]
        generators = [canvas.generator for canvas, seen in pairs for _ in seen.counts]
        decisions = decide(WindowBatch(before, target, counts, generators, painter, sum(counts) / total, done, whole))
        for canvas, seen in pairs:
            decided, decisions = decisions[: len(seen.counts)], decisions[len(seen.counts) :]
            levels[canvas].add(seen.windows, [decision.strokes for decision in decided])
            canvas.composite(seen.windows, decided, painter)

    def finish(canvas: WindowedCanvas, stages: Sequence[Pass], painter: Painter, done: float) -> None:
        assert refinement is not None
        level = levels[canvas]
        thinned = stages[-1] is canvas.passes[-1] and refinement.replaced_part > 0
        lacking = canvas.refine_level(level, refinement, painter, thinned)
        if lacking:
            report(done)
            for stage in canvas.share_among(stages, lacking):
                paint([(canvas, canvas.windows_of(stage))], painter, done)
            report(done)
            canvas.refine_level(level, refinement, painter)

    for turn, stages in enumerate(zip_longest(*(canvas.passes for canvas in canvases))):
        working: dict[int, list[tuple[WindowedCanvas, PassWindows]]] = {}
        for canvas, stage in zip(canvases, stages, strict=True):
            if stage:
                levels.setdefault(canvas, Level(canvas.canvas.clone()))
                number = int(canvas.level_of(stage) * len(painters))
                working.setdefault(number, []).append((canvas, canvas.windows_of(stage)))
        for number, pairs in sorted(working.items()):
            paint(pairs, painters[number], laid / total)
            laid += sum(count for _, seen in pairs for count in seen.counts)
            for canvas, _ in pairs:
                level_stages = canvas.level_until(turn)
                if level_stages:
                    if refinement is not None and not whole and levels[canvas].strokes <= refinement.most_strokes:
                        finish(canvas, level_stages, painters[number], laid / total)
                    del levels[canvas]
                    canvas.settled = len(canvas)
            report(laid / total)
