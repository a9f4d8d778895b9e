"""Pictures from strangers: what is refused before anything is decoded. The decoding itself is that of all pictures."""

import io
import math
import threading
from dataclasses import dataclass

from PIL import Image

from ..envs.pictures import Picture, fit_picture, load_picture, scale_picture
from ..errors import InvalidInputError, MissingLibraryError, TooManyPixelsError, UnknownFormatError
from ..painters.stroke import CANVAS_SIZE
from ..painters.stroke_list import WHITE
from .errors import RequestError, TooLargeError, UnsupportedPictureError
from .options.framing import Framing

_PREVIEW_SIDE, _LARGE_PREVIEW_SIDE = 320, 640
_UNFRAMED = Framing()

# A picture of 25 million pixels takes some 200 MB while it is decoded.
_decoding = threading.Semaphore(2)


@dataclass(frozen=True, eq=False)
class Upload:
    """A picture as it is painted, free of metadata.

    Attributes:
        picture: (H, W, 3) uint8: its center square of 64x64, or the whole of it at the painting's size.
        preview: JPEG bytes of the same, for the eye.
    """

    picture: Picture
    preview: bytes


def read_upload(
    content: bytes,
    maximum_pixels: int,
    size: int = CANVAS_SIZE,
    framing: Framing = _UNFRAMED,
    paper: tuple[float, float, float] | None = None,
) -> Upload:
    """Decode a picture as ``load_picture`` does; of its metadata the orientation and the color profile are used.

    Args:
        content: of a file; of an animation the first frame is painted.
        maximum_pixels: larger pictures are refused.
        size: longer side in pixels; 64 for the center square.
        framing: which part of it is painted.
        paper: seen through what is transparent; white by default.

    Raises:
        UnsupportedPictureError: not a picture of a format that is read.
        TooLargeError: more pixels than ``maximum_pixels``.
        RequestError: empty, damaged, cut short, or too narrow to be painted at that size.
    """
    enough = math.ceil(max(size, _PREVIEW_SIDE) / framing.least_part)
    with _decoding:
        return _shrink(framing.apply(_decode(content, maximum_pixels, enough, paper)), size)


def read_small(content: bytes, maximum_pixels: int, side: int) -> Image.Image:
    """A picture whose longer side has ``side`` pixels at most; raises as ``read_upload`` does."""
    with _decoding:  # until it is small
        image = Image.fromarray(_decode(content, maximum_pixels, side))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return image


def _decode(
    content: bytes, maximum_pixels: int, enough: int, paper: tuple[float, float, float] | None = None
) -> Picture:
    """The pixels of a picture, at least ``enough`` of each side where it has them."""
    if not content:
        raise RequestError("picture_empty")
    try:
        return load_picture(content, paper=paper or WHITE, enough=enough, maximum_pixels=maximum_pixels)
    except TooManyPixelsError as error:
        raise TooLargeError("picture_pixels", pixels=error.pixels, most=maximum_pixels) from None
    except UnknownFormatError:
        raise UnsupportedPictureError("picture_kind") from None
    except MissingLibraryError:
        raise UnsupportedPictureError("picture_heic") from None
    except InvalidInputError:
        raise RequestError("picture_damaged") from None


def _shrink(picture: Picture, size: int) -> Upload:
    if size == CANVAS_SIZE:
        return Upload(fit_picture(picture, size), _jpeg(Image.fromarray(fit_picture(picture, _PREVIEW_SIDE))))
    try:
        scaled = scale_picture(picture, size)
    except InvalidInputError:
        raise RequestError("picture_thin", size=size) from None
    preview = Image.fromarray(scaled)
    preview.thumbnail((_LARGE_PREVIEW_SIDE, _LARGE_PREVIEW_SIDE))
    return Upload(scaled, _jpeg(preview))


def _jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()
