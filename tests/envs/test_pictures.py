"""Pictures from outside: what is accepted, what is refused, and that refusing costs nothing."""

import contextlib
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from paintgym.envs.pictures import MAXIMUM_PIXELS, check_picture, fit_picture, load_picture
from paintgym.errors import InvalidInputError
from paintgym.painters.pixels import to_tensor, to_uint8
from PIL import Image

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def two_halves(width: int = 32, height: int = 16) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def noise(size: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_png_webp_and_jpeg_files_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    two_halves().save(path, quality=95)
    picture = load_picture(str(path))
    assert picture.shape == (16, 32, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture[8, 4].astype(int) - RED).max() < 8
    assert np.abs(picture[8, 28].astype(int) - BLUE).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honored(tmp_path: Path, orientation: int) -> None:
    upright = np.asarray(noise(16).crop((0, 0, 16, 8)))
    stored = {  # how a camera held that way would store the upright picture
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(load_picture(tmp_path / "turned.png"), upright)


def test_transparency_is_laid_over_white_in_every_mode() -> None:
    clear = Image.new("RGBA", (4, 4), (*RED, 0))
    half = Image.new("LA", (4, 4), (0, 128))
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([*RED, *BLUE])
    palette.info["transparency"] = 0
    assert (load_picture(clear) == WHITE).all()
    assert (load_picture(half) == 127).all()
    assert (load_picture(palette) == WHITE).all()


def test_grayscale_palette_and_sixteen_bit_pictures_become_rgb(tmp_path: Path) -> None:
    sixteen = Image.fromarray(np.full((4, 4), 0x8080, np.uint16))
    sixteen.save(tmp_path / "sixteen.png")
    assert (load_picture(tmp_path / "sixteen.png") == 0x80).all()
    assert (load_picture(Image.new("L", (4, 4), 77)) == 77).all()
    assert (load_picture(Image.new("1", (4, 4), 1)) == 255).all()
    assert np.array_equal(load_picture(two_halves().convert("P")), np.asarray(two_halves()))


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(60_000, 60_000))
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="too large") as caught:
        load_picture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("error")
def test_one_row_over_the_limit_is_refused_without_a_warning(tmp_path: Path) -> None:
    assert MAXIMUM_PIXELS == 8000 * 8000
    path = tmp_path / "large.png"
    for width, height in ((8000, 8001), (10_000, 10_000)):
        path.write_bytes(png_header(width, height))
        with pytest.raises(InvalidInputError, match="too large"):
            load_picture(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.97])
def test_truncated_files_are_refused_by_reading_and_by_the_cheap_check(
    tmp_path: Path, suffix: str, part: float
) -> None:
    path = tmp_path / f"whole{suffix}"
    noise().save(path)
    check_picture(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    for read in (load_picture, check_picture):
        with pytest.raises(InvalidInputError, match=r"damaged or cut short|not a picture") as caught:
            read(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_files_with_broken_bytes_are_read_or_refused_but_never_crash(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"whole{suffix}"
    noise(32).save(path)
    content = np.frombuffer(path.read_bytes(), np.uint8)
    generator = np.random.default_rng(5)
    for _ in range(150):
        broken = content.copy()
        broken[generator.integers(0, len(broken), 4)] = generator.integers(0, 256, 4)
        path.write_bytes(broken.tobytes())
        with contextlib.suppress(InvalidInputError):
            assert load_picture(path).shape[2] == 3


def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    vector = tmp_path / "drawing.png"
    vector.write_text("<svg/>")
    for source, message in (
        (text, "not a picture"),
        (vector, "not a picture"),
        (tmp_path, "is a folder"),
        (tmp_path / "missing.png", "not an existing file"),
        ("/dev/zero", "not an existing file"),
        (np.zeros((4, 4, 3)), "float64 array of shape"),
        (np.zeros((4, 4, 2), np.uint8), r"expected uint8 \(H, W, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), "expected uint8"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            load_picture(source)


def test_fitting_crops_the_centre_and_averages_what_it_shrinks() -> None:
    picture = np.full((60, 100, 3), 255, np.uint8)
    picture[:, :20] = picture[:, 80:] = 0  # all of it outside the center square
    assert (fit_picture(picture, 30)[:, 1:-1] == 255).all()
    checkerboard = np.kron(np.indices((50, 50)).sum(0) % 2, np.ones((2, 2)))[..., None].repeat(3, 2)
    shrunk = fit_picture((checkerboard * 255).astype(np.uint8), 10)
    assert np.abs(shrunk[2:-2, 2:-2].astype(int) - 127).max() < 12
    assert fit_picture(np.zeros((1, 9000, 3), np.uint8), 16).shape == (16, 16, 3)


def test_pixels_survive_the_way_to_tensors_and_back() -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    tensor = to_tensor(pictures)
    assert tensor.shape == (2, 3, 4, 5)
    assert tensor.dtype == torch.float32
    assert tensor[1, 2, 3, 4] == pictures[1, 3, 4, 2] / np.float32(255)
    assert np.array_equal(to_uint8(tensor), pictures)
    assert np.array_equal(to_uint8(to_tensor(pictures[0, :, ::-1])), pictures[:1, :, ::-1])
    assert to_uint8(torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1)).tolist() == [[[0, 128, 255]]]
    with pytest.raises(InvalidInputError, match="expected uint8"):
        to_tensor(np.zeros((4, 4, 3)))
