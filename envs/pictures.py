"""Pictures from outside: reading whatever a person brings, and cropping."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..errors import InvalidInputError
from .decoding import (
    FORMAT_NAMES,
    MAXIMUM_PIXELS,
    PICTURE_SUFFIXES,
    check_open,
    check_scans,
    damaged,
    looks_whole,
    open_picture,
    reduce_decoding,
    too_many_pixels,
)
from .pixel_modes import decode

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "MAXIMUM_PIXELS",
    "PICTURE_SUFFIXES",
    "Picture",
    "PictureSource",
    "check_picture",
    "fit_picture",
    "is_in_memory",
    "load_picture",
    "scale_picture",
]

Picture = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

PictureSource: TypeAlias = (
    "str | Path | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[Any] | Tensor"
)
"""What ``load_picture`` reads."""

_LEAST_SIDE = 64
_WHITE = (1.0, 1.0, 1.0)
_ROUNDING = 1e-3
"""How far outside [0, 1] the numbers of a tensor may lie, as they do after resampling in half precision."""

_LONGEST_NAME = 200


def load_picture(
    source: PictureSource,
    *,
    paper: Sequence[float] = _WHITE,
    enough: int | None = None,
    maximum_pixels: int = MAXIMUM_PIXELS,
) -> Picture:
    """Read a picture as upright sRGB pixels.

    What a file says of itself is honored: its color profile, transparency, orientation and depth; see
    ``pixel_modes.decode``. Of several frames the first is taken; what follows the picture in a file is passed over.

    Args:
        source: path of a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC file; the bytes of one; a file that is open in
            binary mode, which is read from its beginning and left at its position; a PIL image, taken at its frame
            and not changed; a uint8 array (H, W, 3), (H, W, 4) with alpha, or (H, W); or a torch tensor, uint8
            (3, H, W) or (H, W, 3), or of floating point in [0, 1]. The result is a copy.
        paper: (3,) in [0, 1], seen through what is transparent.
        enough: how many pixels of each side are needed. Where a JPEG has far more, it is decoded smaller,
            at less cost, to no less than four times as many.
        maximum_pixels: larger pictures are refused by their headers, before anything is decoded.

    Returns:
        (H, W, 3) uint8.

    Raises:
        InvalidInputError: no such file, not a picture, damaged, or more than 64 million pixels.
        MissingLibraryError: a HEIC picture, and pillow-heif is not installed.

    Warns:
        UserWarning: the color profile of a file is broken, and was ignored.
    """
    if isinstance(source, Image.Image):
        check_open(source, "the image", maximum_pixels)
        return decode(source, "the image", paper)
    if _is_tensor(source):
        source = _to_array(source)
    elif is_in_memory(source) and hasattr(source, "__array__"):
        source = np.asarray(source)
    if isinstance(source, np.ndarray):
        return _from_array(source, paper, maximum_pixels)
    with _find(source) as (file, name), open_picture(file, name, maximum_pixels) as image:
        check_scans(image, file, name)
        if enough is not None:
            reduce_decoding(image, enough)
        return decode(image, name, paper)


def check_picture(path: Path) -> None:
    """Find out cheaply whether ``load_picture`` can read a file: header and end are read, few pixels are decoded.

    Raises:
        InvalidInputError: not a picture, cut short, or too large. Damage in the middle may go unnoticed.
        MissingLibraryError: a HEIC picture, and pillow-heif is not installed.
    """
    found, name = _find_path(path)
    with open(found, "rb") as file, open_picture(file, name) as image:
        if not looks_whole(image, file):
            raise damaged(name)


def is_in_memory(source: Any) -> bool:
    """Whether a value stands for a picture itself, and is not the path of one: bytes, an open file, pixels."""
    if isinstance(source, str | Path):  # NumPy's strings have __array__ too
        return False
    binary = isinstance(source, bytes | bytearray | memoryview | Image.Image)
    return binary or hasattr(source, "read") or hasattr(source, "__array__")


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


@contextmanager
def _find(source: Any) -> Iterator[tuple[Path | IO[bytes], str]]:
    """A file to decode, as a path or an open file, and what messages call it.

    Raises:
        InvalidInputError: there is none.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        if not content:
            raise InvalidInputError("the picture's bytes are empty; expected those of a picture file")
        yield io.BytesIO(content), "the bytes object"
    elif isinstance(source, str | Path):
        yield _find_path(source)
    elif hasattr(source, "read"):
        file, name = _find_open(source)
        position = file.tell()
        if file.seek(0, io.SEEK_END) == 0:
            raise InvalidInputError(f"{name} is empty; expected a picture file")
        try:
            yield file, name
        finally:
            file.seek(position)
    else:
        raise InvalidInputError(
            f"the picture is a {type(source).__name__}, expected a path, bytes, an open file, a PIL image, an array or "
            "a tensor" + ("; convert it with numpy.array(picture, 'uint8')" if isinstance(source, list | tuple) else "")
        )


def _find_path(source: str | Path) -> tuple[Path, str]:
    path, name = Path(source), str(source)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}..."
    try:
        if not path.exists():
            path = path.expanduser()
        kind = "a folder, not a picture" if path.is_dir() else "" if path.is_file() else "not an existing file"
    except (OSError, RuntimeError):  # a name that is too long, a folder that may not be read, an unknown ~user
        kind = "not an existing file"
    if kind:
        raise InvalidInputError(f"{name} is {kind}; name a picture file ({FORMAT_NAMES})")
    return path, name


def _find_open(source: Any) -> tuple[IO[bytes], str]:
    name = getattr(source, "name", None)
    name = f"the open file {name}" if isinstance(name, str) and name else "the open file"
    try:
        binary = isinstance(source.read(0), bytes)
        if binary and not (hasattr(source, "seek") and getattr(source, "seekable", lambda: True)()):
            source = io.BytesIO(source.read())  # a pipe, or an answer from the net
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInputError(f"{name} cannot be read ({error}); open it with open(path, 'rb')") from None
    if not binary:
        raise InvalidInputError(f"{name} is open as text; open it with open(path, 'rb')")
    return source, name


def _from_array(array: NDArray[Any], paper: Sequence[float], maximum_pixels: int) -> Picture:
    channels = 1 if array.ndim == 2 else array.shape[-1] if array.ndim == 3 else 0
    if array.dtype != np.uint8 or channels not in (1, 3, 4) or 0 in array.shape:
        hint = "convert it with numpy.uint8(255 * array) if it runs from 0 to 1"
        if array.ndim == 3 and array.shape[0] in (1, 3, 4) and channels not in (1, 3, 4):
            hint = "put its channels last with array.transpose(1, 2, 0)"
        elif array.ndim == 4:
            hint = "give one picture of the batch, such as array[0]"
        raise InvalidInputError(
            f"the picture is a {array.dtype} array of shape {array.shape}, expected uint8 (H, W, 3) in RGB, (H, W, 4) "
            f"or (H, W); {hint}"
        )
    if array.shape[0] * array.shape[1] > maximum_pixels:
        raise too_many_pixels("the array", f"{array.shape[1]} x {array.shape[0]}", maximum_pixels)
    if channels == 3:
        return np.array(array)
    pixels = np.ascontiguousarray(array[..., 0] if array.ndim == 3 and channels == 1 else array)
    return decode(Image.fromarray(pixels), "the array", paper)


def _is_tensor(source: Any) -> bool:
    """Whether it is a torch tensor, found out without torch, which takes seconds to import."""
    return any(kind.__module__ == "torch" and kind.__name__ == "Tensor" for kind in type(source).__mro__)


def _to_array(tensor: Any) -> NDArray[Any]:
    """A copy of a tensor (3, H, W) or (H, W, 3) as uint8 (H, W, 3), likewise with 1 or 4 channels."""
    shape = tuple(tensor.shape)
    what = f"the picture is a {str(tensor.dtype).removeprefix('torch.')} tensor of shape {shape}"
    first = len(shape) == 3 and shape[0] in (1, 3, 4)
    if not first and not (len(shape) == 3 and shape[-1] in (1, 3, 4)) and len(shape) != 2:
        hint = "; give one picture of the batch, such as tensor[0]" if len(shape) == 4 else ""
        raise InvalidInputError(f"{what}, expected (3, H, W) or (H, W, 3){hint}")
    try:
        tensor = tensor.detach().cpu()
        array = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    except (RuntimeError, TypeError, NotImplementedError, ValueError) as error:
        raise InvalidInputError(f"{what}, whose numbers cannot be read ({str(error).splitlines()[0]})") from None
    if array.dtype != np.uint8 and array.dtype != np.float32:
        raise InvalidInputError(f"{what}, expected uint8, or floating point in [0, 1]; convert it with tensor.byte()")
    if array.dtype == np.float32 and array.size:
        # Written so that NaN fails it too.
        if not (array.min() >= -_ROUNDING and array.max() <= 1 + _ROUNDING):
            raise InvalidInputError(
                f"{what} from {array.min():g} to {array.max():g}, expected numbers in [0, 1]; divide it by 255, "
                "or clamp it"
            )
        array = np.rint(255 * array.clip(0, 1)).astype(np.uint8)
    return np.ascontiguousarray(array.transpose(1, 2, 0) if first else array)
