"""Picture files: which formats are read, how one is opened, and the limits that hold before anything is decoded."""

import mmap
import os
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from PIL import Image

from ..errors import InvalidInputError, MissingLibraryError, TooManyPixelsError, UnknownFormatError

MAXIMUM_PIXELS = 64_000_000
PICTURE_SUFFIXES = frozenset(
    {
        *(".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg"),
        *(".png", ".tif", ".tiff", ".webp"),
    }
)
FORMAT_NAMES = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC"

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_JPEG_FORMATS = ("JPEG", "MPO")  # MPO: telephones append a depth map, or a second exposure

_MOST_SCANS = 100
"""Of a progressive JPEG, which has about ten; each takes as long to decode as the whole picture."""

# ISO/IEC 23008-12, "ispe": the width and height of an item of a HEIF or AVIF file.
_DECLARED_SIZE = re.compile(rb"\x00\x00\x00\x14ispe\x00\x00\x00\x00(.{8})", re.DOTALL)
_DECLARED_WITHIN = 1 << 20

# What ends a JPEG's scan: any marker but a stuffed zero, a fill byte and the restarts.
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9

# TIFF 6.0. Offsets and lengths in bytes: of strips, and of tiles.
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_OFFSETS, _LENGTHS = (273, 324), (279, 325)

_filters = threading.Lock()


def open_picture(source: Path | IO[bytes], name: str, maximum_pixels: int = MAXIMUM_PIXELS) -> Image.Image:
    """Read a file's header and refuse what is too large; no pixels are decoded.

    Args:
        source: path of a file that exists, or an open binary file, which is read from its beginning.
        name: what messages call it.
        maximum_pixels: larger pictures are refused.

    Returns:
        The picture at its first frame, to be closed by the caller.

    Raises:
        UnknownFormatError: not a picture of the formats that are read.
        TooManyPixelsError: more pixels than ``maximum_pixels``.
        MissingLibraryError: a HEIC picture, and pillow-heif is not installed.
        InvalidInputError: it may not be read, or has no pixels.
    """
    try:
        head = _read_head(source)
        declared = max((_size(found[1]) for found in _DECLARED_SIZE.finditer(head)), key=_area, default=(0, 0))
        _check_size(declared, name, maximum_pixels)
        with _quiet():
            image = _open_any(source, head, name)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels(name, "far more", maximum_pixels) from None
    except (InvalidInputError, MissingLibraryError):
        raise
    except PermissionError:
        raise InvalidInputError(f"{name} may not be read; change its permissions") from None
    except Exception:  # Pillow's parsers raise nearly anything on malformed bytes
        raise UnknownFormatError(f"{name} is not a picture that can be read; expected {FORMAT_NAMES}") from None
    try:
        check_open(image, name, maximum_pixels)
        if image.format == "TIFF":  # A tile may be larger than the picture, and is decoded whole.
            tags: Any = image.tag_v2  # type: ignore[attr-defined]
            _check_size((tags.get(_TILE_WIDTH, 0), tags.get(_TILE_LENGTH, 0)), name, maximum_pixels)
    except InvalidInputError:
        with image:  # close() would close the caller's file too
            raise
    return image


def check_open(image: Image.Image, name: str, maximum_pixels: int = MAXIMUM_PIXELS) -> None:
    """Refuse a PIL image that is too large or has no pixels.

    Raises:
        InvalidInputError: it is.
    """
    _check_size(image.size, name, maximum_pixels)
    if 0 in image.size:
        raise InvalidInputError(f"{name} has no pixels ({image.width} x {image.height}); expected a picture")


def reduce_decoding(image: Image.Image, enough: int) -> None:
    """Have a JPEG decoded at a half, a quarter or an eighth of its size where both sides keep ``4 * enough`` pixels.

    A photograph of 12 megapixels then takes a third of the time. Four times the pixels leave the resampling its filter:
    of pictures at 64 pixels decoded whole and so, the largest difference was 5 levels, and at twice the pixels 29.
    """
    if image.format in _JPEG_FORMATS:
        image.draft(image.mode, (4 * enough, 4 * enough))


def check_scans(image: Image.Image, source: Path | IO[bytes], name: str) -> None:
    """Refuse a JPEG of so many scans that decoding it would take minutes; all of it is read.

    Args:
        image: as ``open_picture`` gave it.
        source: what it was opened from.
        name: what messages call it.

    Raises:
        InvalidInputError: it has more scans than a JPEG needs.
    """
    if image.format not in _JPEG_FORMATS:
        return
    if isinstance(source, Path):
        content = source.read_bytes()
    else:
        position = source.tell()
        source.seek(0)
        content = source.read()
        source.seek(position)
    # Appended films hold the two bytes by chance, once in 64 kB: only then are the scans worth finding.
    if content.count(b"\xff\xda") > _MOST_SCANS and count_scans(content) > _MOST_SCANS:
        raise InvalidInputError(f"{name} is damaged: it has more scans than a JPEG needs; save it again")


def count_scans(content: bytes) -> int:
    """The scans of a JPEG's first picture, found by walking its markers; a few more than 100 at most."""
    at, scans = 2, 0
    while scans <= _MOST_SCANS and (found := _MARKER.search(content, at)):
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        scans += marker == _START_OF_SCAN
        if marker not in _STANDALONE:
            at += int.from_bytes(content[at : at + 2], "big")
    return scans


def looks_whole(image: Image.Image, file: IO[bytes]) -> bool:
    """Whether a picture that was opened from ``file``, of the disk, reaches to its end; GIFs are decoded.

    The end need not come last in the file, since telephones append films to photographs.
    """
    try:
        if image.format in _JPEG_FORMATS:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return content.rfind(b"\xff\xd9") >= 0
        size = file.seek(0, os.SEEK_END)
        if image.format == "BMP":
            rows = image.tile[0]  # type: ignore[attr-defined]
            stride = rows.args[1] if isinstance(rows.args, tuple) and isinstance(rows.args[1], int) else 0
            return bool(size >= rows.offset + stride * image.height)
        if image.format == "TIFF":
            tags: Any = image.tag_v2  # type: ignore[attr-defined]
            offsets, lengths = _first(tags, _OFFSETS), _first(tags, _LENGTHS)
            return all(start + length <= size for start, length in zip(offsets, lengths, strict=False))
        if image.format in ("AVIF", "HEIF"):
            return _boxes_fit(file, size)
        if image.format == "GIF":
            image.load()
        else:
            image.verify()  # PNG: walks the chunks and their checksums; WebP was parsed on opening
    except Exception:  # Pillow's parsers raise nearly anything on malformed bytes
        return False
    return True


def too_many_pixels(name: str, pixels: str, maximum_pixels: int = MAXIMUM_PIXELS) -> TooManyPixelsError:
    """The error for a picture of so many pixels."""
    error = TooManyPixelsError(
        f"{name} is too large ({pixels} pixels), expected at most {maximum_pixels:,}; shrink it first"
    )
    error.pixels = pixels
    return error


def damaged(name: str) -> InvalidInputError:
    """The error for a picture that cannot be decoded."""
    return InvalidInputError(f"{name} is damaged or cut short; expected a whole picture ({FORMAT_NAMES})")


def _open_any(source: Path | IO[bytes], head: bytes, name: str) -> Image.Image:
    heif = head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS
    try:
        return Image.open(source, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise
    except Exception:
        if not heif:  # AVIF files may be of the brand mif1 as well
            raise
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise MissingLibraryError(f"{name} is a HEIC picture, which needs: pip install pillow-heif") from None
    if not isinstance(source, Path):
        source.seek(0)
    # Made here and not registered with Pillow, whose other users in this process may not want it.
    return cast(Image.Image, HeifImageFile(source))  # type: ignore[no-untyped-call]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warnings of metadata; the list of filters is the whole process's, so one thread at a time."""
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _read_head(source: Path | IO[bytes]) -> bytes:
    if isinstance(source, Path):
        with open(source, "rb") as file:
            return _read_head(file)
    source.seek(0)
    head = source.read(16)
    if head[4:8] == b"ftyp":
        head += source.read(_DECLARED_WITHIN)
    source.seek(0)
    return head


def _size(pair: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", pair)
    return width, height


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _check_size(size: tuple[int, int], name: str, maximum_pixels: int) -> None:
    if _area(size) > maximum_pixels:
        raise too_many_pixels(name, f"{size[0]} x {size[1]}", maximum_pixels)


def _boxes_fit(file: IO[bytes], size: int) -> bool:
    """Whether the boxes of a HEIF or AVIF file, up to those of the picture's facts and data, lie in the file."""
    at, wanted = 0, {b"meta", b"mdat"}
    while wanted and at < size:
        file.seek(at)
        length, kind, long_length = struct.unpack(">I4sQ", file.read(16))
        wanted.discard(kind)
        # ISO/IEC 14496-12: 0 stands for the rest of the file, 1 for a length of 64 bits.
        length = {0: size - at, 1: long_length}.get(length, length)
        if length < 8:  # shorter than its own head: the walk would stand still
            return False
        at += length
    return not wanted and at <= size


def _first(tags: Any, numbers: tuple[int, ...]) -> tuple[int, ...]:
    return next((tuple(tags[number]) for number in numbers if number in tags), ())
