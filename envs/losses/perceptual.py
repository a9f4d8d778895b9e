"""The perceptual loss: relative distances of a network's features. Each network has a module of its own.

After Gatys, Ecker and Bethge, "A neural algorithm of artistic style", 2015 (the content loss), with each
layer measured against the size of the target's own features, so that the loss means the same whatever
scale a set of weights gives its activations.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ...errors import InvalidInputError
from .lite import load_lite
from .loss import Features, Loss, check_pair, check_pictures
from .names import NETWORK_NAMES
from .vgg import load_vgg19

NETWORKS: dict[str, Callable[[], nn.Module]] = dict(zip(NETWORK_NAMES, (load_vgg19, load_lite), strict=True))
"""Networks by name: each turns pictures (B, 3, H, W) in [0, 1] into a tuple of feature maps (B, C, h, w)."""

PRECISIONS = ("fp32", "bf16")

MINIMUM_SIZE = 8
"""Side of the smallest picture: VGG19 halves it three times."""

_EPSILON = 1e-8
"""Added to the squared norm of a target's features: a black picture may have none."""
_CPU_ROWS = 8
"""Rows that a CPU takes at once: the feature maps of more leave its caches, and the kernel hands out memory anew."""


class PerceptualLoss(Loss):
    """Mean over layers of ||f(canvas) - f(target)||^2 / (||f(target)||^2 + eps).

    ``name`` is the network's, with ``-bf16`` after it for bfloat16.

    Args:
        name: network whose features are compared: ``"vgg19"`` (relu1_2, relu2_2, relu3_4 and relu4_4), or
            ``"lite"``, a small one of our own that ships with the package.
        network: one of your own instead, as ``NETWORKS`` describes them; ``name`` is then what it is called.
        precision: ``"fp32"``, or ``"bf16"``: the network computes in bfloat16 (a CPU that knows it takes less than
            half the time), the distances are still summed in float32. ``paintgym bench`` prints the error.

    Raises:
        InvalidInputError: unknown network or precision.
        MissingDataError: its weights are neither in the data folder nor to be downloaded.
    """

    def __init__(self, name: str = "vgg19", network: nn.Module | None = None, *, precision: str = "fp32") -> None:
        super().__init__()
        if network is None and name not in NETWORKS:
            raise InvalidInputError(f"there is no perceptual network {name!r}; expected one of {', '.join(NETWORKS)}")
        if precision not in PRECISIONS:
            raise InvalidInputError(f"precision is {precision!r}, expected one of {', '.join(PRECISIONS)}")
        self.name = name if precision == "fp32" else f"{name}-{precision}"
        self._half = precision == "bf16"
        # Convolutions on CPUs are a fifth to a half faster with the channels last.
        self.network = (network or NETWORKS[name]()).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def features(self, target: Tensor) -> Features:
        """The target, its feature maps and, for each of them, its squared norm (B,)."""
        check_pictures("target", target)
        if min(target.shape[2:]) < MINIMUM_SIZE:
            raise InvalidInputError(
                f"target has shape {tuple(target.shape)}, expected at least {MINIMUM_SIZE} x {MINIMUM_SIZE} pixels"
            )
        parts = [(*maps, *(_squared_norm(values.float()) for values in maps)) for maps in self.maps(target)]
        return (target.detach(), *(torch.cat(values) for values in zip(*parts, strict=True)))

    def forward(self, canvas: Tensor, target: Features | Tensor) -> Tensor:
        """Distances (B,): 0 for equal pictures, 1 where the difference is as large as the target's features."""
        pictures, *rest = self.features_of(target)
        check_pair(canvas, pictures)
        layers = len(rest) // 2
        references, norms = rest[:layers], rest[layers:]
        distances, start = [], 0
        for maps in self.maps(canvas):
            end = start + len(maps[0])
            rows = slice(start, end) if len(pictures) > 1 else slice(None)
            parts = [
                _squared_norm(values.float() - reference[rows].float()) / (norm[rows] + _EPSILON)
                for values, reference, norm in zip(maps, references, norms, strict=True)
            ]
            distances.append(torch.stack(parts).mean(0))
            start = end
        return torch.cat(distances).to(canvas.dtype)

    def maps(self, pictures: Tensor) -> Iterator[tuple[Tensor, ...]]:
        """The network's feature maps of pictures (B, 3, H, W) in [0, 1], a few rows after the other on a CPU."""
        weight = next(self.network.parameters(), None)
        pictures = pictures if weight is None else pictures.to(weight.dtype)
        for rows in pictures.split(_CPU_ROWS) if pictures.device.type == "cpu" else [pictures]:
            with torch.autocast(pictures.device.type, torch.bfloat16, enabled=self._half):
                maps = self.network(rows.contiguous(memory_format=torch.channels_last))
            yield maps


def _squared_norm(values: Tensor) -> Tensor:
    return values.square().sum((1, 2, 3))
