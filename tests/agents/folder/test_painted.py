"""Folders of pictures: painted in batches that a kill does not change, bad files passed over, other settings told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from paintgym.agents.folder import SETTINGS
from paintgym.agents.outputs.painting_file import read_painting_file
from paintgym.scripts.main import main
from PIL import Image

FAST = ["--agent", "random", "--strokes", "4", "--loss", "mse"]


def fill(folder: Path, count: int, side: int = 64) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        tile = Image.fromarray(random.integers(0, 256, (3, 4, 3), dtype=np.uint8))
        tile.resize((side * 4 // 3, side), Image.Resampling.BICUBIC).save(folder / f"picture{number:03d}.png")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def start(arguments: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "paintgym.scripts.main", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kill_when(process: "subprocess.Popen[bytes]", folder: Path, count: int) -> None:
    """Send SIGKILL as soon as a folder holds so many paintings."""
    while process.poll() is None and len(list(folder.glob("picture*.png"))) < count:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("follow", [False, True])
def test_a_killed_run_that_goes_on_ends_with_the_same_files(tmp_path, follow):
    count = 20 if follow else 100
    fill(tmp_path / "pictures", count)
    options = ["paint", "pictures", "--strokes", "12", "--size", "86", "--suffix", ".png"]
    options += ["--follow"] if follow else ["--suffix", ".json"]
    whole = start([*options, "--out", "whole"], tmp_path)
    assert (whole.communicate(), whole.returncode)[1] == 0
    kill_when(start([*options, "--out", "killed"], tmp_path), tmp_path / "killed", count // 3 + 2)
    left = files(tmp_path / "killed")
    assert count // 3 < len(left) < 2 * count
    (tmp_path / "killed" / ".picture001-abcd_123.png").write_bytes(b"half")
    again = start([*options, "--out", "killed"], tmp_path)
    assert (again.communicate(), again.returncode)[1] == 0
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    assert len(files(tmp_path / "whole")) == 2 * count + 1


def test_bad_files_are_passed_over_in_one_line_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 4)
    (pictures / "picture001.png").write_text("not a picture")
    (pictures / "picture002.png").write_bytes((pictures / "picture003.png").read_bytes()[:900])
    Image.new("RGB", (400, 20)).save(pictures / "thin.jpg")
    (pictures / "notes.txt").write_text("no picture, nor meant for one")
    for _ in range(2):  # They are told of again: nothing was painted of them.
        assert main(["paint", "pictures", *FAST, "--size", "86", "--out", "new/out"]) == 1
        output = capsys.readouterr()
        assert output.err.count("\n") == 3
        for name in ("picture001.png", "picture002.png", "thin.jpg"):
            assert f"{name} " in output.err or f"{name}:" in output.err
        assert "3 passed over" in output.out
    assert set(files(Path("new/out"))) == {"picture000.png", "picture003.png", SETTINGS}


def test_a_frame_that_cannot_be_read_does_not_end_the_film(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 4)
    for name in ("picture000.png", "picture002.png"):
        (pictures / name).write_text("not a picture")
    assert main(["paint", "pictures", "--strokes", "12", "--size", "86", "--out", "out", "--follow"]) == 1
    assert {name for name in files(Path("out")) if name.endswith(".png")} == {"picture001.png", "picture003.png"}
    counts = {path.name: len(read_painting_file(path)) for path in Path("out").glob("picture*.json")}
    assert counts == {"picture001.json": 12, "picture003.json": 12}


def test_without_a_size_every_picture_is_painted_as_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 3)
    assert main(["paint", "pictures", *FAST, "--out", "out"]) == 0
    assert main(["paint", "pictures/picture001.png", *FAST, "--out", "alone.png"]) == 0
    assert Path("out/picture001.png").read_bytes() == Path("alone.png").read_bytes()


def test_another_form_may_be_asked_for_later_and_a_lost_file_comes_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 3)
    assert main(["paint", "pictures", *FAST, "--size", "86", "--out", "out"]) == 0
    before = files(Path("out"))
    Path("out/picture001.png").unlink()
    assert (
        main(["paint", "pictures", *FAST, "--size", "86", "--out", "out", "--suffix", ".png", "--suffix", ".svg"]) == 0
    )
    after = files(Path("out"))
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 3


MISTAKES = {
    "other settings": (["pictures", "--seed", "5", "--out", "out"], "seed is 0 there and 5 now"),
    "another folder": (["more", "--out", "out"], "other settings"),
    "a folder of other things": (["pictures", "--out", "more"], "other things"),
    "the pictures' own folder": (["pictures", "--out", "pictures"], "the pictures themselves"),
    "names that collide": (["twins", "--out", "new"], "a.jpg and a.png would be painted into one file"),
    "no folder to write to": (["pictures"], "--out"),
    "two folders to write to": (["pictures", "--out", "new", "--out", "newer"], "--out"),
    "an unknown suffix": (["pictures", "--out", "new", "--suffix", ".bmp"], "'.bmp'"),
    "no pictures": (["empty", "--out", "new"], "holds no pictures"),
    "frames without a size": (["pictures", "--out", "new", "--follow"], "give a size"),
    "a suffix for a picture": (["pictures/picture000.png", "--out", "new.png", "--suffix", ".png"], "for folders"),
    "no strokes": (["pictures", "--out", "new", "--strokes", "0"], "whole number from 1"),
    "a size that cannot be": (["pictures", "--out", "new", "--size", "3"], "size is 3"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_before_any_work(mistake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("pictures", "more", "twins"):
        fill(Path(name), 1)
    for suffix in ("jpg", "png"):
        Image.new("RGB", (64, 64)).save(f"twins/a.{suffix}")
    Path("empty").mkdir()
    assert main(["paint", "pictures", *FAST, "--out", "out"]) == 0
    capsys.readouterr()
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    arguments, expected = MISTAKES[mistake]
    assert main(["paint", *FAST, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert expected in error
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_help_tells_of_folders_and_films(capsys):
    with pytest.raises(SystemExit):
        main(["paint", "--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("--suffix", "--follow", "folder for its paintings", "film"):
        assert part in text
