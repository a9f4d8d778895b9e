"""Strokes under optimization: their logits, Adam's memory of each, and the coverage they were last rendered with."""

import torch
from torch import Tensor

from ...painters.canvas import composite
from ...painters.painter import Painter
from ...painters.stroke import COLOR, STROKE_LENGTH
from .config import StackConfig


class StrokeStack:
    """T strokes in painting order; strokes come and go, so Adam's steps are counted for each.

    Only the strokes that a step moves are rendered anew, with gradients; the coverage of all others is remembered.
    This is Adam (Kingma and Ba, 2015) on blocks of coordinates.

    Args:
        painter: strokes (N, 12) to coverage (N, 1, size, size).
        paper: (1, 3, size, size) in [0, 1], what they lie on.
        config: of Adam.
    """

    def __init__(self, painter: Painter, paper: Tensor, config: StackConfig) -> None:
        self._config = config
        self._painter = painter
        self._paper = paper
        self._size = size = paper.shape[-1]
        self.strokes = torch.empty(0, STROKE_LENGTH)
        """(T, 12) in [0, 1] as rendered: one step behind for those that moved since."""
        self.coverage = torch.empty(0, size * size)
        """(T, size * size) of ``strokes``."""
        self._logits = torch.empty(0, STROKE_LENGTH)
        self._mean = torch.empty(0, STROKE_LENGTH)
        self._square = torch.empty(0, STROKE_LENGTH)
        self._steps = torch.empty(0, 1)

    def __len__(self) -> int:
        return len(self.strokes)

    @property
    def colors(self) -> Tensor:
        """(T, 3) in [0, 1]."""
        return self.strokes[:, COLOR]

    def canvas(self, without: Tensor | None = None) -> Tensor:
        """(1, 3, size, size): what the remembered coverage gives, without the strokes of some numbers."""
        kept = self._others(without)
        return self._composite(self.coverage[kept], self.colors[kept])

    def append(self, strokes: Tensor, coverage: Tensor) -> None:
        """Lay strokes (N, 12) with their coverage (N, size * size) on top."""
        margin = self._config.margin
        strokes = strokes.clamp(margin, 1 - margin)
        self.strokes = torch.cat([self.strokes, strokes])
        self.coverage = torch.cat([self.coverage, coverage])
        self._logits = torch.cat([self._logits, strokes.logit()])
        self._mean = torch.cat([self._mean, torch.zeros_like(strokes)])
        self._square = torch.cat([self._square, torch.zeros_like(strokes)])
        self._steps = torch.cat([self._steps, torch.zeros(len(strokes), 1)])

    def remove(self, rows: Tensor) -> None:
        """Take strokes away by their numbers."""
        kept = self._others(rows)
        for part in ("strokes", "coverage", "_logits", "_mean", "_square", "_steps"):
            setattr(self, part, getattr(self, part)[kept])

    def recolor(self, colors: Tensor) -> None:
        """Give all strokes new colors (T, 3) in [0, 1]."""
        self.strokes[:, COLOR] = colors
        margin = self._config.margin
        self._logits[:, COLOR] = colors.clamp(margin, 1 - margin).logit()

    def forget(self) -> None:
        """Clear Adam's memory: for the gradients of another loss."""
        for memory in (self._mean, self._square, self._steps):
            memory.zero_()

    def render(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Render some strokes where they are now, among the remembered others.

        Returns:
            Their logits (N, 12), and the canvas (1, 3, size, size) with gradients to them.
        """
        logits = self._logits[rows].requires_grad_()
        with torch.enable_grad():
            moved = logits.sigmoid()
            coverage = self._painter(moved).flatten(1)
            self.strokes[rows], self.coverage[rows] = moved.detach(), coverage.detach()
            strokes = self.strokes.index_copy(0, rows, moved)
            canvas = self._composite(self.coverage.index_copy(0, rows, coverage), strokes[:, COLOR])
        return logits, canvas

    def move(self, rows: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Take one step of Adam with the gradient (N, 12) of the logits of ``rows``."""
        config, steps = self._config, self._steps[rows] + 1
        mean = torch.lerp(gradient, self._mean[rows], config.mean_decay)
        square = torch.lerp(gradient.square(), self._square[rows], config.square_decay)
        self._steps[rows], self._mean[rows], self._square[rows] = steps, mean, square
        mean = mean / (1 - config.mean_decay**steps)
        square = square / (1 - config.square_decay**steps)
        self._logits[rows] -= learning_rate * mean / (square.sqrt() + 1e-10)

    def _others(self, rows: Tensor | None) -> Tensor:
        others = torch.ones(len(self), dtype=torch.bool)
        if rows is not None:
            others[rows] = False
        return others

    def _composite(self, coverage: Tensor, colors: Tensor) -> Tensor:
        return composite(self._paper, coverage.view(1, -1, 1, self._size, self._size), colors[None])
