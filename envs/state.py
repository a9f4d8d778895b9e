"""What is known of half-painted pictures: the state of the environment."""

from dataclasses import dataclass, replace

from torch import Tensor

from .losses.loss import Features


@dataclass(frozen=True, eq=False)
class PaintingState:
    """B half-painted pictures. States are never changed, only replaced, but for ``overwrite``.

    Attributes:
        canvas: (B, 3, size, size) float32 in [0, 1].
        target: (B, 3, size, size) float32 in [0, 1].
        target_features: what the loss remembers of the targets, computed once an episode.
        loss: (B,) distance between canvas and target.
        first_loss: (B,) the same of the paper, before the first stroke.
        stroke_budget: (B,) int64, strokes of the whole episode; every picture has its own.
        strokes_left: (B,) int64 in [0, stroke_budget].
        focus: (B, 2) as x, y in pixels, where a view with a window looks, or (B, 3) with by how many radians that is
            turned; None for other views.
    """

    canvas: Tensor
    target: Tensor
    target_features: Features
    loss: Tensor
    first_loss: Tensor
    stroke_budget: Tensor
    strokes_left: Tensor
    focus: Tensor | None = None

    def overwrite(self, rows: Tensor, other: "PaintingState") -> None:
        """Put the N pictures of ``other`` in the place of ``rows``, (N,) int64.

        For an owner who shares the state with nobody: replacing it would copy the features of all B targets.
        """
        for mine, theirs in zip(self.tensors(), other.tensors(), strict=True):
            mine[rows] = theirs

    def detached(self) -> "PaintingState":
        """The same without gradients to what led here."""
        return replace(self, canvas=self.canvas.detach(), loss=self.loss.detach())

    def tensors(self) -> tuple[Tensor, ...]:
        """All of it, in an order that is the same for all states of one core."""
        numbers = (self.loss, self.first_loss, self.stroke_budget, self.strokes_left)
        focus = () if self.focus is None else (self.focus,)
        return (self.canvas, self.target, *self.target_features, *numbers, *focus)
