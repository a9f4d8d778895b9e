"""The perceptual loss: relative distances of a network's features. Each network has a module of its own.

After Gatys, Ecker and Bethge, "A neural algorithm of artistic style", 2015 (the content loss), with each
layer measured against the size of the target's own features, so that the loss means the same whatever
scale a set of weights gives its activations.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..errors import InvalidInputError
from .lite import load_lite
from .loss import Features, Loss, check_pair, check_pictures
from .vgg import load_vgg19

NETWORKS: dict[str, Callable[[], nn.Module]] = {"vgg19": load_vgg19, "lite": load_lite}
"""Networks by name: each turns pictures (B, 3, H, W) in [0, 1] into a tuple of feature maps (B, C, h, w)."""

MINIMUM_SIZE = 8
"""Side of the smallest picture: VGG19 halves it three times."""

_EPSILON = 1e-8


class PerceptualLoss(Loss):
    """Mean over layers of ||f(canvas) - f(target)||^2 / (||f(target)||^2 + eps).

    Args:
        name: network whose features are compared: ``"vgg19"`` (relu1_2, relu2_2, relu3_4 and relu4_4), or
            ``"lite"``, a small one of our own that ships with the package.
        network: one of your own instead, as ``NETWORKS`` describes them; ``name`` is then what it is called.

    Raises:
        InvalidInputError: unknown network.
        MissingDataError: its weights are neither in the data folder nor to be downloaded.
    """

    def __init__(self, name: str = "vgg19", network: nn.Module | None = None) -> None:
        super().__init__()
        if network is None and name not in NETWORKS:
            raise InvalidInputError(f"there is no perceptual network {name!r}; expected one of {', '.join(NETWORKS)}")
        self.name = name
        self.network = network or NETWORKS[name]()

    @torch.no_grad()
    def features(self, target: Tensor) -> Features:
        """The target, its feature maps and, for each of them, its squared norm (B,)."""
        check_pictures("target", target)
        if min(target.shape[2:]) < MINIMUM_SIZE:
            raise InvalidInputError(
                f"target has shape {tuple(target.shape)}, expected at least {MINIMUM_SIZE} x {MINIMUM_SIZE} pixels"
            )
        maps = self.network(target)
        return (target.detach(), *maps, *(values.square().sum((1, 2, 3)) for values in maps))

    def forward(self, canvas: Tensor, target_features: Features) -> Tensor:
        """Distances (B,): 0 for equal pictures, 1 where the difference is as large as the target's features."""
        target, *rest = target_features
        check_pair(canvas, target)
        layers = len(rest) // 2
        distance = canvas.new_zeros(len(canvas))
        for values, wanted, norm in zip(self.network(canvas), rest[:layers], rest[layers:], strict=True):
            distance = distance + (values - wanted).square().sum((1, 2, 3)) / (norm + _EPSILON)
        return distance / layers
