"""The lite network: a small stand-in for VGG19 that ships with the package. How it is taught is in agents/distillation.

Four blocks of two convolutions, shaped like VGG19's first four and a sixteenth as wide at the end.
"""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

WEIGHTS = Path(__file__).parent / "weights" / "lite.safetensors"

_WIDTHS = (16, 32, 64, 128)


class LiteNetwork(nn.Module):
    """Feature maps after each of four blocks; ``load_lite`` gives trained weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.ModuleList(), nn.ModuleList()
        inputs = 3
        for width in _WIDTHS:
            self.first.append(nn.Conv2d(inputs, width, 3, padding=1))
            self.second.append(nn.Conv2d(width, width, 3, padding=1))
            inputs = width

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Four feature maps of pictures (B, 3, H, W) in [0, 1].

        Returns:
            (B, 16, H, W), (B, 32, H/2, W/2), (B, 64, H/4, W/4) and (B, 128, H/8, W/8), all >= 0.
        """
        values = pictures * 2 - 1
        maps: list[Tensor] = []
        for first, second in zip(self.first, self.second, strict=True):
            if maps:
                values = functional.max_pool2d(values, 2)
            values = functional.relu(first(values), inplace=True)
            values = functional.relu(second(values), inplace=True)
            maps.append(values)
        return tuple(maps)


def load_lite() -> LiteNetwork:
    """The lite network with the weights that come with the package, frozen."""
    network = LiteNetwork()
    network.load_state_dict({name: weight.float() for name, weight in load_file(WEIGHTS).items()})
    return network.requires_grad_(False).eval()
