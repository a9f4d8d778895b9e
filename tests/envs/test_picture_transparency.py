"""Transparency of every mode and depth, over paper of any color, and numbers of every depth."""

import struct

import numpy as np
import pytest
from helpers.picture_files import chunk, encode, png
from hypothesis import given
from hypothesis import strategies as st
from paintgym.envs.pictures import load_picture
from PIL import Image

PAPERS = {"white": (1.0, 1.0, 1.0), "black": (0.0, 0.0, 0.0), "blue": (16 / 255, 32 / 255, 128 / 255)}
COLOR = (200, 100, 50)


def rgba(alpha: int) -> Image.Image:
    return Image.new("RGBA", (4, 4), (*COLOR, alpha))


def palette(transparency: int | bytes) -> Image.Image:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([1, 2, 3, *COLOR])
    image.info["transparency"] = transparency
    return image


def key(*values: int) -> bytes:
    return chunk(b"tRNS", struct.pack(f">{len(values)}H", *values))


COLORS = chunk(b"PLTE", bytes([*COLOR, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
# What is read, its color, and its opacity of 255.
CASES = {
    "RGBA": (rgba(100), COLOR, 100),
    "RGBA, clear": (rgba(0), COLOR, 0),
    "premultiplied": (rgba(100).convert("RGBa"), COLOR, 100),
    "LA": (Image.new("LA", (4, 4), (90, 70)), (90, 90, 90), 70),
    "premultiplied gray": (Image.new("LA", (4, 4), (90, 70)).convert("La"), (90, 90, 90), 70),
    "PA": (rgba(128).convert("PA"), COLOR, 128),
    "palette with one clear color": (palette(1), COLOR, 0),
    "palette with another clear color": (palette(0), COLOR, 255),
    "palette with alphas": (palette(bytes([0, 60])), COLOR, 60),
    "png of 16 bits with alpha": (png(1, 16, 6, struct.pack(">4H", *(257 * v for v in COLOR), 90 * 257)), COLOR, 90),
    "png of 16-bit gray with alpha": (png(1, 16, 4, struct.pack(">2H", 50 * 257, 90 * 257)), (50, 50, 50), 90),
    "png, key of 1 bit": (png(1, 1, 0, b"\x80", key(1)), (255, 255, 255), 0),
    "png, key of 2 bits": (png(1, 2, 0, b"\x80", key(2)), (170, 170, 170), 0),
    "png, another key of 2 bits": (png(1, 2, 0, b"\x80", key(1)), (170, 170, 170), 255),
    "png, key of 4 bits": (png(1, 4, 0, b"\x50", key(5)), (85, 85, 85), 0),
    "png, key of 8 bits": (png(1, 8, 0, b"\x50", key(0x50)), (80, 80, 80), 0),
    "png, key of 16 bits": (png(1, 16, 0, b"\x50\x01", key(0x5001)), (80, 80, 80), 0),
    "png, a near key of 16 bits": (png(1, 16, 0, b"\x50\x02", key(0x5001)), (80, 80, 80), 255),
    "png, key of color": (png(1, 8, 2, bytes(COLOR), key(*COLOR)), COLOR, 0),
    "png, key of deep color": (png(1, 16, 2, b"\x90\x01\x20\x02\x30\x03", key(0x9001, 0x2002, 0x3003)), (0, 0, 0), 0),
    "png, key of deep shadow": (png(1, 16, 2, b"\0\x01\0\x02\0\x03", key(1, 2, 3)), (0, 0, 0), 0),
    "png, palette of 2 bits": (png(1, 2, 3, b"\x00", COLORS, chunk(b"tRNS", b"\x80")), COLOR, 128),
    "webp": (encode(rgba(100), "WEBP", lossless=True), COLOR, 100),
    "tiff": (encode(rgba(100), "TIFF"), COLOR, 100),
    "gif": (encode(palette(1), "GIF", transparency=1), COLOR, 0),
    "avif": (encode(rgba(100).resize((64, 64)), "AVIF", subsampling="4:4:4"), COLOR, 100),
    "heic": (encode(rgba(100).resize((64, 64)), "HEIF", chroma=444), COLOR, 100),
    "array": (np.full((4, 4, 4), (*COLOR, 100), np.uint8), COLOR, 100),
}


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("name", CASES)
def test_paper_shows_through_what_is_transparent(name: str, paper: str) -> None:
    source, color, alpha = CASES[name]
    under = 255 * np.array(PAPERS[paper])
    expected = (np.array(color) * alpha + under * (255 - alpha)) / 255
    allowed = 3 if name in ("avif", "heic", "premultiplied", "premultiplied gray") else 1
    assert np.abs(load_picture(source, paper=PAPERS[paper])[0, 0] - expected).max() <= allowed


@given(st.tuples(*[st.integers(0, 255)] * 4), st.tuples(*[st.floats(0, 1)] * 3))
def test_any_color_on_any_paper_is_mixed_in_proportion(color: tuple[int, ...], paper: tuple[float, ...]) -> None:
    found = load_picture(Image.new("RGBA", (2, 2), color), paper=paper)[0, 0]
    expected = (np.array(color[:3]) * color[3] + 255 * np.array(paper) * (255 - color[3])) / 255
    assert np.abs(found - expected).max() <= 1


def test_what_is_opaque_does_not_depend_on_paper() -> None:
    for mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I", "F", "RGBX"):
        image = Image.new("RGB", (4, 4), COLOR).convert("L" if mode in ("I;16", "I", "F") else mode)
        image = image.convert(mode) if image.mode != mode else image
        assert np.array_equal(load_picture(image), load_picture(image, paper=(0, 0, 1)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "RGBX", "RGBa"])
def test_modes_of_color_become_the_same_color(mode: str) -> None:
    start = Image.new("RGBA" if mode == "RGBa" else "RGB", (4, 4), COLOR)
    assert np.abs(load_picture(start.convert(mode))[0, 0].astype(int) - COLOR).max() <= 2


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (4, 4), 1), 255),
        (Image.new("L", (4, 4), 77), 77),
        (Image.new("I;16", (4, 4), 0x8080), 0x80),
        (Image.new("I;16B", (4, 4), 0x8080), 0x80),
        (Image.new("I;16", (4, 4), 70), 0),
        (Image.new("I", (4, 4), 0x8080), 0x80),
        (Image.new("I", (4, 4), 200), 200),
        (Image.new("I", (4, 4), 2**30), 128),
        (Image.new("F", (4, 4), 0.5), 128),
        (Image.new("F", (4, 4), 200.0), 200),
        (Image.new("F", (4, 4), 0x8080), 0x80),
        (Image.new("F", (4, 4), float("nan")), 0),
        (Image.new("F", (4, 4), -3.0), 0),
    ],
)
def test_numbers_of_every_depth_are_scaled_to_eight_bits(image: Image.Image, expected: int) -> None:
    assert (load_picture(image) == expected).all()


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_deep_tiff_and_png_files_keep_their_ramp(mode: str) -> None:
    ramp = np.linspace(0, 65535, 64)[None].repeat(4, 0)
    kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    image = Image.fromarray((ramp / (65535 if mode == "F" else 1)).astype(kind))
    assert image.mode == mode
    for form in ("TIFF", "PNG") if mode == "I;16" else ("TIFF",):
        assert np.abs(load_picture(encode(image, form))[..., 0] - ramp / 257).max() <= 1


def test_a_deep_tiff_whose_zero_is_white_is_not_inverted() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(4, 0)
    found = load_picture(encode(Image.fromarray(ramp), "TIFF", tiffinfo={262: 0}))
    assert np.abs(found[..., 0] - (255 - ramp / 257)).max() <= 1
