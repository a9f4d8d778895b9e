"""How far a canvas is from its target: what every loss provides, and the plain pixel loss."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from ...errors import InvalidInputError
from .names import PIXEL_LOSS

Features = tuple[Tensor, ...]
"""What a loss remembers of its targets; every tensor has the batch as its first dimension."""


class Loss(nn.Module, ABC):
    """A distance between canvases and targets, differentiable in the canvas.

    The target's side is computed once an episode by ``features`` and handed to each call; or a target is, once::

        target_features = loss.features(target)
        distance = loss(canvas, target_features)  # (B,)

    Rows of features can be picked or replaced like rows of the targets themselves.

    Examples:
        >>> import torch
        >>> loss = PixelLoss()
        >>> canvas, target = torch.ones(2, 3, 8, 8), torch.full((1, 3, 8, 8), 0.5)
        >>> loss(canvas, target), loss(canvas, loss.features(target))
        (tensor([0.2500, 0.2500]), tensor([0.2500, 0.2500]))
    """

    name: str

    @abstractmethod
    def features(self, target: Tensor) -> Features:
        """Everything the loss needs of targets (B, 3, H, W) in [0, 1], without gradients."""

    @abstractmethod
    def forward(self, canvas: Tensor, target: Features | Tensor) -> Tensor:
        """Distances (B,), at least 0.

        Args:
            canvas: (B, 3, H, W) in [0, 1].
            target: what ``features`` made of B targets of the same size, or of one for all canvases; or these targets.

        Raises:
            InvalidInputError: canvas and target differ in size.
        """

    def features_of(self, target: Features | Tensor) -> Features:
        """What ``forward`` was given, as features."""
        return self.features(target) if isinstance(target, Tensor) else target


class PixelLoss(Loss):
    """Mean squared error over pixels and channels: 0 for equal pictures, 1 for black against white."""

    name = PIXEL_LOSS

    def features(self, target: Tensor) -> Features:
        """The target itself."""
        check_pictures("target", target)
        return (target.detach(),)

    def forward(self, canvas: Tensor, target: Features | Tensor) -> Tensor:
        """Distances (B,) in [0, 1]."""
        (pictures,) = self.features_of(target)
        check_pair(canvas, pictures)
        return (canvas - pictures).square().flatten(1).mean(1)


def check_pictures(what: str, pictures: Tensor) -> None:
    """Raise InvalidInputError unless ``pictures`` is (B, 3, H, W)."""
    if pictures.ndim != 4 or pictures.shape[1] != 3:
        raise InvalidInputError(
            f"{what} has shape {tuple(pictures.shape)}, expected (B, 3, H, W); add the batch with [None]"
        )


def check_pair(canvas: Tensor, target: Tensor) -> None:
    """Raise InvalidInputError unless canvases (B, C, H, W) and targets (B or 1, C, H, W) can be compared."""
    check_pictures("canvas", canvas)
    if canvas.shape[1:] != target.shape[1:] or target.shape[0] not in (1, canvas.shape[0]):
        raise InvalidInputError(
            f"canvas {tuple(canvas.shape)} and target {tuple(target.shape)} differ in shape; expected the same "
            "picture size and as many targets as canvases, or one"
        )
