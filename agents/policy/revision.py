"""Revising a finished painting: all strokes are moved together, and those of least use are laid elsewhere.

A policy lays one stroke after the other, each the best for the canvas as it then is. Once all of them lie, earlier ones
are better a little elsewhere, in another color, or not at all.
"""

from bisect import bisect_left

import torch
from torch import Tensor

from ...envs.losses.loss import Loss, PixelLoss
from ...envs.views import observe
from ...painters.canvas import composite
from ...painters.painter import Painter
from ...painters.stroke import COLOR
from ...painters.styled import StyledPainter
from ..search.color import contributions, solve_colors
from ..search.refine import Slope, refine, squared_error
from .planner import Planner
from .schedule import strokes_per_step


@torch.no_grad()
def revise(
    planner: Planner,
    strokes: Tensor,
    canvas: Tensor,
    paper: Tensor,
    target: Tensor,
    painter: Painter,
    loss: Loss | None = None,
) -> tuple[Tensor, Tensor]:
    """Lower the squared error of a painting by moving all of its strokes; then a perceptual loss, if one is asked for.

    Args:
        planner: proposes the strokes that are laid elsewhere; how often is in its configuration.
        strokes: (T, 12) in [0, 1], T >= 1, in painting order.
        canvas: (3, 64, 64) in [0, 1] with them.
        paper: (3, 64, 64) in [0, 1] that they lie on.
        target: (3, 64, 64) in [0, 1].
        painter: turns strokes into ink.
        loss: what is lowered in the end; the squared error by default.

    Returns:
        The best strokes on the way (T, 12) in [0, 1], the given ones among them, and the canvas with them (3, 64, 64).
    """
    config, revision = planner.config.revision, _Revision(planner, strokes, canvas, paper, target, painter)
    rounds = config.rounds[bisect_left(config.most_strokes, len(strokes))]
    for _ in range(rounds):
        revision.move()
        revision.relay(max(1, round(config.replaced_part * len(strokes))))
    if rounds:
        revision.move()
    if loss is not None and not isinstance(loss, PixelLoss) and config.perceptual_rounds:
        revision.finish(loss)
    return revision.best


class _Revision:
    """One painting under revision, and the best that it was."""

    def __init__(
        self, planner: Planner, strokes: Tensor, canvas: Tensor, paper: Tensor, target: Tensor, painter: Painter
    ) -> None:
        self._planner, self._painter = planner, painter
        self._config = planner.config.revision
        self._proxy = planner.proxy(paper.device, painter.ribbon)
        self._paper, self._target = paper[None], target[None]
        self._strokes, self._canvas = strokes, canvas[None]
        self.best, self._least = (strokes, canvas), self._error()

    def move(self) -> None:
        """Move all strokes together, in the proxy's ink, and solve for their colors in the painter's."""
        strokes = self._moved(squared_error(self._target))
        self._coverage = self._painter(strokes)
        colors = solve_colors(
            self._coverage.flatten(1),
            strokes[:, COLOR],
            self._target[0].flatten(1),
            self._paper[0].flatten(1),
            self._config.color_rounds,
            self._config.color_ridge,
        )
        colored = torch.cat([strokes[:, : COLOR.start], colors, strokes[:, COLOR.stop :]], 1)
        self._strokes = self._in_style(colored)
        self._canvas = self._on_paper(self._strokes, self._coverage)
        error = self._error()
        if error < self._least:
            self.best, self._least = (self._strokes, self._canvas[0]), error

    def finish(self, loss: Loss) -> None:
        """Move the best strokes down the gradient of a perceptual loss and of a part of the squared error."""
        objective = _Objective(loss, self._target, self._config.pixel_weight)
        self._strokes, self._canvas = self.best[0], self.best[1][None]
        least = float(objective(self._canvas))
        for _ in range(self._config.perceptual_rounds):
            self._strokes = self._moved(objective.slope)
            self._canvas = self._on_paper(self._strokes, self._painter(self._strokes))
            now = float(objective(self._canvas))
            if now < least:
                self.best, least = (self._strokes, self._canvas[0]), now

    def _moved(self, slope: Slope) -> Tensor:
        """The strokes moved down a slope, in the proxy's ink and within the style."""
        # What the proxy's canvas lacks of the painter's stays about the same while strokes move a little.
        lacking = (self._canvas - self._on_paper(self._strokes, self._proxy(self._strokes))).flatten(2)
        moved = refine(
            self._strokes[None], self._paper, lambda seen: slope(seen + lacking), self._proxy, self._config.refine
        )
        return self._in_style(moved[0])

    def relay(self, count: int) -> None:
        """Take away the ``count`` strokes that would be missed least, and lay as many where the policy wants them."""
        target, paper = self._target[0].flatten(1), self._paper[0].flatten(1)
        costs = contributions(self._coverage.flatten(1), self._strokes[:, COLOR], target, paper)
        kept = costs.argsort(descending=True)[: len(costs) - count].sort().values
        step = strokes_per_step(len(costs), self._planner.config.schedule)
        self._strokes = self._strokes[kept]
        self._canvas = self._on_paper(self._strokes, self._coverage[kept]) if len(kept) else self._paper
        while count:
            observation = observe(self._canvas, self._target, self._canvas.new_tensor([count]))
            laid = self._in_style(self._planner(observation, min(step, count), self._painter.ribbon)[0])
            self._strokes = torch.cat([self._strokes, laid])
            self._canvas = composite(self._canvas, self._painter(laid)[None], laid[None, :, COLOR])
            count -= len(laid)

    def _on_paper(self, strokes: Tensor, coverage: Tensor) -> Tensor:
        return composite(self._paper, coverage[None], strokes[None, :, COLOR])

    def _in_style(self, strokes: Tensor) -> Tensor:
        return self._painter.style.apply(strokes) if isinstance(self._painter, StyledPainter) else strokes

    def _error(self) -> float:
        return float((self._canvas - self._target).square().mean())


class _Objective:
    """A perceptual loss and a part of the squared error, for one picture."""

    def __init__(self, loss: Loss, target: Tensor, pixel_weight: float) -> None:
        self._loss, self._pixel_weight, self._pixels = loss, pixel_weight, PixelLoss()
        # Tensors of inference mode, in which agents work, have no part in a gradient.
        with torch.inference_mode(False):
            target = target.clone()
            self._features, self._target = loss.features(target), self._pixels.features(target)

    def __call__(self, canvas: Tensor) -> Tensor:
        """The objective (1,) of a canvas (1, 3, 64, 64)."""
        objective: Tensor = self._loss(canvas, self._features)
        objective = objective + self._pixel_weight * self._pixels(canvas, self._target)
        return objective

    def slope(self, painted: Tensor) -> Tensor:
        """Its gradient (1, 3, P) to a canvas (1, 3, P), in units of a summed squared error."""
        with torch.inference_mode(False), torch.enable_grad():
            canvas = painted.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(self(canvas.unflatten(2, self._target[0].shape[2:])).sum(), canvas)
        return gradient * (painted.numel() / self._pixel_weight)
