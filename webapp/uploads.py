"""Pictures from strangers: what is refused before anything is decoded. The decoding itself is that of all pictures."""

import io
import threading
from dataclasses import dataclass

from PIL import Image

from ..envs.pictures import Picture, fit_picture, load_picture, scale_picture
from ..errors import InvalidInputError
from ..painters.stroke import CANVAS_SIZE
from .errors import RequestError, TooLargeError, UnsupportedPictureError

_FORMATS = ("PNG", "JPEG", "WEBP")
_PREVIEW_SIDE, _LARGE_PREVIEW_SIDE = 320, 640
_MOST_SCANS = 100
"""Of a progressive JPEG, which has about ten; each takes as long to decode as the whole picture."""

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


def read_upload(content: bytes, maximum_pixels: int, size: int = CANVAS_SIZE) -> Upload:
    """Decode a picture; of its metadata only the orientation is used.

    Args:
        content: of a file.
        maximum_pixels: larger pictures are refused.
        size: longer side in pixels; 64 for the center square.

    Raises:
        UnsupportedPictureError: not a PNG, JPEG or WebP picture, or an animation.
        TooLargeError: more pixels than ``maximum_pixels``.
        RequestError: empty, damaged, cut short, or too narrow to be painted at that size.
    """
    if not content:
        raise RequestError("The picture is empty; send a PNG, JPEG or WebP file.")
    with _decoding:
        try:
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
        except Image.DecompressionBombError:
            raise _too_large("more than 100 million", maximum_pixels) from None
        except Exception:  # Pillow's parsers raise nearly anything on malformed bytes
            raise UnsupportedPictureError("This is not a PNG, JPEG or WebP picture; convert it to one.") from None
        with image:
            return _shrink(image, content, maximum_pixels, size)


def _shrink(image: Image.Image, content: bytes, maximum_pixels: int, size: int) -> Upload:
    if image.width * image.height > maximum_pixels:
        raise _too_large(f"{image.width} x {image.height}", maximum_pixels)
    jpeg = image.format in ("JPEG", "MPO")  # MPO: telephones append a depth map, or a second exposure
    if not jpeg and getattr(image, "is_animated", False):
        raise UnsupportedPictureError("This picture is an animation; send a single picture.")
    if jpeg:
        if content.count(b"\xff\xda") > _MOST_SCANS:
            raise RequestError("This JPEG picture is damaged: it has too many scans; save it again.")
        enough = 2 * max(size, _PREVIEW_SIDE)
        image.draft("RGB", (enough, enough))  # decodes at an eighth of the size where that is enough
    try:
        picture = load_picture(image)
    except InvalidInputError:
        raise RequestError("This picture is damaged or cut short; send a whole one.") from None
    if size == CANVAS_SIZE:
        return Upload(fit_picture(picture, size), _jpeg(Image.fromarray(fit_picture(picture, _PREVIEW_SIDE))))
    try:
        scaled = scale_picture(picture, size)
    except InvalidInputError:
        raise RequestError(
            f"This picture is too long and thin to be painted whole at {size} pixels; crop it, or choose another size."
        ) from None
    preview = Image.fromarray(scaled)
    preview.thumbnail((_LARGE_PREVIEW_SIDE, _LARGE_PREVIEW_SIDE))
    return Upload(scaled, _jpeg(preview))


def _jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()


def _too_large(pixels: str, maximum: int) -> TooLargeError:
    return TooLargeError(
        f"This picture has too many pixels ({pixels}); at most {maximum:,} are taken. Shrink it first."
    )
