"""Optimizing all strokes of a canvas together: growing, moving, recoloring them, and laying useless ones elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ...envs.core import PaintingCore
from ...envs.losses.loss import PixelLoss
from ...envs.state import PaintingState
from ...painters.neural.straight_through import pass_straight_through
from .color import contributions, solve_colors
from .config import OptimizerConfig
from .proposals import EdgeField, pick_strokes
from .stroke_stack import StrokeStack

Proposer = Callable[[Tensor, int, int], Tensor]
"""Canvas (1, 3, 64, 64), how many strokes to lay on it now, and how many are left in all, to strokes (N, 12)."""


class StrokeOptimizer:
    """One painting in the making, and what can be done to it.

    Args:
        core: the environment that is painted in: its painter, its loss, and how many strokes there are to be.
        state: the canvas that is painted on, and the target, a batch of one.
        generator: source of random numbers.
        config: what is done when, and how much of it.
        proposer: who proposes strokes; by default they are picked among random ones.
        straight_through: whether strokes move by the proxy renderer's gradient where the painter's ink has grain.
    """

    def __init__(
        self,
        core: PaintingCore,
        state: PaintingState,
        generator: torch.Generator,
        config: OptimizerConfig,
        proposer: Proposer | None = None,
        straight_through: bool = True,
    ) -> None:
        painter = pass_straight_through(core.painter) if straight_through else core.painter
        self.stack = StrokeStack(painter, state.canvas, config.stack)
        self.finishing = False
        """Whether ``descend`` follows the perceptual loss yet, not the squared error alone."""
        self._core = core
        self._state = state
        self._generator = generator
        self._config = config
        self._proposer = proposer
        self._edges = EdgeField(state.target[0], config.proposals)
        self._pixel_loss = PixelLoss()
        self._pixels = state.target[0].flatten(1)
        self._paper = state.canvas[0].flatten(1)

    def grow(self, count: int) -> None:
        """Lay strokes where they gain most, or those proposed, until there are ``count``."""
        lacking = count - len(self.stack)
        if lacking > 0:
            if self._proposer is None:
                strokes, coverage, _ = self._pick(lacking)
            else:
                strokes = self._proposer(self.stack.canvas(), lacking, self._core.stroke_budget - len(self.stack))
                coverage = self._core.painter(strokes).flatten(1)
            self.stack.append(strokes, coverage)

    def spare(self, part: float) -> None:
        """Try that part as many strokes for each that is laid from now on, and one at least."""
        proposals = self._config.proposals
        fewer = replace(proposals, candidates=max(1, int(part * proposals.candidates)))
        self._config = replace(self._config, proposals=fewer)

    def replace_useless(self) -> None:
        """Take away the strokes that are worth least, and lay as many that are worth more."""
        useless = max(1, round(self._config.replaced_part * len(self.stack)))
        costs = contributions(self.stack.coverage, self.stack.colors, self._pixels, self._paper)
        costs, rows = costs.topk(useless, largest=False)
        strokes, coverage, gains = self._pick(useless, without=rows)
        better = int((gains > costs).sum())
        if better:
            self.stack.remove(rows[:better])
            self.stack.append(strokes[:better], coverage[:better])

    def recolor(self) -> None:
        """Bring the colors nearer to those of the least squared error."""
        stack, config = self.stack, self._config
        stack.recolor(
            solve_colors(
                stack.coverage, stack.colors, self._pixels, self._paper, config.color_rounds, config.color_ridge
            )
        )

    def finish(self) -> None:
        """Follow the perceptual loss from now on."""
        if not self.finishing:
            self.finishing = True
            self.stack.forget()

    def descend(self, learning_rate: float) -> float:
        """Move strokes, at most a batch at a time, down the gradient; returns the loss before."""
        rows = torch.randperm(len(self.stack), generator=self._generator)[: self._config.batch_size]
        logits, canvas = self.stack.render(rows)
        with torch.enable_grad():
            loss = self._pixel_loss(canvas, (self._state.target,))
            if self.finishing:
                loss = self._core.loss(canvas, self._state.target_features) + self._config.pixel_weight * loss
        (gradient,) = torch.autograd.grad(loss, logits)
        self.stack.move(rows, gradient, learning_rate)
        return float(loss)

    def _pick(self, count: int, without: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        canvas = self.stack.canvas(without)[0]
        return pick_strokes(
            count,
            canvas,
            self._state.target[0],
            self._edges,
            self._core.painter,
            self._generator,
            self._config.proposals,
        )
