"""How far a canvas is from its target: what every loss provides, and the plain pixel loss."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from ...errors import InvalidInputError
from .names import PIXEL_LOSS

Features = tuple[Tensor, ...]
"""What a loss remembers of its targets; every tensor has the batch as its first dimension."""


class Loss(nn.Module, ABC):
    """A distance between canvases and targets, differentiable in the canvas.

    The target's side is computed once an episode by ``features`` and handed to each call::

        target_features = loss.features(target)
        distance = loss(canvas, target_features)  # (B,)

    Rows of features can be picked or replaced like rows of the targets themselves.
    """

    name: str

    @abstractmethod
    def features(self, target: Tensor) -> Features:
        """Everything the loss needs of targets (B, 3, H, W) in [0, 1], without gradients."""

    @abstractmethod
    def forward(self, canvas: Tensor, target_features: Features) -> Tensor:
        """Distances (B,), at least 0.

        Args:
            canvas: (B, 3, H, W) in [0, 1].
            target_features: from ``features`` with B targets of the same size, or with one for all canvases.
        """


class PixelLoss(Loss):
    """Mean squared error over pixels and channels: 0 for equal pictures, 1 for black against white."""

    name = PIXEL_LOSS

    def features(self, target: Tensor) -> Features:
        """The target itself."""
        check_pictures("target", target)
        return (target.detach(),)

    def forward(self, canvas: Tensor, target_features: Features) -> Tensor:
        """Distances (B,) in [0, 1]."""
        (target,) = target_features
        check_pair(canvas, target)
        return (canvas - target).square().flatten(1).mean(1)


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
