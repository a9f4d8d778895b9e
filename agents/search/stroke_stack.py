"""Strokes under optimization: their logits, Adam's memory of each, and the coverage they were last rendered with."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...painters.canvas import composite
from ...painters.device import upload
from ...painters.painter import Painter
from ...painters.stroke import COLOR, STROKE_LENGTH
from .config import StackConfig
from .matching_pursuit import beyond, rows_of

_PARTS = ("strokes", "coverage", "_logits", "_mean", "_square", "_steps")


class StrokeStack:
    """Strokes of B canvases in painting order; strokes come and go, so Adam's steps are counted for each.

    Only the strokes that a step moves are rendered anew, with gradients; the coverage of all others is remembered.
    This is Adam (Kingma and Ba, 2015) on blocks of coordinates. Canvases with fewer strokes than others have rows of no
    coverage after their own, which do nothing.

    Args:
        painter: strokes (N, 12) to coverage (N, 1, size, size).
        paper: (B, 3, size, size) in [0, 1], what they lie on.
        config: of Adam.
    """

    def __init__(self, painter: Painter, paper: Tensor, config: StackConfig) -> None:
        self._config = config
        self._painter = painter
        self._paper = paper
        self._size = size = paper.shape[-1]
        self.counts = [0] * len(paper)
        """Strokes of each canvas."""
        self.strokes = paper.new_empty(len(paper), 0, STROKE_LENGTH)
        """(B, T, 12) in [0, 1] as rendered: one step behind for those that moved since."""
        self.coverage = paper.new_empty(len(paper), 0, size * size)
        """(B, T, size * size) of ``strokes``."""
        self._logits = self._mean = self._square = self.strokes
        self._steps = paper.new_empty(len(paper), 0, 1)
        self._every: Tensor | None = None

    @property
    def colors(self) -> Tensor:
        """(B, T, 3) in [0, 1]."""
        return self.strokes[..., COLOR]

    @property
    def beyond(self) -> Tensor:
        """(B, T) which rows are no strokes."""
        return beyond(self.counts, self.strokes.shape[1], self.strokes.device)

    def canvas(self, without: Tensor | None = None) -> Tensor:
        """(B, 3, size, size): what the remembered coverage gives, without those strokes of (B, T) that are marked."""
        coverage = self.coverage if without is None else self.coverage.masked_fill(without[..., None], 0.0)
        return self._composite(coverage, self.colors)

    def append(self, counts: Sequence[int], strokes: Tensor, coverage: Tensor) -> None:
        """Lay the first ``counts`` of strokes (B, N, 12) with their coverage (B, N, size * size) on top."""
        before, self.counts = self.counts, [old + new for old, new in zip(self.counts, counts, strict=True)]
        alike = min(before) == max(before) and min(counts) == max(counts)
        more = max(self.counts) - self.strokes.shape[1]
        new = [(row, number) for row, count in enumerate(counts) for number in range(count)]
        rows, numbers = upload([n for pair in new for n in pair], strokes.device).view(-1, 2).T
        places = numbers + upload(before, strokes.device)[rows]
        for name, value in self._begun(strokes, coverage).items():
            part = F.pad(getattr(self, name), (0, 0, 0, more))
            if alike:
                part[:, before[0] :] = value[:, : counts[0]]
            else:
                part[rows, places] = value[rows, numbers]
            setattr(self, name, part)
        self._every = None

    def lay_elsewhere(self, rows: Tensor, numbers: Tensor, strokes: Tensor, coverage: Tensor) -> None:
        """Take strokes of each canvas away, and lay as many others on top.

        Args:
            rows: (B, N) int64 which strokes may go.
            numbers: (B,) how many of these do, from the first.
            strokes: (B, N, 12) in [0, 1], of which as many are laid, from the first.
            coverage: (B, N, size * size) of these.
        """
        length, more = self.strokes.shape[1], rows.shape[1]
        number = torch.arange(more, device=rows.device)
        # The strokes that stay come first, then those that go, then the rows that are none.
        order = torch.arange(length, device=rows.device) + 2 * length * self.beyond
        going = torch.where(number < numbers[:, None], length + number, order.gather(1, rows))
        order = order.scatter(1, rows, going).argsort(1)
        kept = upload(self.counts, rows.device) - numbers
        laid = torch.arange(length, device=rows.device) - kept[:, None]
        new = ((laid >= 0) & (laid < numbers[:, None]))[..., None]
        laid = laid.clamp(0, more - 1)
        for name, value in self._begun(strokes, coverage).items():
            setattr(self, name, torch.where(new, rows_of(value, laid), rows_of(getattr(self, name), order)))

    def _begun(self, strokes: Tensor, coverage: Tensor) -> dict[str, Tensor]:
        """What is remembered of strokes that are laid."""
        margin = self._config.margin
        strokes = strokes.clamp(margin, 1 - margin)
        none = torch.zeros_like(strokes)
        return dict(zip(_PARTS, (strokes, coverage, strokes.logit(), none, none, none[..., :1]), strict=True))

    def recolor(self, colors: Tensor) -> None:
        """Give all strokes new colors (B, T, 3) in [0, 1]."""
        self.strokes[..., COLOR] = colors
        margin = self._config.margin
        self._logits[..., COLOR] = colors.clamp(margin, 1 - margin).logit()

    def forget(self) -> None:
        """Clear Adam's memory: for the gradients of another loss."""
        for memory in (self._mean, self._square, self._steps):
            memory.zero_()

    def rows(self, most: int, generators: Sequence[torch.Generator]) -> Tensor:
        """Some strokes of each canvas, drawn at random where it has more than ``most``: (N,) numbers of B * T rows."""
        length = self.strokes.shape[1]
        if max(self.counts) <= most:
            if self._every is None:
                own = [row * length + number for row, count in enumerate(self.counts) for number in range(count)]
                self._every = upload(own, self.strokes.device)
            return self._every
        drawn = [
            row * length + torch.randperm(count, generator=generator, device="cpu")[:most]
            for row, (count, generator) in enumerate(zip(self.counts, generators, strict=True))
        ]
        return torch.cat(drawn).to(self.strokes.device, non_blocking=True)

    def render(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Render some strokes where they are now, among the remembered others.

        Args:
            rows: (N,) int64 numbers of B * T rows, as ``rows`` gives them.

        Returns:
            Their logits (N, 12), and the canvases (B, 3, size, size) with gradients to them.
        """
        logits = self._flat("_logits")[rows].requires_grad_()
        strokes, remembered = self._flat("strokes"), self._flat("coverage")
        shape = self.strokes.shape[:2]
        with torch.enable_grad():
            moved = logits.sigmoid()
            coverage = self._painter(moved).flatten(1)
            if len(rows) < len(strokes):
                strokes[rows], remembered[rows] = moved.detach(), coverage.detach()
                moved, coverage = strokes.index_copy(0, rows, moved), remembered.index_copy(0, rows, coverage)
            else:
                # All of them, in their order: nothing has to be put anywhere.
                self.strokes, self.coverage = (values.detach().unflatten(0, shape) for values in (moved, coverage))
            canvas = self._composite(coverage.unflatten(0, shape), moved.unflatten(0, shape)[..., COLOR])
        return logits, canvas

    def move(self, rows: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Take one step of Adam with the gradient (N, 12) of the logits of ``rows``."""
        config = self._config
        logits, means, squares, taken = map(self._flat, ("_logits", "_mean", "_square", "_steps"))
        steps = taken[rows] + 1
        mean = torch.lerp(gradient, means[rows], config.mean_decay)
        square = torch.lerp(gradient.square(), squares[rows], config.square_decay)
        taken[rows], means[rows], squares[rows] = steps, mean, square
        mean = mean / (1 - config.mean_decay**steps)
        square = square / (1 - config.square_decay**steps)
        logits[rows] -= learning_rate * mean / (square.sqrt() + 1e-10)

    def _flat(self, name: str) -> Tensor:
        """Rows of all canvases, one after the other, to be changed in place."""
        part: Tensor = getattr(self, name)
        return part.view(-1, part.shape[2])

    def _composite(self, coverage: Tensor, colors: Tensor) -> Tensor:
        return composite(self._paper, coverage.unflatten(2, (1, self._size, self._size)), colors)
