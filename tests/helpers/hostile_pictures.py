"""Picture files that claim to be huge, and files that lie about themselves."""

import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image

from helpers.picture_files import chunk, encode, noise, png

HUGE = 40_000


def replaced(form: str, pattern: bytes, size: bytes, **options: Any) -> bytes:
    whole = encode(noise(), form, **options)
    content, count = re.subn(pattern, lambda found: found[1] + size, whole, flags=re.DOTALL)
    assert count
    return content


def tiff(tags: dict[int, int], side: int = 64) -> bytes:
    """A TIFF of one gray strip or tile, with any tags."""
    entries = {256: side, 257: side, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: side, 279: 64, **tags}
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + struct.pack("<H", len(entries)) + table + bytes(4)


ORIENTATION = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
BOMBS: dict[str, bytes] = {
    "png": png(HUGE, 8, 2, b"", height=HUGE),
    "jpeg": replaced("JPEG", rb"(\xff\xc0\x00\x11\x08).{4}", struct.pack(">HH", HUGE, HUGE)),
    "gif": replaced("GIF", rb"(GIF8[79]a).{4}", struct.pack("<HH", HUGE, HUGE)),
    "bmp": replaced("BMP", rb"(BM.{16}).{8}", struct.pack("<ii", HUGE, HUGE)),
    "tiff": tiff({256: HUGE, 257: HUGE, 278: HUGE}),
    "tiff of one huge tile": tiff({322: HUGE, 323: HUGE, 324: 8, 325: 64, 259: 8}),
    "avif": replaced("AVIF", rb"(ispe\0\0\0\0).{8}", struct.pack(">II", HUGE, HUGE)),
    "heic": replaced("HEIF", rb"(ispe\0\0\0\0).{8}", struct.pack(">II", HUGE, HUGE)),
    "heic of the largest size": replaced("HEIF", rb"(ispe\0\0\0\0).{8}", b"\xff" * 8),
    "webp": replaced("WEBP", rb"(VP8X.{8}).{6}", struct.pack("<I", HUGE)[:3] * 2, exif=ORIENTATION),
    "gif, long and thin": replaced("GIF", rb"(GIF8[79]a).{4}", struct.pack("<HH", 65535, 1000)),
}

LIES: dict[str, Callable[[], bytes]] = {
    "heic larger than it says": lambda: re.sub(
        rb"(ispe\0\0\0\0).{8}",
        lambda found: found[1] + struct.pack(">II", 64, 64),
        encode(Image.new("RGB", (6016, 6016)), "HEIF", quality=30),
        flags=re.DOTALL,
    ),
    "tiff whose strip is longer than the file": lambda: tiff({279: 2**31 - 1}),
    "tiff whose strip lies behind the file": lambda: tiff({273: 2**31 - 1}),
    "tiff of a strip of no bytes": lambda: tiff({279: 0, 259: 5}),
    "gif of one byte of data": lambda: encode(Image.new("L", (3000, 3000)), "GIF")[:900],
    "bmp without its rows": lambda: encode(noise(), "BMP")[:60],
    "png text that unpacks to hundreds of megabytes": lambda: png(
        1, 8, 2, bytes(3), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))
    ),
    "avif of no data": lambda: encode(noise(), "AVIF").replace(b"mdat", b"free"),
}
