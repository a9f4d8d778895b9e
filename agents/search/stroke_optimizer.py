"""Optimizing all strokes of canvases together: growing, moving, recoloring them, and laying useless ones elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...envs.core import PaintingCore
from ...envs.losses.loss import PixelLoss
from ...envs.state import PaintingState
from ...painters.device import upload
from ...painters.neural.straight_through import pass_straight_through
from .color import contributions, solve_colors
from .config import OptimizerConfig
from .proposals import EdgeField, pick_strokes, render
from .stroke_stack import StrokeStack

Proposer = Callable[[Tensor, int, int], Tensor]
"""Canvases (B, 3, 64, 64), how many strokes to lay on each now, and how many each has, to strokes (B, N, 12)."""


class StrokeOptimizer:
    """B paintings in the making, and what can be done to them. None depends on the others, but for digits of sums.

    Args:
        core: the environment that is painted in: its painter, and its loss.
        state: the canvases that are painted on, and the targets.
        generators: sources of random numbers, one for each.
        config: what is done when, and how much of it.
        proposer: who proposes strokes; by default they are picked among random ones.
        straight_through: whether strokes move by the proxy renderer's gradient where the painter's ink has grain.
    """

    def __init__(
        self,
        core: PaintingCore,
        state: PaintingState,
        generators: Sequence[torch.Generator],
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
        self._generators = generators
        self._config = config
        self._proposer = proposer
        self._edges = EdgeField(state.target, config.proposals)
        self._pixel_loss = PixelLoss()
        self._pixels = state.target.flatten(2)
        self._paper = state.canvas.flatten(2)

    def grow(self, counts: Sequence[int]) -> None:
        """Lay strokes where they gain most, or those proposed, until each painting has so many."""
        lacking = [max(0, count - old) for count, old in zip(counts, self.stack.counts, strict=True)]
        if not any(lacking):
            return
        if self._proposer is None:
            strokes, coverage, _ = self._pick(lacking)
        else:
            strokes = self._proposer(self.stack.canvas(), max(lacking), max(self.stack.counts))
            most = self._config.proposals.render_size
            coverage = render(self._core.painter, strokes.flatten(0, 1), most).unflatten(0, strokes.shape[:2])
        self.stack.append(lacking, strokes, coverage)

    def spare(self, part: float) -> None:
        """Try that part as many strokes for each that is laid from now on, and one at least."""
        proposals = self._config.proposals
        fewer = replace(proposals, candidates=max(1, int(part * proposals.candidates)))
        self._config = replace(self._config, proposals=fewer)

    def replace_useless(self) -> None:
        """Take away the strokes that are worth least, and lay as many that are worth more."""
        stack = self.stack
        useless = [max(1, round(self._config.replaced_part * count)) for count in stack.counts]
        costs = contributions(stack.coverage, stack.colors, self._pixels, self._paper)
        costs, rows = costs.masked_fill(stack.beyond, torch.inf).topk(max(useless), largest=False)
        own = torch.arange(max(useless), device=rows.device) < upload(useless, rows.device)[:, None]
        gone = torch.zeros_like(stack.beyond).scatter(1, rows, own)
        strokes, coverage, gains = self._pick(useless, gone)
        stack.lay_elsewhere(rows, ((gains > costs) & own).sum(1), strokes, coverage)

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

    def descend(self, learning_rate: float) -> Tensor:
        """Move strokes, at most a batch of each painting, down the gradient; returns the losses (B,) before."""
        rows = self.stack.rows(self._config.batch_size, self._generators)
        logits, canvas = self.stack.render(rows)
        with torch.enable_grad():
            loss: Tensor = self._pixel_loss(canvas, (self._state.target,))
            if self.finishing:
                loss = self._core.loss(canvas, self._state.target_features) + self._config.pixel_weight * loss
            (gradient,) = torch.autograd.grad(loss.sum(), logits)
        self.stack.move(rows, gradient, learning_rate)
        return loss.detach()

    def _pick(self, counts: Sequence[int], without: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        return pick_strokes(
            counts,
            self.stack.canvas(without),
            self._state.target,
            self._edges,
            self._core.painter,
            self._generators,
            self._config.proposals,
        )
