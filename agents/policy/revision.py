"""Revising finished paintings: all strokes are moved together, and those of least use are laid elsewhere.

A policy lays one stroke after the other, each the best for the canvas as it then is. Once all of them lie, earlier ones
are better a little elsewhere, in another color, or not at all.
"""

from bisect import bisect_left

import torch
from torch import Tensor

from ...envs.losses.loss import Loss, PixelLoss
from ...envs.views.canvas import observe
from ...painters.canvas import composite
from ...painters.painter import Painter
from ...painters.stroke import COLOR
from ...painters.styled import StyledPainter
from ..search.color import contributions, solve_colors
from ..search.refine import Slope, refine, squared_error
from .config import RevisionConfig
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
    """Lower the squared error of paintings by moving all of their strokes; then a perceptual loss, if one is asked for.

    Some of them are revised together. None depends on the others, but for the last digits of sums, and the host looks
    at no number of theirs, which a GPU would be waited for.

    Args:
        planner: proposes the strokes that are laid elsewhere; how often is in its configuration.
        strokes: (B, T, 12) in [0, 1], T >= 1, in painting order.
        canvas: (B, 3, 64, 64) in [0, 1] with them.
        paper: (B, 3, 64, 64) in [0, 1] that they lie on.
        target: (B, 3, 64, 64) in [0, 1].
        painter: turns strokes into ink.
        loss: what is lowered in the end; the squared error by default.

    Returns:
        The best strokes on the way (B, T, 12) in [0, 1], the given ones among them, and the canvases with them
        (B, 3, 64, 64).
    """
    config = planner.config.revision
    most = config.paintings_together(strokes.shape[1], strokes.device.type == "cpu")
    parts = zip(*(part.split(most) for part in (strokes, canvas, paper, target)), strict=True)
    revised = [_revise(_Revision(planner, painter, *part), config, loss) for part in parts]
    best_strokes, best_canvas = (torch.cat(part) for part in zip(*revised, strict=True))
    return best_strokes, best_canvas


def _revise(revision: "_Revision", config: RevisionConfig, loss: Loss | None) -> tuple[Tensor, Tensor]:
    rounds = config.rounds[bisect_left(config.most_strokes, revision.length)]
    for _ in range(rounds):
        revision.move()
        revision.relay(max(1, round(config.replaced_part * revision.length)))
    if rounds:
        revision.move()
    if loss is not None and not isinstance(loss, PixelLoss) and config.perceptual_rounds:
        revision.finish(loss)
    return revision.best


class _Revision:
    """Paintings with as many strokes each under revision, and the best that each was."""

    def __init__(
        self, planner: Planner, painter: Painter, strokes: Tensor, canvas: Tensor, paper: Tensor, target: Tensor
    ) -> None:
        self._planner, self._painter = planner, painter
        self._config = planner.config.revision
        self._proxy = planner.proxy(paper.device, painter.ribbon)
        self._paper, self._target = paper, target
        self._strokes, self._canvas = strokes, canvas
        self.best, self._least = (strokes, canvas), self._error()
        self.length = strokes.shape[1]

    def move(self) -> None:
        """Move all strokes together, in the proxy's ink, and solve for their colors in the painter's."""
        strokes = self._moved(squared_error(self._target))
        self._coverage = self._covered(strokes)
        colors = solve_colors(
            self._coverage.flatten(2),
            strokes[..., COLOR],
            self._target.flatten(2),
            self._paper.flatten(2),
            self._config.color_rounds,
            self._config.color_ridge,
        )
        colored = torch.cat([strokes[..., : COLOR.start], colors, strokes[..., COLOR.stop :]], -1)
        self._strokes = self._in_style(colored)
        self._canvas = self._on_paper(self._strokes, self._coverage)
        self._keep_best(self._error())

    def finish(self, loss: Loss) -> None:
        """Move the best strokes down the gradient of a perceptual loss and of a part of the squared error."""
        objective = _Objective(loss, self._target, self._config.pixel_weight)
        self._strokes, self._canvas = self.best
        self._least = objective(self._canvas)
        for _ in range(self._config.perceptual_rounds):
            self._strokes = self._moved(objective.slope)
            self._canvas = self._on_paper(self._strokes, self._covered(self._strokes))
            self._keep_best(objective(self._canvas))

    def _moved(self, slope: Slope) -> Tensor:
        """The strokes moved down a slope, in the proxy's ink and within the style."""
        # What the proxy's canvas lacks of the painter's stays about the same while strokes move a little.
        drawn = self._proxy(self._strokes.flatten(0, 1)).unflatten(0, self._strokes.shape[:2])
        lacking = (self._canvas - self._on_paper(self._strokes, drawn)).flatten(2)
        moved = refine(self._strokes, self._paper, lambda seen: slope(seen + lacking), self._proxy, self._config.refine)
        return self._in_style(moved)

    def relay(self, count: int) -> None:
        """Take away the ``count`` strokes of each that would be missed least, and lay as many where the policy says."""
        target, paper = self._target.flatten(2), self._paper.flatten(2)
        costs = contributions(self._coverage.flatten(2), self._strokes[..., COLOR], target, paper)
        kept = costs.argsort(1, descending=True)[:, : self.length - count].sort(1).values
        step = strokes_per_step(self.length, self._planner.config.schedule)
        kept = kept + self.length * torch.arange(len(kept), device=kept.device)[:, None]
        self._strokes, coverage = (part.flatten(0, 1)[kept] for part in (self._strokes, self._coverage))
        self._canvas = self._on_paper(self._strokes, coverage)
        while count:
            observation = observe(self._canvas, self._target, self._canvas.new_full((len(kept),), count))
            laid = self._in_style(self._planner(observation, min(step, count), self._painter.ribbon))
            self._strokes = torch.cat([self._strokes, laid], 1)
            self._canvas = composite(self._canvas, self._covered(laid), laid[..., COLOR])
            count -= laid.shape[1]

    def _covered(self, strokes: Tensor) -> Tensor:
        """Coverage (B, T, 1, 64, 64) in [0, 1] of strokes (B, T, 12)."""
        coverage: Tensor = self._painter(strokes.flatten(0, 1)).unflatten(0, strokes.shape[:2])
        return coverage

    def _on_paper(self, strokes: Tensor, coverage: Tensor) -> Tensor:
        return composite(self._paper, coverage, strokes[..., COLOR])

    def _in_style(self, strokes: Tensor) -> Tensor:
        return self._painter.style.apply(strokes) if isinstance(self._painter, StyledPainter) else strokes

    def _error(self) -> Tensor:
        return (self._canvas - self._target).square().flatten(1).mean(1)

    def _keep_best(self, now: Tensor) -> None:
        """Note those paintings that are better by what is lowered, (B,), than they ever were."""
        better = now < self._least
        strokes = torch.where(better[:, None, None], self._strokes, self.best[0])
        self.best = strokes, torch.where(better[:, None, None, None], self._canvas, self.best[1])
        self._least = torch.where(better, now, self._least)


class _Objective:
    """A perceptual loss and a part of the squared error, each for its own picture."""

    def __init__(self, loss: Loss, target: Tensor, pixel_weight: float) -> None:
        self._loss, self._pixel_weight, self._pixels = loss, pixel_weight, PixelLoss()
        # Tensors of inference mode, in which agents work, have no part in a gradient.
        with torch.inference_mode(False):
            target = target.clone()
            self._features, self._target = loss.features(target), self._pixels.features(target)

    def __call__(self, canvas: Tensor) -> Tensor:
        """The objectives (B,) of canvases (B, 3, 64, 64)."""
        objective: Tensor = self._loss(canvas, self._features)
        objective = objective + self._pixel_weight * self._pixels(canvas, self._target)
        return objective

    def slope(self, painted: Tensor) -> Tensor:
        """Their gradients (B, 3, P) to canvases (B, 3, P), each in units of a summed squared error."""
        with torch.inference_mode(False), torch.enable_grad():
            canvas = painted.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(self(canvas.unflatten(2, self._target[0].shape[2:])).sum(), canvas)
        return gradient * (painted[0].numel() / self._pixel_weight)
