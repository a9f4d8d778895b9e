"""No picture is written over, whatever it is called and whatever links to it, in folders and alone."""

import os
from pathlib import Path

import pytest
from helpers.picture_folders import FAST, PAINT, files, fill, paint_again
from paintgym.scripts.main import main
from PIL import Image


def link_to_input(out: Path, pictures: Path) -> None:
    (out / "picture001.png").unlink()
    os.symlink(pictures / "picture000.png", out / "picture001.png")


def hard_link_to_input(out: Path, pictures: Path) -> None:
    (out / "picture001.png").unlink()
    os.link(pictures / "picture000.png", out / "picture001.png")


def folder_in_the_way(out: Path, pictures: Path) -> None:
    (out / "picture001.png").unlink()
    (out / "picture001.png").mkdir()


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (link_to_input, "out/picture001.png cannot be written: it is the input pictures/picture000.png"),
        (hard_link_to_input, "out/picture001.png cannot be written: it is the input pictures/picture000.png"),
        (folder_in_the_way, "cannot write out/picture001.png: it is a folder"),
    ],
)
def test_no_painting_is_written_over_a_picture(tmp_path, monkeypatch, capsys, prepare, complaint):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 2)
    paint_again(capsys)
    prepare(Path("out"), pictures.resolve())
    before = files(pictures)
    assert main(PAINT) == 2
    assert complaint in capsys.readouterr().err
    assert files(pictures) == before


@pytest.mark.parametrize("out", ["pictures", "pictures/", "pictures/../pictures", "linked", "pictures/."])
def test_a_folder_is_not_painted_into_itself_whatever_it_is_called(tmp_path, monkeypatch, capsys, out):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 1)
    os.symlink("pictures", "linked")
    before = files(Path("pictures"))
    assert main(["paint", "pictures", *FAST, "--out", out]) == 2
    assert "the pictures themselves" in capsys.readouterr().err
    assert files(Path("pictures")) == before


def test_a_folder_inside_that_of_the_pictures_is_no_input(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 2)
    for painted in ("painted 2 pictures", "painted 0 pictures of pictures, 2 painted before"):
        capsys.readouterr()
        assert main(["paint", "pictures", *FAST, "--out", "pictures/painted"]) == 0
        assert painted in capsys.readouterr().out


def photo_and_links(folder: Path) -> None:
    Image.new("RGB", (70, 64), "red").save(folder / "photo.png")
    os.symlink("photo.png", folder / "link.png")
    os.link(folder / "photo.png", folder / "hard.png")


@pytest.mark.parametrize(
    ("picture", "out"),
    [
        ("photo.png", "photo.png"),
        ("photo.png", "./photo.png"),
        ("photo.png", "link.png"),
        ("photo.png", "hard.png"),
        ("link.png", "photo.png"),
        ("link.png", "hard.png"),
        ("photo.png", "../here/photo.png"),
    ],
)
def test_a_photograph_is_not_replaced_by_its_painting(tmp_path, monkeypatch, capsys, picture, out):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    photo_and_links(here)
    before = files(here)
    assert main(["paint", picture, *FAST, "--out", "first.png", "--out", out]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert Path(out).name in error
    assert "name another file" in error
    assert files(here) == before


def test_nor_is_the_picture_that_gives_the_palette_nor_a_painting_by_its_replay(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    photo_and_links(tmp_path)
    Image.new("RGB", (64, 64), "green").save("other.png")
    assert main(["paint", "other.png", *FAST, "--palette-from", "photo.png", "--out", "hard.png"]) == 2
    assert main(["paint", "other.png", *FAST, "--out", "painting.json"]) == 0
    before = files(tmp_path)
    assert main(["replay", "painting.json", "--engine", "neural", "--out", "painting.json"]) == 2
    compare = ["compare", "--agents", "random", "--targets", "other.png", "--strokes", "2", "--sheet", "other.png"]
    assert main(compare) == 2
    assert capsys.readouterr().err.count("name another file") == 3
    assert files(tmp_path) == before
