"""Paintings painted anew: by MyPaint or a neural painter, at other sizes, saved in every form; mistakes cost a line."""

import itertools
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.stroke_lists import make_stroke_list, recompose
from paintgym.agents.outputs.forms import OUTPUT_SUFFIXES
from paintgym.agents.outputs.painting import Painting
from paintgym.agents.outputs.painting_file import read_painting_file, write_painting_file
from paintgym.agents.outputs.replay import Replay
from paintgym.errors import InvalidInputError
from paintgym.painters.mypaint.engine import paint_list
from paintgym.painters.registry import load_painter
from paintgym.scripts.main import main
from PIL import Image

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A working folder with a painting of 24 strokes, 96x71, in it."""
    monkeypatch.chdir(tmp_path)
    write_painting_file(make_stroke_list(), Path("painting.json"), {"painter": "gan"})
    return tmp_path


@pytest.mark.parametrize("engine", ["mypaint", "neural"])
def test_a_replay_is_saved_in_every_form(engine, folder, request, capsys):
    if engine == "mypaint":
        request.getfixturevalue("brush")
    outputs = [f"new{suffix}" for suffix in OUTPUT_SUFFIXES]
    options = [word for name in outputs for word in ("--out", name)]
    arguments = ["replay", "painting.json", "--engine", engine, "--size", "120", "--frames", "4", "--seconds", "1"]
    assert main([*arguments, *options]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.count("\n") == 1
    assert "24 strokes" in output.out
    assert "120x89" in output.out
    for name in ("new.png", "new.jpg", "new.webp", "new.gif"):
        with Image.open(name) as picture:
            assert picture.size == (120, 89)
    with Image.open("new.gif") as film:
        assert film.n_frames == 4
    again = read_painting_file("new.json")
    assert (again.width, again.height) == (120, 89)
    assert json.loads(Path("new.json").read_text())["painter"] == {"mypaint": "mypaint classic/dry_brush"}.get(
        engine, "gan"
    )
    with zipfile.ZipFile("new.ora") as archive:
        seen = recompose(archive)[..., :3]
    assert np.abs(seen - np.asarray(Image.open("new.png")).astype(int)).max() <= 2


def test_the_neural_replay_of_a_painting_at_its_size_is_the_painting(tmp_path):
    painter = load_painter("gan")
    picture = Replay(make_stroke_list(), painter).image
    painting = Painting(picture, make_stroke_list(), 0.1, "mse", 1.0, "random", painter, 3)
    painting.save(tmp_path / "painting.json")
    np.testing.assert_array_equal(Replay(read_painting_file(tmp_path / "painting.json"), painter).image, picture)


@pytest.mark.usefixtures("brush")
def test_frames_by_mypaint_grow_from_paper_to_what_it_paints_at_once():
    replay = Replay(make_stroke_list(), size=150)
    frames = list(replay.frames(7))
    assert len(frames) == 7
    np.testing.assert_allclose(frames[0][0, 0], [229.5, 204, 178.5], atol=0.6)
    at_once = np.rint(paint_list(make_stroke_list().scaled(150)) * 255).astype(int)
    assert np.abs(frames[-1] - at_once).max() <= 1
    changes = [np.abs(one.astype(int) - other).mean() for one, other in itertools.pairwise(frames)]
    assert min(changes) > 0.1


@pytest.mark.usefixtures("brush")
def test_another_brush_paints_another_picture_of_the_same_strokes(folder):
    for brush in ("classic/dry_brush", "classic/charcoal"):
        assert main(["replay", "painting.json", "--brush", brush, "--size", "90", "--out", f"{brush[8:]}.png"]) == 0
    one, two = (np.asarray(Image.open(f"{name}.png")).astype(int) for name in ("dry_brush", "charcoal"))
    assert np.abs(one - two).mean() > 2


MISTAKES = {
    "an unknown suffix": (["--out", "new.bmp"], ".png, .jpg"),
    "one good name and one bad": (["--out", "new.png", "--out", "new.txt"], "new.txt"),
    "a size beyond all": (["--size", "8193"], "1 to 8192"),
    "a size of nothing": (["--size", "0"], "1 to 8192"),
    "a film too large": (["--engine", "neural", "--size", "8192", "--out", "new.gif"], "too large a film"),
    "an unknown engine": (["--engine", "oil"], "--engine"),
    "an unknown brush": (["--brush", "classic/broom"], "classic/broom"),
    "a brush for the neural painter": (["--engine", "neural", "--brush", "classic/charcoal"], "--brush"),
    "a painter for MyPaint": (["--painter", "gan"], "--painter"),
    "a brush that smudges, which has no layers": (["--brush", "classic/smudge", "--out", "new.ora"], "smudge"),
    "an unknown painter": (["--engine", "neural", "--painter", "vermeer"], "vermeer"),
    "one frame": (["--frames", "1", "--out", "new.gif"], "--frames is 1"),
    "a film in no time": (["--seconds", "0.1", "--out", "new.gif"], "faster than the eye"),
    "seconds that are none": (["--seconds", "nan", "--out", "new.gif"], "--seconds is nan"),
}


@pytest.mark.usefixtures("brush")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_costs_one_line_and_writes_nothing(mistake, folder, capsys):
    arguments, expected = MISTAKES[mistake]
    assert main(["replay", "painting.json", *arguments]) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert expected in output.err
    assert [path.name for path in folder.iterdir()] == ["painting.json"]


@pytest.mark.parametrize("size", [0, 8193, True, 2.5])
def test_sizes_out_of_range_are_refused(size):
    with pytest.raises(InvalidInputError, match="1 to 8192"):
        Replay(make_stroke_list(), load_painter("gan"), size)


def test_painting_takes_frames_and_seconds_and_refuses_what_is_too_large_before_it_paints(folder, capsys):
    Image.new("RGB", (80, 60), (10, 90, 200)).save("picture.png")
    paint = ["paint", "picture.png", "--agent", "random", "--strokes", "9", "--loss", "mse"]
    assert main([*paint, "--frames", "4", "--seconds", "1", "--upscale", "1", "--out", "film.gif"]) == 0
    with Image.open("film.gif") as film:
        assert film.n_frames == 4
    capsys.readouterr()
    assert main([*paint, "--size", "4000", "--upscale", "3", "--out", "large.png"]) == 2
    assert "12000x9000" in capsys.readouterr().err
