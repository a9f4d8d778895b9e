"""Every format that people bring: read, turned upright once, at its first frame, whole or refused; and every source."""

import contextlib
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.picture_files import FORMATS, LOSSY, encode, noise
from hypothesis import given
from hypothesis import strategies as st
from paintgym.envs import decoding
from paintgym.envs.pictures import PICTURE_SUFFIXES, check_picture, load_picture
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError, MissingLibraryError, UnknownFormatError
from paintgym.webapp.uploads import read_upload
from PIL import Image

CONTAINERS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF", "MPO")
BLOCKS = np.kron(np.random.default_rng(0).integers(0, 256, (2, 4, 3)), np.ones((32, 32, 1))).astype(np.uint8)
"""(64, 128, 3), of which no turn is another."""


def stored(orientation: int) -> Image.Image:
    """The upright blocks as a camera held that way would store them."""
    turned = {
        1: BLOCKS,
        2: BLOCKS[:, ::-1],
        3: BLOCKS[::-1, ::-1],
        4: BLOCKS[::-1],
        5: BLOCKS.transpose(1, 0, 2),
        6: np.rot90(BLOCKS),
        7: BLOCKS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(BLOCKS, -1),
    }[orientation]
    return Image.fromarray(np.ascontiguousarray(turned))


def test_every_suffix_has_a_format() -> None:
    assert {f".{suffix}" for suffix in FORMATS} == PICTURE_SUFFIXES


@pytest.mark.parametrize("suffix", FORMATS)
def test_files_of_every_suffix_are_read_as_pictures_targets_and_folders(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix.upper()}"
    path.write_bytes(encode(Image.fromarray(BLOCKS), FORMATS[suffix]))
    check_picture(path)
    for found in (load_picture(path), load_targets(tmp_path, 64).picture(0), load_targets(path, 64).picture(0)):
        whole = BLOCKS if found.shape == BLOCKS.shape else BLOCKS[:, 32:96]
        assert np.abs(found.astype(int) - whole)[8::16, 8::16].mean() < (30 if suffix == "gif" else 4)
    assert read_upload(path.read_bytes(), 10**6).picture.shape == (64, 64, 3)


@pytest.mark.parametrize("form", CONTAINERS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once_in_every_format(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = load_picture(encode(stored(orientation), form, exif=exif.tobytes()))
    assert found.shape == BLOCKS.shape
    assert np.abs(found.astype(int) - BLOCKS)[8::16, 8::16].max() <= (8 if form in LOSSY else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_holds_when_a_photograph_is_decoded_smaller(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = stored(orientation).resize([8 * side for side in stored(orientation).size], Image.Resampling.NEAREST)
    found = load_picture(encode(large, "JPEG", exif=exif), enough=16)
    assert found.shape == BLOCKS.shape
    assert np.abs(found.astype(int) - BLOCKS)[8::16, 8::16].max() <= 8


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO", "HEIF"])
def test_of_several_frames_the_first_is_taken(form: str) -> None:
    frames = [Image.new("RGB", (64, 64), color) for color in ("red", "blue", "green")]
    content = encode(frames[0], form, save_all=True, append_images=frames[1:])
    for found in (load_picture(content), read_upload(content, 10**6).picture):
        assert np.abs(found.astype(int) - (255, 0, 0)).max() <= 4


def test_a_pil_image_is_taken_at_its_frame_and_stays_as_it_was() -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    film = Image.open(io.BytesIO(encode(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    film.seek(1)
    assert (load_picture(film) == (0, 0, 255)).all()
    assert film.tell() == 1
    for mode in ("RGBA", "P", "LA", "CMYK", "RGB"):
        image = noise(8, 8).convert(mode)
        before, facts = image.tobytes(), dict(image.info)
        load_picture(image)[:] = 0
        assert (image.mode, image.tobytes(), image.info) == (mode, before, facts)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("kind", ["noise", "text", "another picture", "scans"])
def test_what_follows_a_picture_in_its_file_does_no_harm(tmp_path: Path, form: str, kind: str) -> None:
    content = encode(noise(), form)
    tail = {
        "noise": np.random.default_rng(1).bytes(200_000),
        "text": b"MotionPhoto_Data" + b"\0\0\0\x18ftypmp42" + bytes(5000),
        "another picture": encode(noise(seed=9), "JPEG"),
        "scans": 400 * b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",  # as many as a film of 26 MB has by chance
    }[kind]
    path = tmp_path / "picture.jpg"
    path.write_bytes(content + tail)
    check_picture(path)
    assert np.array_equal(load_picture(path), load_picture(content))
    assert np.array_equal(read_upload(content + tail, 10**6).picture, read_upload(content, 10**6).picture)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_what_is_cut_short_is_refused_by_reading_and_by_the_cheap_check(tmp_path: Path, form: str, part: float) -> None:
    content = encode(noise(), form)
    path = tmp_path / "cut.png"
    path.write_bytes(content[: int(part * len(content))])
    for read in (load_picture, check_picture):
        with pytest.raises(InvalidInputError, match=r"cut\.png is (not a picture|damaged)") as caught:
            read(path)
        assert "\n" not in str(caught.value)


@given(st.sampled_from(["GIF", "BMP", "TIFF", "AVIF", "HEIF"]), st.data())
def test_broken_bytes_of_the_other_formats_are_read_or_refused(form: str, data: st.DataObject) -> None:
    content = bytearray(encode(noise(16, 16), form))
    for _ in range(4):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidInputError):
        assert load_picture(content, maximum_pixels=1_000_000).shape[2] == 3


def sources(pixels: np.ndarray, folder: Path) -> dict[str, Any]:
    content = encode(Image.fromarray(pixels), "PNG")
    path = folder / "picture.png"
    path.write_bytes(content)
    tensor = torch.tensor(pixels)
    return {
        "path": path,
        "name": str(path),
        "NumPy's string": np.str_(path),
        "bytes": content,
        "bytearray": bytearray(content),
        "memoryview": memoryview(content),
        "BytesIO": io.BytesIO(content),
        "open file": open(path, "rb"),
        "temporary file": temporary(content),
        "PIL image": Image.fromarray(pixels),
        "array": pixels,
        "flipped array": pixels[::-1][::-1],
        "tensor, channels last": tensor,
        "tensor, channels first": tensor.permute(2, 0, 1),
        "tensor of floats": tensor.permute(2, 0, 1) / 255,
        "tensor of doubles": tensor.permute(2, 0, 1).double() / 255,
        "tensor with a gradient": (tensor.permute(2, 0, 1) / 255).requires_grad_(),
        "parameter": torch.nn.Parameter(tensor.permute(2, 0, 1) / 255),
    }


def temporary(content: bytes) -> Any:
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115
    file.write(content)
    return file


NAMES = list(sources(np.zeros((2, 2, 3), np.uint8), Path(tempfile.mkdtemp())))


@pytest.mark.parametrize("name", NAMES)
def test_whatever_stands_for_a_picture_is_one_alone_and_as_target(tmp_path: Path, name: str) -> None:
    pixels = np.asarray(noise(24, 24))
    source = sources(pixels, tmp_path)[name]
    found = load_picture(source)
    assert np.array_equal(found, pixels)
    assert found.flags.writeable
    assert np.array_equal(load_targets(source, 24).picture(0), pixels)
    assert np.array_equal(load_targets([source], 24).picture(0), pixels)


def test_grays_and_alphas_of_arrays_and_tensors_are_pictures() -> None:
    gray = np.arange(48, dtype=np.uint8).reshape(6, 8)
    for source in (gray, gray[..., None], torch.tensor(gray), torch.tensor(gray)[None], torch.tensor(gray)[None] / 255):
        assert np.array_equal(load_picture(source), np.repeat(gray[..., None], 3, 2))
    clear = np.dstack([gray, gray, gray, np.full_like(gray, 0)])
    for source in (clear, torch.tensor(clear), torch.tensor(clear).permute(2, 0, 1) / 255):
        assert (load_picture(source, paper=(0, 0.2, 1)) == (0, 51, 255)).all()


def test_pictures_from_memory_are_copies() -> None:
    pixels = np.zeros((24, 24, 3), np.uint8)
    tensor = torch.zeros(24, 24, 3, dtype=torch.uint8)
    found = [load_picture(pixels), load_picture(tensor), load_targets(pixels, 24).picture(0)]
    pixels[:], tensor[:] = 9, 9
    assert not any(picture.any() for picture in found)


@pytest.mark.parametrize("at", [0, 5, -1])
def test_open_files_are_read_whole_and_left_where_they_were(at: int) -> None:
    content = encode(noise(), "PNG")
    file = io.BytesIO(content)
    position = file.seek(at if at >= 0 else len(content))
    assert np.array_equal(load_picture(file), np.asarray(noise()))
    assert file.tell() == position
    assert not file.closed


def test_a_stream_that_cannot_go_back_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self._left = io.BytesIO(encode(noise(), "PNG"))

        def readable(self) -> bool:
            return True

        def readinto(self, into: Any) -> int:
            return self._left.readinto(into)

    assert np.array_equal(load_picture(Pipe()), np.asarray(noise()))


def closed() -> io.BytesIO:
    file = io.BytesIO(b"...")
    file.close()
    return file


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "text file": (lambda: open(__file__), r"is open as text; open it with open\(path, 'rb'\)"),  # noqa: SIM115
    "StringIO": (lambda: io.StringIO("..."), "is open as text"),
    "closed file": (closed, "cannot be read"),
    "empty file": (io.BytesIO, "is empty"),
    "empty bytes": (bytes, "bytes are empty"),
    "folder": (lambda: Path(__file__).parent, "is a folder"),
    "missing": (lambda: "nothing.png", "nothing.png is not an existing file"),
    "nobody's folder": (lambda: "~nobody_of_this_name/x.png", "not an existing file"),
    "endless name": (lambda: "x" * 5000, r"x\.\.\. is not an existing file"),
    "base64": (lambda: "iVBORw0KGgo" * 900, "not an existing file"),
    "other bytes": (lambda: b"%PDF-1.7", "not a picture that can be read; expected PNG, JPEG"),
    "list": (lambda: [[[0, 0, 0]]], r"is a list, expected .*numpy\.array\(picture, 'uint8'\)"),
    "number": (lambda: 7, "is a int, expected a path"),
    "nothing": (lambda: None, "is a NoneType"),
    "floats": (lambda: np.zeros((4, 4, 3)), r"float64 array .*numpy\.uint8\(255 \* array\)"),
    "channels first": (lambda: np.zeros((3, 40, 40), np.uint8), r"array\.transpose\(1, 2, 0\)"),
    "batch": (lambda: np.zeros((2, 4, 4, 3), np.uint8), r"such as array\[0\]"),
    "tensor of a batch": (lambda: torch.zeros(2, 3, 4, 4), r"such as tensor\[0\]"),
    "tensor to 255": (lambda: torch.full((3, 4, 4), 255.0), r"from 255 to 255, expected numbers in \[0, 1\]"),
    "tensor of nan": (lambda: torch.full((3, 4, 4), float("nan")), r"expected numbers in \[0, 1\]"),
    "tensor of numbers": (lambda: torch.zeros(3, 4, 4, dtype=torch.int64), "int64 tensor .*expected uint8"),
    "tensor of nothing": (lambda: torch.zeros(3, 0, 4), "shape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_in_one_line_that_says_why(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message) as caught:
        load_picture(make())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingLibraryError, match="pip install pillow-heif"):
        load_picture(encode(noise(), "HEIF"))
    assert np.array_equal(load_picture(encode(noise(), "PNG")), np.asarray(noise()))


def test_formats_that_are_not_read_are_told_apart_from_damage() -> None:
    with pytest.raises(UnknownFormatError):
        load_picture(encode(noise(), "PPM"))
    content = encode(noise(), "PNG")
    with pytest.raises(InvalidInputError, match="damaged") as caught:
        load_picture(content[:-2000])
    assert not isinstance(caught.value, UnknownFormatError)


def test_decoding_needs_no_torch_and_leaves_pillow_as_it_is() -> None:
    folder = Path(decoding.__file__).parent
    code = f"""
import importlib, sys, types
for name, path in (("p", r"{folder.parent}"), ("p.{folder.name}", r"{folder}")):
    package = types.ModuleType(name); package.__path__ = [path]; sys.modules[name] = package
pictures = importlib.import_module("p.{folder.name}.pictures")
from PIL import Image
pictures.load_picture(open(sys.argv[1], "rb"))
assert "torch" not in sys.modules and "HEIF" not in Image.OPEN
"""
    with tempfile.NamedTemporaryFile(suffix=".heic") as file:
        file.write(encode(noise(), "HEIF"))
        file.flush()
        subprocess.run([sys.executable, "-c", code, file.name], check=True)
