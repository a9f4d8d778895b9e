"""Bombs of every format are refused by their headers; and large photographs are decoded no larger than is needed."""

import contextlib
import io
import struct
import tracemalloc
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from helpers.hostile_pictures import BOMBS, LIES
from helpers.picture_files import encode, noise
from paintgym.envs.decoding import count_scans
from paintgym.envs.pictures import check_picture, fit_picture, load_picture
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError, TooManyPixelsError
from paintgym.webapp.errors import TooLargeError
from paintgym.webapp.uploads import read_upload
from PIL import Image, JpegImagePlugin


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_by_their_headers(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    tracemalloc.start()
    for read in (load_picture, check_picture):
        with pytest.raises(TooManyPixelsError, match=r"bomb is too large .*, expected at most 64,000,000"):
            read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    with pytest.raises(TooLargeError, match="too many pixels"):
        read_upload(BOMBS[name], 10**6)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_the_limit_holds_to_the_pixel_in_every_format(form: str) -> None:
    content = encode(noise(64, 64), form)
    assert load_picture(content, maximum_pixels=64 * 64).shape == (64, 64, 3)
    for read in (load_picture, read_upload):
        with pytest.raises((TooManyPixelsError, TooLargeError), match="64 x 64"):
            read(content, maximum_pixels=64 * 64 - 1)
    with pytest.raises(TooManyPixelsError):
        load_picture(Image.open(io.BytesIO(content)) if form != "HEIF" else noise(), maximum_pixels=64 * 64 - 1)


def test_boxes_of_no_length_do_not_hold_up_the_cheap_check(tmp_path: Path) -> None:
    content = encode(noise(), "AVIF")
    at = content.index(b"mdat") - 4
    for length in (struct.pack(">I", 1) + b"free" + bytes(8), struct.pack(">I", 3) + b"free" + bytes(8)):
        path = tmp_path / "still.avif"
        path.write_bytes(content[:at] + length + content[at:])
        with pytest.raises(InvalidInputError):
            check_picture(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIES)
def test_files_that_lie_about_themselves_are_refused_or_read_at_the_size_they_claim(name: str) -> None:
    with contextlib.suppress(InvalidInputError):
        assert load_picture(LIES[name]()).size <= 3 * 3000 * 3000


def many_scans(count: int) -> bytes:
    content = encode(noise(), "JPEG", progressive=True)
    return content[:-2] + count * b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\xff\xd9"


def test_a_jpeg_of_a_thousand_scans_is_refused_from_a_path_too(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    path.write_bytes(many_scans(1000))
    with open(path, "rb") as file:
        for source in (path, path.read_bytes(), file):
            with pytest.raises(InvalidInputError, match="more scans than a JPEG needs"):
                load_picture(source)
        assert not file.closed


def test_scans_are_counted_up_to_the_end_of_the_first_picture() -> None:
    plain, progressive = (encode(noise(), "JPEG", progressive=way) for way in (False, True))
    assert count_scans(plain) == 1
    assert 5 < count_scans(progressive) < 20
    assert count_scans(many_scans(30)) == count_scans(progressive) + 30
    assert count_scans(plain + 500 * b"\xff\xda\x00\x02" + progressive) == 1
    exif = Image.Exif()
    exif[0x010E] = "\xff\xda" * 200  # a comment of such bytes is no scan
    assert count_scans(encode(noise(), "JPEG", exif=exif)) == 1


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pixels that each JPEG was decoded to."""
    counts: list[int] = []
    load = JpegImagePlugin.JpegImageFile.load

    def count(image: Image.Image) -> object:
        if image.tile:
            counts.append(image.width * image.height)
        return load(image)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", count)
    return counts


@pytest.mark.parametrize(
    ("size", "enough", "kept"),
    [
        ((4032, 3024), 64, (504, 378)),
        ((4032, 3024), 180, (1008, 756)),
        ((4032, 3024), 200, (2016, 1512)),
        ((4032, 3024), 512, (4032, 3024)),
        ((4032, 3024), 1600, (4032, 3024)),
        ((4032, 3024), None, (4032, 3024)),
        ((1024, 1024), 64, (256, 256)),
        ((1023, 1023), 64, (512, 512)),
        ((512, 512), 64, (256, 256)),
        ((511, 511), 64, (511, 511)),
        ((100, 90), 64, (100, 90)),
        ((4000, 100), 64, (4000, 100)),
    ],
)
def test_photographs_are_decoded_to_four_times_what_is_needed_or_more(
    decoded: list[int], size: tuple[int, int], enough: int | None, kept: tuple[int, int]
) -> None:
    content = encode(noise().resize(size), "JPEG")
    found = load_picture(content, enough=enough)
    assert found.shape == (kept[1], kept[0], 3)
    assert decoded == [kept[0] * kept[1]]


def test_a_folder_of_large_photographs_is_decoded_small_at_every_reset(tmp_path: Path, decoded: list[int]) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(encode(noise(seed=number).resize((4032, 3024)), "JPEG"))
    decoded.clear()
    env = gym.make("paintgym/Painting-v0", target=str(tmp_path), perceptual="mse", painter="gan")
    for index in range(3):
        env.reset(seed=0, options={"target_index": index})
    env.reset(options={"target": tmp_path / "0.jpg"})
    assert decoded == 4 * [504 * 378]
    read_upload((tmp_path / "0.jpg").read_bytes(), 20_000_000)
    assert decoded[-1] == 2016 * 1512


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_what_was_decoded_small_looks_as_what_was_decoded_whole(mode: str, progressive: bool) -> None:
    large = noise(12, 9).resize((1600, 1200), Image.Resampling.BICUBIC).convert(mode)
    content = encode(large, "JPEG", progressive=progressive)
    small, whole = load_picture(content, enough=64), load_picture(content)
    assert small.shape[0] == 300
    assert np.abs(fit_picture(small, 64).astype(int) - fit_picture(whole, 64)).max() <= 3


def test_other_formats_and_pil_images_are_not_reduced() -> None:
    for form in ("PNG", "WEBP", "TIFF"):
        assert load_picture(encode(noise(512, 512), form), enough=16).shape == (512, 512, 3)
    image = Image.open(io.BytesIO(encode(noise(512, 512), "JPEG")))
    assert load_picture(image, enough=16).shape == (512, 512, 3)
    assert image.size == (512, 512)


def test_large_targets_of_any_size_keep_their_detail(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(noise(16, 16).resize((2000, 2000), Image.Resampling.BICUBIC), "JPEG"))
    for size in (16, 64, 200, 900):
        twin = fit_picture(load_picture(path), size)
        assert np.abs(load_targets(path, size).picture(0).astype(int) - twin).max() <= 8
