"""Pictures from outside: decoding them safely, cropping, and their two forms, uint8 pixels and tensors."""

import mmap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..errors import InvalidInputError

Picture = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

MAXIMUM_PIXELS = 64_000_000
PICTURE_SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".webp"})

_LEAST_SIDE = 64
_FORMATS = ("PNG", "JPEG", "WEBP")
_ORIENTATION_TAG = 0x0112
# EXIF 2.3, table "orientation": how the stored rows and columns must be turned to stand upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def load_picture(source: str | Path | Image.Image | NDArray[Any]) -> Picture:
    """Read a picture as upright RGB pixels.

    Args:
        source: path of a PNG, JPEG or WebP file (EXIF orientation is honored; of an animation the first frame),
            a PIL image, or an (H, W, 3) uint8 array. Grayscale, palette and 16-bit pictures become RGB,
            transparent ones are laid over white paper.

    Returns:
        (H, W, 3) uint8.

    Raises:
        InvalidInputError: no such file, not a picture, damaged, or more than 64 million pixels; the size is read
            from the header before anything is decoded.
    """
    if isinstance(source, np.ndarray):
        return _check_array(source)
    if isinstance(source, Image.Image):
        return _decode(source, "the image")
    path = Path(source)
    with _open(path) as image:
        return _decode(image, str(path))


def check_picture(path: Path) -> None:
    """Find out cheaply whether ``load_picture`` can read a file: header and end are read, pixels are not decoded.

    Raises:
        InvalidInputError: not a picture, cut short, or too large. Damage in the middle may go unnoticed.
    """
    with _open(path) as image:
        format_name = image.format
        try:
            image.verify()  # PNG: walks the chunks and their checksums; WebP was parsed on opening
        except Exception:
            raise _damaged(str(path)) from None
    if format_name != "PNG" and format_name != "WEBP" and not _has_jpeg_end(path):
        raise _damaged(str(path))


def fit_picture(picture: Picture, size: int) -> Picture:
    """Crop the center square of an (H, W, 3) picture and resample it, antialiased, to (size, size, 3) uint8."""
    if picture.shape == (size, size, 3):
        return picture
    return np.array(ImageOps.fit(Image.fromarray(picture), (size, size), Image.Resampling.BICUBIC))


def scale_picture(picture: Picture, size: int) -> Picture:
    """Resample an (H, W, 3) picture, antialiased, so that its longer side is ``size`` and its shorter one at least 64.

    Raises:
        InvalidInputError: it is so narrow that its shorter side would be less than 64 pixels.
    """
    height, width = picture.shape[:2]
    factor = size / max(height, width)
    wide, high = max(1, round(width * factor)), max(1, round(height * factor))
    if min(wide, high) < _LEAST_SIDE:
        raise InvalidInputError(
            f"at {size} pixels the picture would be {wide} x {high}, expected {_LEAST_SIDE} or more on each side; "
            "paint it larger, or crop it"
        )
    if (wide, high) == (width, height):
        return picture
    return np.array(Image.fromarray(picture).resize((wide, high), Image.Resampling.BICUBIC))


def _open(path: Path) -> Image.Image:
    """Read a file's header.

    Raises:
        InvalidInputError: no such file, not a picture, or too large.
    """
    if not path.is_file():
        kind = "a folder, not a picture" if path.is_dir() else "not an existing file"
        raise InvalidInputError(f"{path} is {kind}; name a PNG, JPEG or WebP file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(str(path), f"more than {Image.MAX_IMAGE_PIXELS}") from None
    except PermissionError:
        raise InvalidInputError(f"{path} may not be read; change its permissions") from None
    except Exception:  # Pillow's parsers raise nearly anything on malformed bytes
        raise InvalidInputError(f"{path} is not a picture that can be read; expected PNG, JPEG or WebP") from None
    if image.width * image.height > MAXIMUM_PIXELS:
        image.close()
        raise _too_large(str(path), f"{image.width} x {image.height}")
    return image


def _decode(image: Image.Image, name: str) -> Picture:
    if image.width * image.height > MAXIMUM_PIXELS:
        raise _too_large(name, f"{image.width} x {image.height}")
    if 0 in image.size:
        raise InvalidInputError(f"{name} has no pixels ({image.width} x {image.height}); expected a picture")
    try:
        image.load()
        upright = _UPRIGHT.get(_orientation(image))
        if image.mode.startswith("I"):  # 16-bit grayscale, which convert() would clip to white
            image = Image.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
        if image.has_transparency_data:
            inked = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", inked.size, "white"), inked)
        image = image.convert("RGB")
        return np.array(image if upright is None else image.transpose(upright))
    except Exception:
        raise _damaged(name) from None


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata do not make the pixels unreadable
        return 1


def _check_array(array: NDArray[Any]) -> Picture:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise InvalidInputError(
            f"the picture is a {array.dtype} array of shape {array.shape}, expected uint8 (H, W, 3) in RGB; "
            "scale and convert it with (255 * array).astype('uint8')"
        )
    if array.shape[0] * array.shape[1] > MAXIMUM_PIXELS:
        raise _too_large("the array", f"{array.shape[1]} x {array.shape[0]}")
    return array


def _has_jpeg_end(path: Path) -> bool:
    """Whether the end-of-image marker is there; it need not come last, since phones append films to photographs."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.rfind(b"\xff\xd9") >= 0


def _too_large(name: str, pixels: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name} is too large ({pixels} pixels), expected at most {MAXIMUM_PIXELS:,}; shrink it first"
    )


def _damaged(name: str) -> InvalidInputError:
    return InvalidInputError(f"{name} is damaged or cut short; expected a whole PNG, JPEG or WebP picture")
