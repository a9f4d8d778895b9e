"""The gradient agent: Adam on the strokes themselves, through painter, canvas and loss."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from ..envs.core import PaintingCore, PaintingState
from ..envs.losses.loss import Loss, PixelLoss
from ..envs.losses.vgg import WEIGHTS_FILE
from ..files import data_directory
from ..painters.neural.straight_through import smoothed
from ..painters.style import Style
from .agent import Agent, Decision, Progress, ProgressCallback
from ..checks import check_positive, check_whole
from .search.color import removal_costs, solve_colors
from .large.canvas import WindowBatch
from ..painters.painter import NamedPainter
from .search.proposals import EdgeField, pick_strokes
from .search.stroke_stack import StrokeStack

_PIXEL_WEIGHT = 20.0
"""Of the squared error beside a perceptual loss: a canvas that is off by 0.05 everywhere adds 0.05."""

# Parts of the work: until when strokes are added, when a perceptual loss takes over from the squared error, and
# until when useless strokes are laid elsewhere under the squared error.
_GROWN, _SKETCHED, _SETTLED = 0.2, 0.5, 0.75
_WAVES = 5
_COLOR_EVERY, _COLOR_ROUNDS = 5, 20
_REPLACE_EVERY, _REPLACED_PART = 10, 0.06
_BLOCK = 256
"""Strokes that one step moves: bounds memory, which 640 dabs a stroke and their gradients fill fast."""

Proposals = Callable[[Tensor, int, int], Tensor]
"""Canvas (1, 3, 64, 64), how many strokes to lay on it now, and how many are left in all, to strokes (N, 12)."""

_STROKE_STEPS = 50_000
_FEWEST_ITERATIONS, _MOST_ITERATIONS = 250, 800
_WINDOW_ITERATIONS = 100
"""Steps of Adam in each window of a large painting, of which there are hundreds."""


class GradientAgent(Agent):
    """Adam on the logits of all strokes, at first in waves: five times, the strokes that gain most are laid on top.

    Gradients cannot bring a stroke to an error that it does not touch; so every stroke begins at one, and strokes that
    turn out useless are taken away and laid where the error is. The ink is the painter's own, its gradient that of a
    smooth draft (``painters.draft``): it is quicker, and leads further. Under ``"mse"`` the colours are solved now and
    then in closed form. Under a perceptual loss the picture is laid in with ``"mse"``, then finished with the
    perceptual loss plus 20 times the squared error.

    Args:
        painter: name or ``.safetensors`` file of a neural painter, or one that is already loaded.
        loss: ``"mse"``, ``"vgg19"``, or a ``Loss`` that is already loaded. By default ``"vgg19"`` where its weights are
            in the data folder, else ``"mse"``; the painting's ``loss_name`` tells which it was.
        iterations: steps of Adam; by default 250 for 200 strokes and more, up to 800 for few strokes, and 100 in each
            window of a large painting.
        learning_rate: Adam's on the logits, when it is highest; it falls to 0 as a cosine.
        smooth: whether strokes move by the draft painter's gradient where the painter's ink has grain; without, by the
            painter's own, as is fair where painters are compared.
        time_limit: seconds after which the painting is to be finished; iterations are left out as needed, so
            the same seed need not give the same strokes.

    Raises:
        InvalidInputError: an option out of range, unknown painter or loss.
        MissingDataError: the loss needs weights that are not there.
    """

    name = "gradient"

    def __init__(
        self,
        *,
        painter: str | Path | NamedPainter = "gan",
        loss: str | Loss | None = None,
        iterations: int | None = None,
        learning_rate: float = 0.1,
        smooth: bool = True,
        time_limit: float | None = None,
    ) -> None:
        if iterations is not None:
            check_whole("iterations", iterations, 1, 1_000_000)
        check_positive("learning_rate", learning_rate)
        if time_limit is not None:
            check_positive("time_limit", time_limit)
        if loss is None:
            loss = "vgg19" if (data_directory() / WEIGHTS_FILE).is_file() else "mse"
        super().__init__(painter=painter, loss=loss)
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.smooth = smooth
        self.time_limit = time_limit

    def _decide(
        self, core: PaintingCore, state: PaintingState, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        budget = core.stroke_budget
        default = min(max(_STROKE_STEPS // budget, _FEWEST_ITERATIONS), _MOST_ITERATIONS)
        iterations, seconds = self.iterations or default, self.time_limit or math.inf
        return Decision(self._search(core, state, generator, report, iterations, seconds))

    def _lay(self, batch: WindowBatch, style: Style, generator: torch.Generator) -> list[Tensor]:
        limit = (self.time_limit or math.inf) * batch.share / sum(batch.counts)
        iterations = self.iterations or _WINDOW_ITERATIONS
        return [
            self._search(*self._stage(before, wanted, count, style), generator, _silent, iterations, limit * count)
            for before, wanted, count in zip(batch.canvas, batch.target, batch.counts, strict=True)
        ]

    def _search(
        self,
        core: PaintingCore,
        state: PaintingState,
        generator: torch.Generator,
        report: ProgressCallback,
        iterations: int,
        seconds: float,
    ) -> Tensor:
        """Strokes (core.stroke_budget, 12) on top of a state's canvas, after some iterations or seconds."""
        budget = core.stroke_budget
        perceptual = not isinstance(core.loss, PixelLoss)
        search = _Search(core, state, generator, self._proposals(core, state), self.smooth)
        best, least = None, math.inf
        for iteration, fraction in _schedule(iterations, seconds):
            waves = min(_WAVES, 1 + int(_WAVES * fraction / _GROWN))
            search.grow(math.ceil(budget * waves / _WAVES))
            if perceptual and fraction >= _SKETCHED:
                search.finish()
            elif iteration % _REPLACE_EVERY == _REPLACE_EVERY - 1 and fraction < _SETTLED:
                search.replace_useless()
            if iteration % _COLOR_EVERY == 0 and not search.finishing:
                search.recolor()
            loss = search.descend(self.learning_rate * 0.5 * (1 + math.cos(math.pi * fraction)))
            if fraction >= _GROWN and search.finishing == perceptual and loss < least:
                best, least = search.stack.strokes.clone(), loss
            report(Progress(len(search.stack), loss, fraction, search.stack.strokes))
        search.grow(budget)
        report(Progress(budget, loss if best is None else least, 1.0))
        return search.stack.strokes if best is None else best

    def _proposals(self, core: PaintingCore, state: PaintingState) -> Proposals | None:
        """Who proposes the strokes of a wave; by default they are picked among random ones."""
        return None


def _schedule(iterations: int, seconds: float) -> Iterator[tuple[int, float]]:
    """Count the iterations; with each comes the part of the work, or of the time, that lies behind."""
    started = time.perf_counter()
    for iteration in range(iterations):
        fraction = max(iteration / iterations, (time.perf_counter() - started) / seconds)
        if fraction >= 1 and iteration:
            return
        yield iteration, min(fraction, 1.0)


def _silent(progress: Progress) -> None:
    """Windows are small parts of a painting."""


class _Search:
    """One painting in the making, and what can be done to it."""

    def __init__(
        self,
        core: PaintingCore,
        state: PaintingState,
        generator: torch.Generator,
        proposals: Proposals | None,
        smooth: bool,
    ) -> None:
        self.stack = StrokeStack(smoothed(core.painter) if smooth else core.painter, state.canvas)
        self.finishing = False
        """Whether ``descend`` follows the perceptual loss yet, not the squared error alone."""
        self._core = core
        self._state = state
        self._generator = generator
        self._proposals = proposals
        self._edges = EdgeField(state.target[0])
        self._pixel_loss = PixelLoss()
        self._pixels = state.target[0].flatten(1)
        self._paper = state.canvas[0].flatten(1)

    def grow(self, count: int) -> None:
        """Lay strokes where they gain most, or those proposed, until there are ``count``."""
        missing = count - len(self.stack)
        if missing > 0:
            if self._proposals is None:
                strokes, coverage, _ = self._pick(missing)
            else:
                strokes = self._proposals(self.stack.canvas(), missing, self._core.stroke_budget - len(self.stack))
                coverage = self._core.painter(strokes).flatten(1)
            self.stack.append(strokes, coverage)

    def replace_useless(self) -> None:
        """Take away the strokes that are worth least, and lay as many that are worth more."""
        useless = max(1, round(_REPLACED_PART * len(self.stack)))
        costs = removal_costs(self.stack.coverage, self.stack.colors, self._pixels, self._paper)
        costs, rows = costs.topk(useless, largest=False)
        strokes, coverage, gains = self._pick(useless, without=rows)
        better = int((gains > costs).sum())
        if better:
            self.stack.remove(rows[:better])
            self.stack.append(strokes[:better], coverage[:better])

    def recolor(self) -> None:
        """Bring the colours nearer to those of the least squared error."""
        colors = solve_colors(self.stack.coverage, self.stack.colors, self._pixels, self._paper, _COLOR_ROUNDS)
        self.stack.recolor(colors)

    def finish(self) -> None:
        """Follow the perceptual loss from now on."""
        if not self.finishing:
            self.finishing = True
            self.stack.forget()

    def descend(self, learning_rate: float) -> float:
        """Move strokes, at most 256 at a time, down the gradient; returns the loss before."""
        rows = torch.randperm(len(self.stack), generator=self._generator)[:_BLOCK]
        logits, canvas = self.stack.render(rows)
        with torch.enable_grad():
            loss = self._pixel_loss(canvas, (self._state.target,))
            if self.finishing:
                loss = self._core.loss(canvas, self._state.target_features) + _PIXEL_WEIGHT * loss
        (gradient,) = torch.autograd.grad(loss, logits)
        self.stack.move(rows, gradient, learning_rate)
        return float(loss)

    def _pick(self, count: int, without: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        canvas = self.stack.canvas(without)[0]
        return pick_strokes(count, canvas, self._state.target[0], self._edges, self._core.painter, self._generator)
