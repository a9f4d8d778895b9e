"""Folders of pictures: painted in batches that a kill does not change, bad files passed over, other settings told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.picture_folders import FAST, PAINT, files, fill, paint_again
from paintgym.agents.folder import SETTINGS
from paintgym.agents.folder.painted import PaintedFolder
from paintgym.agents.folder.plan import FolderPlan
from paintgym.agents.folder.source import LocalFolder
from paintgym.agents.outputs.painting_file import read_painting_file
from paintgym.agents.registry import load_agent
from paintgym.scripts.main import main
from PIL import Image


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


@pytest.mark.slow
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
    for half in (".picture001-abcd_123.png", "..paintgym-8b6887d6.json"):
        (tmp_path / "killed" / half).write_bytes(b"half")
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
    (pictures / "notes.txt").write_text("no picture")
    for _ in range(2):  # They are told of again: nothing was painted of them.
        assert main(["paint", "pictures", *FAST, "--size", "86", "--out", "new/out"]) == 1
        output = capsys.readouterr()
        assert output.err.count("\n") == 4
        for name in ("picture001.png", "picture002.png", "thin.jpg", "notes.txt"):
            assert f"{name} " in output.err or f"{name}:" in output.err
        assert "4 passed over" in output.out
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


def test_subfolders_are_painted_into_subfolders_of_the_same_names(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("", "/b", "/b/deep er", "/\u00e9t\u00e9"):
        fill(Path(f"pictures{name}"), 1)
    assert "painted 4 pictures" in paint_again(capsys)
    painted = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*.png"))
    assert painted == ["b/deep er/picture000.png", "b/picture000.png", "picture000.png", "\u00e9t\u00e9/picture000.png"]
    assert "painted 0 pictures of pictures, 4 painted before" in paint_again(capsys)


def test_everything_that_is_not_painted_is_told_of_in_a_line_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 1)
    (pictures / "sub").mkdir()
    for name in ("clip.mov", "sub/notes.txt", ".hidden.png", "two\nlines.txt"):
        (pictures / name).write_bytes(b"other")
    assert main(PAINT) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    for part in ("pictures/clip.mov is not", "pictures/sub/notes.txt is not", "two lines.txt is not", "1 in number"):
        assert sum(part in line for line in lines) == 1


def test_hidden_files_alone_are_no_reason_to_complain(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (fill(Path("pictures"), 1) / ".DS_Store").write_bytes(b"other")
    paint_again(capsys, code=0)


def test_progress_counts_pictures(tmp_path):
    pictures = fill(tmp_path / "pictures", 6)
    (pictures / "picture003.png").write_bytes(b"broken")
    agent = load_agent("policy")
    settings = {"agent": {**agent.settings(), "fingerprint": agent.fingerprint()}, "style": {}}
    plan = FolderPlan(40, size=150)
    folder = PaintedFolder(LocalFolder(pictures), tmp_path / "out", plan, settings)
    reports: list[int] = []
    assert plan.batch >= len(folder) == 6
    assert folder.paint(agent, lambda line: None, reports.append) == 1
    assert sum(reports) == 6
    assert all(type(number) is int and number > 0 for number in reports)
    assert len(reports) >= 4, "the five good ones are painted side by side, and are not told of all at once"
    assert len(folder) == 1


def test_small_pictures_painted_side_by_side_are_those_painted_one_by_one(tmp_path):
    pictures = LocalFolder(fill(tmp_path / "pictures", 3))
    agent = load_agent("gradient", loss="mse", iterations=6)
    settings = {"agent": {**agent.settings(), "fingerprint": agent.fingerprint()}, "style": {}}
    for together in (1, 3):
        plan = FolderPlan(8, suffixes=(".png",), small_batch=together)
        assert plan.batch == together
        # The same folder of paintings may be gone on with either way.
        assert (
            PaintedFolder(pictures, tmp_path / f"by{together}", plan, settings).paint(agent, print, lambda _: None) == 0
        )
        PaintedFolder(pictures, tmp_path / "by1", plan, settings)
    one, many = (
        np.stack([np.asarray(Image.open(path), float) for path in sorted((tmp_path / name).glob("picture*.png"))])
        for name in ("by1", "by3")
    )
    assert len(one) == 3
    assert np.abs(one - many).mean() < 0.1


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
    "frames without a size": (["pictures", "--out", "new", "--follow"], "give a --size"),
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


def test_the_paper_is_seen_through_what_is_transparent_in_folders_as_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    Image.new("RGBA", (64, 64), (255, 255, 255, 0)).save("pictures/clear.png")
    options = ["--agent", "greedy", "--strokes", "3", "--loss", "mse", "--background", "#2040c0", "--upscale", "1"]
    assert main(["paint", "pictures", *options, "--out", "out"]) == 0
    assert main(["paint", "pictures/clear.png", *options, "--out", "alone.png"]) == 0
    for painting in ("out/clear.png", "alone.png"):
        assert (np.asarray(Image.open(painting)) == (0x20, 0x40, 0xC0)).all()


def test_pictures_of_every_kind_are_painted_and_one_without_its_library_is_told_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    for number, suffix in enumerate((".bmp", ".gif", ".jfif", ".jpe", ".tif", ".webp", ".avif")):
        form = {".jfif": "JPEG", ".jpe": "JPEG"}.get(suffix)
        Image.new("RGB", (64, 64), "orange").save(f"pictures/kind{number}{suffix}", form)
    Path("pictures/kind7.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    assert main(["paint", "pictures", *FAST, "--out", "out"]) == 1
    output = capsys.readouterr()
    assert "painted 7 pictures of pictures, 1 passed over" in output.out
    assert output.err.count("\n") == 1
    assert "kind7.heic" in output.err
