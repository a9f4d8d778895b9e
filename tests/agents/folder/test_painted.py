"""Folders of pictures: painted in batches that a kill does not change, bad files passed over, other settings told."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from paintgym.agents.folder import SETTINGS
from paintgym.agents.folder.painted import PaintedFolder
from paintgym.agents.folder.plan import FolderPlan
from paintgym.agents.large.config import PlanConfig, ReuseConfig
from paintgym.agents.outputs.painting_file import read_painting_file
from paintgym.agents.policy.config import PlannerConfig
from paintgym.agents.policy.registry import load_network
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
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


PAINT = ["paint", "pictures", *FAST, "--out", "out"]


def paint_again(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What the command says on standard output."""
    capsys.readouterr()
    assert main([*PAINT, *arguments]) == code
    return capsys.readouterr().out


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


def change(path: Path, color: str, keep_time: bool = False) -> None:
    """Another picture of the same name; some programs keep the time of the last change."""
    before = path.stat()
    Image.new("RGB", (85, 64), color).save(path)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


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


def test_progress_counts_pictures(tmp_path):
    pictures = fill(tmp_path / "pictures", 6)
    (pictures / "picture003.png").write_bytes(b"broken")
    agent = load_agent("policy")
    settings = {"agent": {**agent.settings(), "fingerprint": agent.fingerprint()}, "style": {}}
    plan = FolderPlan(40, size=150)
    folder = PaintedFolder(pictures, tmp_path / "out", plan, settings)
    reports: list[int] = []
    assert plan.batch >= len(folder) == 6
    assert folder.paint(agent, lambda line: None, reports.append) == 1
    assert sum(reports) == 6
    assert all(type(number) is int and number > 0 for number in reports)
    assert len(reports) >= 4, "the five good ones are painted side by side, and are not told of all at once"
    assert len(folder) == 1


def former_state(out: Path, **changes: object) -> None:
    """What version 1 wrote into a folder of paintings."""
    present = json.loads((out / SETTINGS).read_text())["settings"]
    kept = ("folder", "strokes", "size", "seed", "upscale", "frames", "seconds")
    settings = {
        **{name: present[name] for name in kept},
        "following": False,
        "agent": "random",
        "loss": "mse",
        "policy": None,
        "painter": "gan",
        "style": present["style"],
        **changes,
    }
    (out / SETTINGS).write_text(json.dumps({"format": "paintgym folder", "version": 1, "settings": settings}))


def test_a_folder_of_version_1_is_gone_on_with(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 3)
    paint_again(capsys)
    whole = files(Path("out"))
    former_state(Path("out"))
    Path("out/picture000.png").unlink()
    os.utime(pictures / "picture001.png", (4e9, 4e9))  # Younger than its painting.
    assert "painted 2 pictures of pictures, 1 painted before" in paint_again(capsys)
    assert files(Path("out")) == whole
    former_state(Path("out"), seed=3)
    assert main(PAINT) == 2
    assert "seed is 3 there and 0 now" in capsys.readouterr().err


def test_a_film_of_version_1_is_refused_where_its_order_was_another(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = fill(Path("pictures"), 2)
    options = ["--strokes", "12", "--size", "86", "--follow"]
    paint_again(capsys, *options)
    former_state(Path("out"), following=True)
    assert "painted 0 pictures" in paint_again(capsys, *options)
    for number in (2, 10):
        shutil.copy(pictures / "picture001.png", pictures / f"frame{number}.png")
    former_state(Path("out"), following=True)
    assert main([*PAINT, *options]) == 2
    assert "took its frames in another order" in capsys.readouterr().err


def test_a_folder_remembers_the_agents_settings_and_weights(tmp_path):
    pictures = fill(tmp_path / "pictures", 1)

    def settings(**options: object) -> dict[str, object]:
        agent = load_agent("policy", **options)
        return {"agent": {**agent.settings(), "fingerprint": agent.fingerprint()}, "style": {}}

    plan, first = FolderPlan(4), settings()
    PaintedFolder(pictures, tmp_path / "out", plan, first)
    PaintedFolder(pictures, tmp_path / "out", plan, settings())
    kept = json.loads((tmp_path / "out" / SETTINGS).read_text())["settings"]["agent"]
    assert kept == json.loads(json.dumps(first["agent"]))
    network = load_network("paintings")
    next(network.parameters()).view(-1)[0] += 1
    others = {
        "agent.plan.level_ratio": settings(plan=PlanConfig(level_ratio=3.0)),
        "agent.planner.top_k": settings(planner=PlannerConfig(top_k=2)),
        "agent.fingerprint": settings(network=network),
        "agent.painter": settings(painter="vae"),
        "agent.loss": settings(loss="lite"),
        "style.sizes": {**first, "style": {"sizes": "(0, 1)"}},
    }
    for field, other in others.items():
        with pytest.raises(InvalidInputError, match=rf"settings.{re.escape(field)} is .* there and .* now"):
            PaintedFolder(pictures, tmp_path / "out", plan, other)
    with pytest.raises(InvalidInputError, match=r"settings.reuse.largest_change is missing there"):
        PaintedFolder(pictures, tmp_path / "out", FolderPlan(4, size=64, reuse=ReuseConfig()), first)


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


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"paintings": 3}', "null"])
def test_a_damaged_state_costs_a_line(tmp_path, monkeypatch, capsys, damage):
    monkeypatch.chdir(tmp_path)
    fill(Path("pictures"), 1)
    paint_again(capsys)
    Path("out", SETTINGS).write_text(damage)
    assert main(PAINT) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{Path('out', SETTINGS)}" in error


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
