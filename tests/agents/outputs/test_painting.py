"""Paintings: frames that grow from paper to picture, and files that are right by suffix, whole or absent."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.paintings import make_painting
from paintgym.agents.outputs.forms import OUTPUT_SUFFIXES, check_output
from paintgym.agents.outputs.painting import Painting
from paintgym.agents.outputs.painting_file import FORMAT, read_painting_file
from paintgym.errors import InvalidInputError
from paintgym.painters.canvas import paint_strokes, white_canvas
from paintgym.painters.pixels import to_uint8
from paintgym.painters.stroke import STROKE_FIELDS, check_strokes
from PIL import Image


@pytest.fixture
def painting() -> Painting:
    return make_painting(90)


def test_frames_grow_from_paper_to_the_picture_and_paint_every_stroke_once(painting):
    frames = list(painting.frames(count=10))
    assert len(frames) == 10
    assert (frames[0] == 255).all()
    np.testing.assert_array_equal(frames[-1], painting.image)
    assert painting.painter.painted <= 90
    half = to_uint8(paint_strokes(white_canvas(1, 64), torch.tensor(painting.strokes[None, :50]), painting.painter))[0]
    assert np.abs(frames[5].astype(int) - half).max() <= 1


@pytest.mark.parametrize(("strokes", "frames"), [(0, 1), (1, 2), (3, 4), (59, 60), (500, 60)])
def test_there_are_sixty_frames_or_one_a_stroke(strokes, frames):
    assert len(list(make_painting(strokes).frames())) == frames


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".GIF"])
def test_films_show_the_painting_grow_and_hold_the_last_frame(painting, tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    painting.save(path, enlarge=2)
    with Image.open(path) as film:
        assert film.format == suffix[1:].upper()
        assert film.size == (128, 128)
        assert film.n_frames == 60
        assert film.info["loop"] == 0
        durations, pictures = [], []
        for frame in range(film.n_frames):
            film.seek(frame)
            pictures.append(np.asarray(film.convert("RGB").resize((64, 64))).astype(int))
            durations.append(film.info["duration"])
    assert pictures[0].min() >= 250
    errors = [np.abs(picture - painting.image).mean() for picture in pictures]
    assert errors[-1] == min(errors)
    assert errors[-1] < 12
    assert errors[0] > errors[30] > errors[-1]
    assert durations[-1] > 20 * durations[0]


def test_a_png_is_the_picture_itself_or_enlarged(painting, tmp_path):
    painting.save(tmp_path / "small.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "small.png")), painting.image)
    painting.save(tmp_path / "large.PNG", enlarge=8)
    with Image.open(tmp_path / "large.PNG") as large:
        assert large.size == (512, 512)
        shrunk = np.asarray(large.resize((64, 64), Image.Resampling.BOX)).astype(int)
    assert np.abs(shrunk - painting.image).mean() < 3


def test_json_holds_all_that_is_needed_to_paint_it_again(painting, tmp_path):
    painting.save(tmp_path / "strokes.json")
    document = json.loads((tmp_path / "strokes.json").read_text())
    strokes = check_strokes(document.pop("strokes"))
    np.testing.assert_array_equal(strokes, painting.strokes)
    assert document == {
        "format": FORMAT,
        "version": 2,
        "width": 64,
        "height": 64,
        "background": [1.0, 1.0, 1.0],
        "brushes": ["classic/dry_brush"],
        "windows": [[0.0, 0.0, 64.0]],
        "stroke_windows": [0] * 90,
        "agent": "random",
        "painter": "disc",
        "seed": 9,
        "loss": {"name": "mse", "value": 0.25},
        "settings": {"agent": "random", "plan": {"level_ratio": 2.0}},
        "stroke_fields": list(STROKE_FIELDS),
    }
    again = to_uint8(paint_strokes(white_canvas(1, 64), torch.tensor(strokes)[None], painting.painter))[0]
    np.testing.assert_array_equal(again, painting.image)
    np.testing.assert_array_equal(read_painting_file(tmp_path / "strokes.json").strokes, painting.strokes)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", OUTPUT_SUFFIXES)
def test_saving_twice_gives_the_same_bytes(painting, tmp_path, suffix):
    for name in ("one", "two"):
        painting.save(tmp_path / f"{name}{suffix}", enlarge=2)
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_a_failing_writer_leaves_the_old_file_and_nothing_else(painting, tmp_path, monkeypatch):
    path = tmp_path / "painting.png"
    path.write_bytes(b"old")

    def fail_halfway(self: Image.Image, target: Path, **_: object) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail_halfway)
    with pytest.raises(InvalidInputError, match=r"cannot write .*No space left"):
        painting.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["painting", "painting.bmp", "painting.png.txt", ".png"])
def test_an_unknown_suffix_is_refused_before_anything_is_painted(painting, tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"\.png, \.jpg, \.jpeg, \.webp, \.gif, \.mp4, "):
        painting.save(tmp_path / name)
    assert painting.painter.painted == 0
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_written_are_found_out_beforehand(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder.png", tmp_path / "file" / "painting.png", tmp_path / "missing" / "painting.png"):
        with pytest.raises(InvalidInputError, match="cannot write"):
            check_output(path)


@pytest.mark.parametrize("factor", [0, -1, 65])
def test_enlargements_out_of_range_are_refused(painting, tmp_path, factor):
    with pytest.raises(InvalidInputError, match="1 to 64"):
        painting.save(tmp_path / "painting.png", enlarge=factor)


@pytest.mark.parametrize("count", [1, 0, -5, 1001, True])
def test_one_frame_is_not_a_film_and_a_thousand_are_enough(painting, count):
    with pytest.raises(InvalidInputError, match="from 2 to 1000"):
        painting.frames(count=count)
