"""What finished pictures are judged by: squared error, VGG19's loss, SSIM. No agent learns from anything here."""

import math
from abc import ABC, abstractmethod
from contextlib import suppress

import numpy as np
import torch
from numpy.typing import NDArray

from ...envs.losses.loss import Loss, PixelLoss
from ...envs.losses.registry import make_loss
from ...envs.losses.vgg import WEIGHTS_FILE
from ...envs.pictures import Picture
from ...errors import InvalidInputError, MissingLibraryError
from ...files import data_directory
from ...painters.pixels import to_tensor
from ...painters.stroke import CANVAS_SIZE

MEASURES = ("vgg19", "mse", "ssim")
"""What comparisons are judged by, the most telling first."""
_MOST_PIXELS = 64 * CANVAS_SIZE**2
"""Of the pictures that a loss is taken of at a time: bounds memory."""
_ROUNDING = 1 / (12 * 255**2)
"""Mean squared error that rounding to 8 bits makes by itself."""


class Measure(ABC):
    """Judges pictures beside the picture they were painted from."""

    name: str
    higher_is_better: bool

    @abstractmethod
    def __call__(self, canvases: NDArray[np.uint8], target: Picture) -> list[float]:
        """One figure for each canvas of (B, size, size, 3) uint8; the target is (size, size, 3) uint8."""


class LossMeasure(Measure):
    """A loss of the environment, taken of 8-bit pixels."""

    higher_is_better = False

    def __init__(self, loss: Loss) -> None:
        self.name = loss.name
        self._loss = loss

    @torch.no_grad()
    def __call__(self, canvases: NDArray[np.uint8], target: Picture) -> list[float]:
        """Distances, 0 for equal pictures."""
        features = self._loss.features(to_tensor(target))
        # Of large pictures one after the other: VGG19 makes 64 numbers of each pixel's three.
        together = max(1, _MOST_PIXELS // target[..., 0].size)
        parts = [canvases[start : start + together] for start in range(0, len(canvases), together)]
        return [float(distance) for part in parts for distance in self._loss(to_tensor(part), features)]


class SimilarityMeasure(Measure):
    """SSIM by scikit-image, with the Gaussian window of Wang et al., "Image quality assessment", 2004.

    Raises:
        MissingLibraryError: scikit-image is not installed.
    """

    name = "ssim"
    higher_is_better = True

    def __init__(self) -> None:
        try:
            import skimage.metrics  # noqa: F401
        except ImportError:
            raise MissingLibraryError("the measure ssim needs scikit-image: pip install scikit-image") from None

    def __call__(self, canvases: NDArray[np.uint8], target: Picture) -> list[float]:
        """Similarities up to 1, which equal pictures have; the mean over the three channels."""
        from skimage.metrics import structural_similarity

        return [
            float(
                structural_similarity(
                    canvas,
                    target,
                    data_range=255,
                    channel_axis=2,
                    gaussian_weights=True,
                    sigma=1.5,
                    use_sample_covariance=False,
                )
            )
            for canvas in canvases
        ]


def load_measure(name: str) -> Measure:
    """The measure called ``"vgg19"``, ``"mse"`` or ``"ssim"``, or a loss by its name.

    Raises:
        InvalidInputError: unknown name.
        MissingDataError: VGG19's weights are neither in the data folder nor to be downloaded.
        MissingLibraryError: scikit-image, which ``"ssim"`` needs, is not installed.
    """
    if name == SimilarityMeasure.name:
        return SimilarityMeasure()
    try:
        return LossMeasure(make_loss(name))
    except InvalidInputError:
        raise InvalidInputError(f"there is no measure {name!r}; expected some of {', '.join(MEASURES)}") from None


def available_measures() -> list[Measure]:
    """All measures that need nothing which is not here: VGG19's weights may be missing, scikit-image too."""
    measures: list[Measure] = [LossMeasure(PixelLoss())]
    if (data_directory() / WEIGHTS_FILE).is_file():
        measures.insert(0, load_measure("vgg19"))
    with suppress(MissingLibraryError):
        measures.append(SimilarityMeasure())
    return measures


def peak_signal_to_noise(first: Picture, second: Picture) -> float:
    """PSNR of two 8-bit pictures in dB; equal ones have 58.9, as if they differed by rounding alone."""
    error = np.square(first / 255.0 - second / 255.0).mean()
    return -10 * math.log10(max(float(error), _ROUNDING))
