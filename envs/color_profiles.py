"""Color profiles: the colors of a picture as its embedded ICC profile means them, in sRGB."""

import io
import warnings

import numpy as np
from PIL import Image, ImageCms

_LARGEST_PROFILE = 16 << 20
"""Bytes; profiles of printers with fine tables take some 3 million."""

_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""ICC.1:2022, table 19: the signature of a color space, and the mode of an image in it."""


def to_srgb(image: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    """Convert an image's colors to sRGB, relative to the white of either, without compensation for the black point.

    So black of a printer's ink stays as light as it is, and what was made of sRGB comes back as it was.

    Args:
        image: of mode L, RGB, CMYK or LAB, loaded.
        profile: ICC bytes; without, L and RGB are taken for sRGB and CMYK for ideal inks.
        name: what the warning calls it.

    Returns:
        An image of mode RGB.

    Warns:
        UserWarning: the profile is broken, or is one of other colors than the image has; it is ignored.
    """
    if profile and image.mode != "LAB":  # which means the same colors with or without one
        try:
            return _transform(image, profile)
        except Exception as error:  # Little CMS refuses broken profiles in many ways
            reason = str(error).splitlines()[0] if isinstance(error, ValueError) else "it is broken"
            warnings.warn(f"{name}: its color profile is ignored: {reason}", stacklevel=2)
    return image.convert("RGB")


def _transform(image: Image.Image, profile: bytes) -> Image.Image:
    if len(profile) > _LARGEST_PROFILE:
        raise ValueError(f"it has {len(profile):,} bytes")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    mode = _SPACES.get(space, "")
    if mode != image.mode and (mode, image.mode) != ("RGB", "L"):
        raise ValueError(f"it is one for {space} pictures, and this is {image.mode}")
    transform = ImageCms.buildTransform(
        source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    if mode != image.mode:
        image = image.convert(mode)
    if mode != "CMYK":
        probe = _probe(mode)
        change = np.asarray(transform.apply(probe), np.int16) - np.asarray(probe.convert("RGB"))
        if np.abs(change).max() <= 1:  # sRGB's own profile, of any make: its pixels stay as they are
            return image.convert("RGB")
    return transform.apply(image)


def _probe(mode: str) -> Image.Image:
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps = np.linspace(0, 255, 8).round().astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), -1).reshape(8, 64, 3))
