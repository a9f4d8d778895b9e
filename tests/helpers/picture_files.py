"""Picture files for tests, with parts that Pillow does not write: profiles, PNG chunks, files of every format."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()  # for saving; the package itself leaves Pillow's list of formats alone

FORMATS = {
    **{"png": "PNG", "jpg": "JPEG", "jfif": "JPEG", "jpe": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "gif": "GIF"},
    **{"bmp": "BMP", "tif": "TIFF", "tiff": "TIFF", "avif": "AVIF", "heic": "HEIF", "heif": "HEIF", "hif": "HEIF"},
}
LOSSY = {"JPEG", "WEBP", "AVIF", "HEIF", "MPO"}


def encode(image: Image.Image, form: str, **options: Any) -> bytes:
    content = io.BytesIO()
    quality = {"quality": 98 if form != "HEIF" else -1} if form in LOSSY else {}
    image.save(content, form, **{**quality, **options})
    return content.getvalue()


def noise(width: int = 64, height: int = 64, seed: int = 0) -> Image.Image:
    generator = np.random.default_rng(seed)
    return Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, depth: int, color: int, row: bytes, *extra: bytes, height: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    rows = zlib.compress((b"\0" + row) * (height if row else 1))
    parts = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """ICC.1:2001-04: a header of 128 bytes, a table of tags, and their contents."""
    name = b"test\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(0.9642, 1, 0.8249),
        **tags,
    }
    table, data = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for key, content in tags.items():
        table += key + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    date = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    header = struct.pack(">I4xI", start + len(data), 0x02100000) + kind + space + connection + date + b"acsp"
    header = header.ljust(68, b"\0") + _fixed(0.9642, 1, 0.8249)
    return header.ljust(128, b"\0") + table + data


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def rgb_profile(primaries: tuple[tuple[float, float, float], ...], gamma: float) -> bytes:
    """A profile by the colors of its primaries, XYZ relative to D50, and one gamma."""
    tags = {}
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(*primary)
        tags[bytes([letter]) + b"TRC"] = _curve(gamma)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def gray_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(steps: int = 9) -> bytes:
    """Inks that darken a yellowish paper: tables from CMYK to Lab and, so that Pillow can build it, none back."""
    axis = np.linspace(0, 1, steps)
    cyan, magenta, yellow, black = np.meshgrid(axis, axis, axis, axis, indexing="ij")
    red, green, blue = ((1 - ink) * (1 - 0.9 * black) for ink in (cyan, 0.9 * magenta, 0.8 * yellow))
    light = 100 * (0.3 * red + 0.6 * green + 0.1 * blue)
    lab = np.stack([light * 2.55, 128 + 60 * (red - green), 128 + 60 * (green - blue)], -1)
    identity = np.tile(np.arange(256, dtype=np.uint8), 4).tobytes()
    table = b"mft1\0\0\0\0" + bytes([4, 3, steps, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + identity
    table += lab.round().clip(0, 255).astype(np.uint8).tobytes() + identity[: 3 * 256]
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


PROFILES = {
    "Display P3": rgb_profile(((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)), 2.2),
    "Adobe RGB": rgb_profile(((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)), 2.2),
    "ProPhoto": rgb_profile(((0.7977, 0.2880, 0), (0.1352, 0.7119, 0), (0.0313, 0.0001, 0.8249)), 1.8),
    "wide and linear": rgb_profile(((0.7977, 0.2880, 0), (0.1352, 0.7119, 0), (0.0313, 0.0001, 0.8249)), 1.4),
}


def chart() -> Image.Image:
    """Forty-nine muted colors in fields of 16x16: of strong ones eight bits of a wide profile lose more."""
    generator = np.random.default_rng(3)
    levels = generator.integers(90, 200, (7, 7, 1)) + generator.integers(-35, 36, (7, 7, 3))
    return Image.fromarray(np.kron(levels, np.ones((16, 16, 1))).astype(np.uint8))


def as_in(profile: bytes, image: Image.Image) -> Image.Image:
    """The same colors, written with a profile's numbers."""
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(image, srgb, target, ImageCms.Intent.RELATIVE_COLORIMETRIC, image.mode)


def field_colors(picture: np.ndarray) -> np.ndarray:
    """The colors in the middles of the chart's fields."""
    return picture[8::16, 8::16].astype(int)
