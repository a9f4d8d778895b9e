"""The VGG19 network up to relu4_4 and where its weights come from. What is made of its features, perceptual.py knows.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015.
"""

import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InvalidInputError, MissingDataError
from ...files import data_directory, make_folder, write_whole

WEIGHTS_FILE = "vgg19_features.safetensors"

# Convolutions by their number in torchvision's vgg19().features; each is followed by a relu, each block by a pooling.
_BLOCKS = ((0, 2), (5, 7), (10, 12, 14, 16), (19, 21, 23, 25))
_CHANNELS = (64, 128, 256, 512)


class Vgg19(nn.Module):
    """VGG19's features relu1_2, relu2_2, relu3_4 and relu4_4, frozen; ``load_vgg19`` gives it weights."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict()
        inputs = 3
        for convolutions, outputs in zip(_BLOCKS, _CHANNELS, strict=True):
            for number in convolutions:
                self.features[str(number)] = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, device="meta")
                inputs = outputs
        # The statistics of ImageNet that the network was trained with, as torchvision's weights expect them.
        self.register_buffer(
            "mean", torch.tensor([0.485, 0.456, 0.406], dtype=torch.float32).view(3, 1, 1), persistent=False
        )
        self.register_buffer(
            "deviation", torch.tensor([0.229, 0.224, 0.225], dtype=torch.float32).view(3, 1, 1), persistent=False
        )
        self.requires_grad_(False).eval()

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Four feature maps of pictures (B, 3, H, W) in [0, 1].

        Returns:
            (B, 64, H, W), (B, 128, H/2, W/2), (B, 256, H/4, W/4) and (B, 512, H/8, W/8), all >= 0.
        """
        values = (pictures - self.mean) / self.deviation
        maps: list[Tensor] = []
        for convolutions in _BLOCKS:
            if maps:
                values = functional.max_pool2d(values, 2)
            for number in convolutions:
                values = functional.relu(self.features[str(number)](values), inplace=True)
            maps.append(values)
        return tuple(maps)


def load_vgg19() -> Vgg19:
    """VGG19 with its trained weights.

    They come from ``vgg19_features.safetensors`` (torchvision's key names, ``features.N.weight``) in the data
    folder, or else are torchvision's own, downloaded and kept there under that name.

    Raises:
        MissingDataError: there is no such file and the download failed.
        InvalidInputError: the file is damaged or holds another network.
    """
    path = data_directory() / WEIGHTS_FILE
    weights = _read(path) if path.is_file() else _download(path)
    network = Vgg19()
    found = {name: weights[name].float() for name in network.state_dict() if name in weights}
    try:
        network.load_state_dict(found, assign=True)
    except RuntimeError:
        raise InvalidInputError(
            f"{path} does not hold VGG19's weights (features.0.weight to features.25.bias); replace or remove it"
        ) from None
    return network


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError):
        raise InvalidInputError(f"{path} is not a whole safetensors file; replace or remove it") from None


def _download(path: Path) -> dict[str, Tensor]:
    """Torchvision's own weights; what is needed of them is kept as ``path``, a seventh of what was downloaded."""
    from torchvision.models import VGG19_Weights  # costs more than a second: only when it is needed

    url = VGG19_Weights.IMAGENET1K_V1.url
    name = url.rpartition("/")[2]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / name
        try:
            # The file's name ends with the beginning of its SHA-256, as torch.hub has it.
            torch.hub.download_url_to_file(url, str(file), hash_prefix=Path(name).stem.rpartition("-")[2])
        except (OSError, RuntimeError) as error:
            raise MissingDataError(
                f"VGG19's weights were looked for at {path} and at {url} ({error}): put {WEIGHTS_FILE} into "
                f"{path.parent}, set PAINTGYM_DATA to the folder that has it, or use the loss 'mse', which needs none"
            ) from None
        downloaded = torch.load(file, map_location="cpu", weights_only=True)
    weights: dict[str, Tensor] = {key: downloaded[key] for key in Vgg19().state_dict()}
    make_folder(path.parent)
    with write_whole(path) as temporary:
        save_file(weights, temporary)
    return weights
