"""Pixels of every mode and depth, with their transparency, as upright sRGB pixels on paper of one color."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .color_profiles import to_srgb
from .decoding import damaged

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

_PHOTOMETRIC_TAG, _WHITE_IS_ZERO = 262, 0  # TIFF 6.0
_KEY_FACTORS = {"L;2": 85, "L;4": 17}
"""PNG gives the transparent gray as it is stored; Pillow spreads grays of 2 and 4 bits over 8."""

_FULL_SCALES = (255.0, 65535.0, 2147483647.0)


def decode(image: Image.Image, name: str, paper: Sequence[float]) -> NDArray[np.uint8]:
    """Decode an open image into upright sRGB pixels.

    Numbers of 16 bits run to 65,535 (of 12 bits, in TIFF, to 4,095). Modes ``I`` and ``F`` do not say how far theirs
    run: to 1 (``F`` alone), 255, 65,535 or 2**31 - 1, whichever is the least that holds the largest.

    Args:
        image: any mode; at the frame that is wanted.
        name: what messages call it.
        paper: (3,) in [0, 1], seen through what is transparent; mixed in sRGB values as the canvas does.

    Returns:
        (H, W, 3) uint8.

    Raises:
        InvalidInputError: it is damaged.

    Warns:
        UserWarning: its color profile cannot be used.
    """
    try:
        raw = _raw_mode(image)
        image.load()
        orientation = _orientation(image)  # after loading, by which some decoders turn it themselves
        color, alpha = _separate(image, raw)
    except Exception:  # Pillow's decoders raise nearly anything on malformed bytes
        raise damaged(name) from None
    color = to_srgb(color, image.info.get("icc_profile"), name)
    if alpha is not None:
        sheet = Image.new("RGB", color.size, tuple(round(255 * float(part)) for part in paper))
        sheet.paste(color, mask=alpha)
        color = sheet
    upright = _UPRIGHT.get(orientation)
    return np.array(color if upright is None else color.transpose(upright))


def _separate(image: Image.Image, raw: str) -> tuple[Image.Image, Image.Image | None]:
    """Colors, of mode L, RGB, CMYK or LAB, and alpha, of mode L."""
    key = image.info.get("transparency")
    if image.mode[0] in "IF":
        return _to_gray(image, raw, key)
    if image.mode in ("1", "L"):
        gray = image.convert("L")
        if not isinstance(key, int):
            return gray, None
        key *= _KEY_FACTORS.get(raw, 1)
        return gray, gray.point([0 if value == key else 255 for value in range(256)])
    if image.mode in ("La", "LA"):
        gray, alpha = (image.convert("LA") if image.mode == "La" else image).split()
        return gray, alpha
    if image.mode == "RGB" and isinstance(key, tuple) and (max(key) > 255 or raw.startswith("RGB;16")):
        image = image.copy()
        image.info["transparency"] = tuple(value >> 8 for value in key)  # as Pillow cuts its pixels to 8 bits
    if image.mode in ("CMYK", "LAB"):
        return image, None
    if image.has_transparency_data:
        *colors, alpha = image.convert("RGBA").split()
        return Image.merge("RGB", colors), alpha
    return image.convert("RGB"), None


def _to_gray(image: Image.Image, raw: str, key: Any) -> tuple[Image.Image, Image.Image | None]:
    numbers = np.asarray(image)
    if image.mode.startswith("I;16"):
        numbers = numbers.astype(np.uint16, copy=False)
        largest = 4095 if raw.startswith("I;12") else 65535
        table = np.rint(np.arange(65536) * (255 / largest)).clip(0, 255).astype(np.uint8)
        gray = table[numbers]
    else:
        real = np.nan_to_num(numbers.astype(np.float32), nan=0, posinf=np.inf, neginf=0).clip(0)
        greatest = float(real[np.isfinite(real)].max(initial=0))
        scales = (1.0, *_FULL_SCALES) if image.mode == "F" else _FULL_SCALES
        real *= 255 / next((scale for scale in scales if greatest <= scale), greatest)
        gray = np.rint(real).clip(0, 255).astype(np.uint8)
    tags = getattr(image, "tag_v2", {})
    if tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO:
        gray = 255 - gray
    alpha = None if not isinstance(key, int) else Image.fromarray(np.where(numbers == key, 0, 255).astype(np.uint8))
    return Image.fromarray(gray), alpha


def _raw_mode(image: Image.Image) -> str:
    """How the decoder finds the pixels in the file; "" for what is decoded already."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    if isinstance(arguments, tuple):
        arguments = arguments[0] if arguments else ""
    return arguments if isinstance(arguments, str) else ""


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata do not make the pixels unreadable
        return 1
