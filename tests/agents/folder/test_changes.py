"""What is painted again: pictures that are new, have changed or broke, and the frames of films that follow them."""

import os
import shutil
from pathlib import Path

import pytest
from helpers.picture_folders import FAST, change, files, fill, paint_again
from paintgym.agents.folder import SETTINGS
from paintgym.scripts.main import main
from PIL import Image


@pytest.mark.slow
@pytest.mark.parametrize("keep_time", [False, True])
def test_a_picture_that_changed_is_painted_again_and_no_other(tmp_path, monkeypatch, capsys, keep_time):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 4)
    paint_again(capsys, "--suffix", ".png", "--suffix", ".json")
    before = files(Path("out"))
    change(pictures / "picture002.png", "red", keep_time)
    assert "painted 1 pictures of pictures, 3 painted before" in paint_again(
        capsys, "--suffix", ".png", "--suffix", ".json"
    )
    after = files(Path("out"))
    assert {name for name in before if before[name] != after[name]} == {"picture002.json", SETTINGS}
    shutil.rmtree("out")
    paint_again(capsys, "--suffix", ".png", "--suffix", ".json")
    assert files(Path("out")) == after


def test_a_picture_that_was_only_touched_is_not_painted_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 2)
    paint_again(capsys)
    os.utime(pictures / "picture000.png", (2e9, 2e9))
    assert "painted 0 pictures" in paint_again(capsys)


def test_new_and_lost_ones_are_painted_and_a_picture_of_another_suffix_is_another(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 3)
    paint_again(capsys)
    Path("out/picture001.png").unlink()
    Image.new("RGB", (64, 64), "blue").save(pictures / "new.jpg")
    (pictures / "picture002.png").unlink()
    Image.new("RGB", (64, 64), "green").save(pictures / "picture002.jpg")
    assert "painted 3 pictures of pictures, 1 painted before" in paint_again(capsys)


def test_a_picture_that_broke_since_is_told_of_and_painted_when_it_is_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 3)
    options = ["--strokes", "12", "--size", "86", "--follow"]
    paint_again(capsys, *options)
    whole = files(Path("out"))
    good = (pictures / "picture001.png").read_bytes()
    (pictures / "picture001.png").write_bytes(b"broken")
    assert "painted 1 pictures of pictures, 1 painted before, 1 passed over" in paint_again(capsys, *options, code=1)
    (pictures / "picture001.png").write_bytes(good)
    assert "painted 1 pictures of pictures, 2 painted before" in paint_again(capsys, *options)
    assert files(Path("out")) == whole


@pytest.mark.slow
def test_frames_after_one_that_changed_are_painted_again_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 4)
    options = ["--agent", "policy", "--strokes", "12", "--size", "86", "--follow"]
    paint_again(capsys, *options)
    change(pictures / "picture001.png", "red")
    assert "painted 3 pictures of pictures, 1 painted before" in paint_again(capsys, *options)
    after = files(Path("out"))
    shutil.rmtree("out")
    paint_again(capsys, *options)
    assert files(Path("out")) == after


def test_every_subfolder_is_a_film_of_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 2)
    fill(Path("pictures/second"), 2)
    fill(Path("alone"), 2)
    options = ["--strokes", "12", "--size", "86", "--follow", "--agent", "policy"]
    paint_again(capsys, *options)
    assert main(["paint", "alone", *FAST, *options, "--out", "alone out"]) == 0
    for name in ("picture000.json", "picture001.json"):
        assert Path("out/second", name).read_bytes() == Path("alone out", name).read_bytes()
