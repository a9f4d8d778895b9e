"""Saved paintings, opened by programs that others wrote: Pillow, numpy, zipfile and FFmpeg's libraries."""

import io
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.stroke_lists import make_stroke_list, recompose
from paintgym.agents.outputs import forms
from paintgym.agents.outputs import saving as outputs
from paintgym.agents.outputs.forms import OUTPUT_SUFFIXES
from paintgym.agents.outputs.open_raster import layer_bounds
from paintgym.agents.outputs.replay import Replay
from paintgym.errors import InvalidInputError, MissingLibraryError
from paintgym.painters.registry import load_painter
from paintgym.painters.stroke_list import StrokeList, on_one_canvas
from PIL import Image

pytestmark = pytest.mark.usefixtures("one_thread")
FILMS = [".webp", ".gif", ".mp4"]


@pytest.fixture(scope="module")
def painting() -> Replay:
    return Replay(make_stroke_list(), load_painter("gan"))


def film_of(path: Path) -> tuple[list[np.ndarray], float]:
    """The pictures of a film, and its seconds."""
    if path.suffix == ".mp4":
        import av

        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert (stream.codec.name, stream.pix_fmt) == ("h264", "yuv420p")
            seconds = float(stream.duration * stream.time_base)
            return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(stream)], seconds
    with Image.open(path) as film:
        assert film.format == path.suffix[1:].upper()
        pictures, milliseconds = [], 0
        for number in range(film.n_frames):
            film.seek(number)
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
            milliseconds += film.info["duration"]
    return pictures, milliseconds / 1000


@pytest.mark.parametrize("suffix", FILMS)
def test_films_last_as_long_as_asked_and_end_with_the_painting(painting, tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    painting.save(path, enlarge=2, frames=5, seconds=1.5)
    pictures, seconds = film_of(path)
    assert seconds == pytest.approx(1.5, abs=0.021)
    assert pictures[0].shape == (142, 192, 3)
    assert pictures[0].std((0, 1)).max() < 4, "paper"
    last = np.asarray(Image.fromarray(painting.image).resize((192, 142), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(pictures[-1] - last).mean() < 8 < np.abs(pictures[0] - last).mean()
    if suffix != ".mp4":
        assert len(pictures) == 5


@pytest.mark.parametrize("suffix", FILMS)
def test_films_of_no_other_wish_take_six_seconds_and_one_of_bare_paper_is_one_picture(painting, tmp_path, suffix):
    long = Replay(on_one_canvas(np.random.default_rng(1).random((70, 12)).astype(np.float32), 16), load_painter("gan"))
    long.save(tmp_path / f"long{suffix}")
    assert film_of(tmp_path / f"long{suffix}")[1] == pytest.approx(59 * 0.06 + 2.5)
    bare = Replay(on_one_canvas(np.empty((0, 12), np.float32), 16), load_painter("gan"))
    bare.save(tmp_path / f"bare{suffix}", seconds=2)
    if suffix == ".mp4":
        assert film_of(tmp_path / f"bare{suffix}")[1] == pytest.approx(2)
    else:
        assert Image.open(tmp_path / f"bare{suffix}").size == (16, 16)


@pytest.mark.slow
def test_an_mp4_loses_a_pixel_of_odd_sides(painting, tmp_path):
    painting.save(tmp_path / "odd.mp4", frames=2)
    assert film_of(tmp_path / "odd.mp4")[0][0].shape == (70, 96, 3)


@pytest.mark.parametrize(
    ("frames", "seconds", "complaint"),
    [
        (60, 0.5, "faster than the eye"),
        (2, 0, "above 0"),
        (2, -1, "above 0"),
        (2, float("nan"), "above 0"),
        (2, float("inf"), "above 0"),
        (2, 3601, "at most 3600"),
        (2, "1", "above 0"),
        (1, None, "from 2 to 1000"),
        (1001, None, "from 2 to 1000"),
    ],
)
def test_films_too_fast_too_long_or_empty_are_refused(painting, tmp_path, frames, seconds, complaint):
    with pytest.raises(InvalidInputError, match=complaint):
        painting.save(tmp_path / "film.gif", frames=frames, seconds=seconds)
    assert list(tmp_path.iterdir()) == []


def test_pictures_and_films_that_memory_cannot_hold_are_refused_before_they_are_painted(tmp_path):
    large = Replay(make_stroke_list(80), load_painter("gan"), 6000)
    for suffix, options in ((".png", {"enlarge": 2}), (".ora", {"enlarge": 2}), (".gif", {"frames": 60})):
        with pytest.raises(InvalidInputError, match=r"at most \d+"):
            large.save(tmp_path / f"large{suffix}", **options)
    assert "image" not in vars(large)
    assert list(tmp_path.iterdir()) == []
    large.save(tmp_path / "large.svg", enlarge=64)


def test_without_pyav_mp4_says_what_to_install_and_nothing_else_does(painting, tmp_path, monkeypatch):
    monkeypatch.setattr(forms.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingLibraryError, match="pip install av"):
        painting.save(tmp_path / "film.mp4", frames=3)
    assert list(tmp_path.iterdir()) == []
    painting.save(tmp_path / "film.gif", frames=3)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_a_jpeg_is_the_picture(painting, tmp_path, suffix):
    painting.save(tmp_path / f"picture{suffix}", enlarge=2)
    with Image.open(tmp_path / f"picture{suffix}") as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (192, 142))
        shrunk = np.asarray(picture.resize((96, 71), Image.Resampling.BOX)).astype(int)
    assert np.abs(shrunk - painting.image).mean() < 4


def test_an_npz_holds_the_strokes_and_needs_no_pickle(painting, tmp_path):
    painting.save(tmp_path / "strokes.npz")
    with np.load(tmp_path / "strokes.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"strokes", "windows", "width", "height", "background"}
        again = StrokeList(
            int(arrays["width"]),
            int(arrays["height"]),
            arrays["strokes"],
            arrays["windows"],
            tuple(arrays["background"].tolist()),
        )
    np.testing.assert_array_equal(Replay(again, load_painter("gan")).image, painting.image)


@pytest.mark.parametrize("enlarge", [1, 4])
def test_an_open_raster_file_has_the_layout_and_its_layers_make_the_picture(painting, tmp_path, enlarge):
    painting.save(tmp_path / "layers.ora", enlarge=enlarge)
    raw = (tmp_path / "layers.ora").read_bytes()
    assert raw[30:54] == b"mimetypeimage/openraster", "known by its first bytes"
    with zipfile.ZipFile(tmp_path / "layers.ora") as archive:
        assert archive.testzip() is None
        assert {"mimetype", "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} < set(archive.namelist())
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        image = ElementTree.fromstring(archive.read("stack.xml"))
        names = [layer.attrib["name"] for layer in image.find("stack")]
        assert names == ["level 1, 12 strokes", "level 0, 12 strokes", "paper"]
        merged = np.asarray(Image.open(io.BytesIO(archive.read("mergedimage.png")))).astype(int)
        assert max(Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png"))).size) == min(256, 96 * enlarge)
        seen = recompose(archive)
    assert (seen[..., 3] == 255).all()
    assert np.abs(seen[..., :3] - merged).max() <= 2
    if enlarge == 1:
        np.testing.assert_array_equal(merged, painting.image)


def test_layers_follow_painting_order_and_are_not_without_end():
    assert layer_bounds(np.array([], int)) == []
    assert layer_bounds(np.array([0, 0, 1, 1, 1, 2])) == [(0, 2), (2, 5), (5, 6)]
    alternating = layer_bounds(np.arange(100) % 2)
    assert len(alternating) == 24
    assert (alternating[0], alternating[-1]) == ((0, 1), (23, 100))


@pytest.mark.parametrize("suffix", OUTPUT_SUFFIXES)
def test_a_failing_writer_leaves_the_old_file_whatever_its_kind(painting, tmp_path, suffix, monkeypatch):
    path = tmp_path / f"painting{suffix}"
    path.write_bytes(b"old")

    def fail_halfway(painting: Replay, temporary: Path, options: outputs.SaveOptions) -> None:
        temporary.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(outputs.WRITERS, suffix, fail_halfway)
    with pytest.raises(InvalidInputError, match="No space left"):
        painting.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
