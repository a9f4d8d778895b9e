"""The command line: it paints, it explains itself, and a mistake costs one line, exit code 2, and nothing written."""

import json
import os
import struct
import subprocess
import sys
import urllib.error
import zlib
from pathlib import Path

import numpy as np
import paintgym
import pytest
import torch
from paintgym.scripts.main import COMMANDS, main
from PIL import Image

FAST = ["--agent", "random", "--strokes", "5", "--loss", "mse"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A working folder with a good picture and many bad ones."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("picture.png")
    Image.fromarray(pixels).save("picture.jpg")
    Path("text.png").write_text("not a picture")
    Path("cut.png").write_bytes(Path("picture.png").read_bytes()[:2000])
    Path("cut.jpg").write_bytes(Path("picture.jpg").read_bytes()[:1500])
    Path("bomb.png").write_bytes(bomb(60_000, 60_000))
    Path("broken.safetensors").write_bytes(b"broken")
    Path("empty").mkdir()
    for name, version, strokes in (
        ("out_of_range", 1, [[2.0] * 12]),
        ("wrong_shape", 1, [[0.5] * 11] * 2),
        ("later", 99, []),
        ("two", 1, np.random.default_rng(0).random((2, 12)).tolist()),
    ):
        document = {"format": "paintgym painting", "version": version, "strokes": strokes}
        Path(f"{name}.json").write_text(json.dumps(document))
    return tmp_path


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG that claims to be huge."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


MISTAKES = {
    "no such command": (["draw"], "there is no command 'draw'"),
    "no such option": (["paint", "picture.png", "--color", "red"], "--color"),
    "two pictures": (["paint", "picture.png", "picture.jpg"], "picture.jpg"),
    "an option without its value": (["paint", "picture.png", "--out"], "--out"),
    "strokes that are no number": (["paint", "picture.png", "--strokes", "many"], "--strokes"),
    "no picture of that name": (["paint", "missing.png", *FAST], "missing.png"),
    "not a picture": (["paint", "text.png", *FAST], "text.png"),
    "a PNG cut short": (["paint", "cut.png", *FAST], "cut.png"),
    "a JPEG cut short": (["paint", "cut.jpg", *FAST], "cut.jpg"),
    "a bomb of 60,000 x 60,000 pixels": (["paint", "bomb.png", *FAST], "too large"),
    "an empty folder": (["paint", "empty", *FAST], "folder"),
    "a folder that cannot be written": (["paint", "picture.png", *FAST, "--out", "/proc/out.png"], "/proc/out.png"),
    "a folder that is not there": (["paint", "picture.png", *FAST, "--out", "no/out.png"], "no/out.png"),
    "a folder that is a file": (["paint", "picture.png", *FAST, "--out", "text.png/out.png"], "cannot write"),
    "a file that is a folder": (["paint", "picture.png", *FAST, "--out", "empty"], "empty"),
    "an unknown suffix": (["paint", "picture.png", *FAST, "--out", "out.png", "--out", "out.bmp"], "out.bmp"),
    "no strokes": (["paint", "picture.png", "--loss", "mse", "--strokes", "0"], "whole number from 1"),
    "too many strokes": (["paint", "picture.png", "--loss", "mse", "--strokes", "1000000"], "whole number from 1"),
    "a negative seed": (["paint", "picture.png", *FAST, "--seed", "-1"], "seed"),
    "an enlargement to nothing": (["paint", "picture.png", *FAST, "--upscale", "0"], "1 to 64"),
    "an unknown agent": (["paint", "picture.png", "--agent", "rembrandt"], "rembrandt"),
    "an unknown painter": (["paint", "picture.png", *FAST, "--painter", "vermeer"], "vermeer"),
    "a painter that is not there": (["paint", "picture.png", *FAST, "--painter", "x.safetensors"], "x.safetensors"),
    "a painter that is broken": (["paint", "picture.png", *FAST, "--painter", "broken.safetensors"], "broken"),
    "an unknown loss": (["paint", "picture.png", *FAST, "--loss", "taste"], "taste"),
    "VGG without weights": (["paint", "picture.png", "--strokes", "5", "--loss", "vgg19"], "VGG19's weights"),
    "an unknown policy": (["paint", "picture.png", "--agent", "policy", "--policy", "monet"], "monet"),
    "a policy that is broken": (
        ["paint", "picture.png", "--agent", "policy+refine", "--policy", "broken.safetensors"],
        "not a policy file",
    ),
    "a policy for an agent without": (["paint", "picture.png", "--agent", "greedy", "--policy", "mnist"], "policy"),
    "a policy for agents without": (["compare", "--agents", "greedy", "--policy", "mnist"], "leave it out"),
    "an export of a broken policy": (["export-policy", "broken.safetensors", "--out", "p.zip"], "not a policy file"),
    "training a policy on nothing": (["train-policy", "--target", "nowhere"], "nowhere"),
    "training a policy for no steps": (["train-policy", "--analytic-steps", "0"], "no steps"),
    "training a policy on missing digits": (["train-policy", "--target", "mnist"], "MNIST"),
    "training a classifier on missing digits": (["train-classifier"], "MNIST"),
    "a data set of no strokes": (["strokes", "--out", "new", "--count", "0"], "count"),
    "a data set in no folder": (["strokes"], "--out"),
    "a data set where none can be": (["strokes", "--out", "text.png", "--count", "5"], "text.png"),
    "strokes out of range": (["replay", "out_of_range.json"], "end_pressure is 2.0"),
    "strokes of the wrong shape": (["replay", "wrong_shape.json"], "shape (2, 11)"),
    "strokes of a later version": (["replay", "later.json"], "version 99"),
    "strokes that are none": (["replay", "picture.png"], "not a painting"),
    "fidelity of an unknown painter": (["fidelity", "--painters", "vermeer"], "vermeer"),
    "a track without the task": (
        ["scoreboard", "runs", "--train", "--track", "studies", "--tasks", "Shapes-v0"],
        "studies has no runs of Shapes-v0",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_costs_one_line_and_exit_code_2_and_writes_nothing(mistake, folder, monkeypatch, capsys, request):
    arguments, expected = MISTAKES[mistake]
    if arguments[0] == "strokes":
        request.getfixturevalue("brush")

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("PAINTGYM_DATA", str(folder / "no data"))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    before = everything(folder)
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("paintgym: ")
    assert expected in output.err
    assert everything(folder) == before


def test_painting_writes_every_output_and_sums_up_in_one_line(folder, capsys):
    outputs = ["one.png", "two.json", "three.webp", "four.gif"]
    assert main(["paint", "picture.jpg", *FAST, *(word for name in outputs for word in ("--out", name))]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.count("\n") == 1
    for part in ("random", "picture.jpg", "mse 0.", "5 strokes", " s ", *outputs):
        assert part in output.out
    assert Image.open("one.png").size == (512, 512)
    document = json.loads(Path("two.json").read_text())
    assert len(document["strokes"]) == 5
    assert document["agent"] == "random"
    assert document["loss"]["name"] == "mse"


def test_a_painting_is_replayed_by_the_real_brush_at_another_size(folder, brush, capsys):
    assert main(["replay", "two.json", "--size", "96", "--out", "replay.png"]) == 0
    pixels = np.asarray(Image.open("replay.png"))
    assert pixels.shape == (96, 96, 3)
    assert pixels.min() < 200
    assert "2 strokes" in capsys.readouterr().out


def test_the_same_seed_paints_the_same_picture_and_another_another(folder):
    for name, seed in (("one", "3"), ("two", "3"), ("three", "4")):
        assert main(["paint", "picture.png", *FAST, "--seed", seed, "--upscale", "1", "--out", f"{name}.png"]) == 0
    one, two, three = (Path(f"{name}.png").read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_without_a_picture_the_bundled_one_is_painted_into_painting_png(folder, capsys):
    assert main(["paint", *FAST]) == 0
    assert "still_life" in capsys.readouterr().out
    assert Path("painting.png").is_file()


def test_drawing_strokes_says_what_was_drawn(folder, brush, capsys):
    assert main(["strokes", "--out", "new/strokes", "--count", "30", "--shard-size", "20", "--workers", "1"]) == 0
    assert "30 strokes of seed 0 in 2 shards" in capsys.readouterr().out
    assert sorted(os.listdir("new/strokes")) == ["episodes_0.npz", "episodes_1.npz"]


def test_help_names_every_command_and_teaches_by_example(capsys):
    for arguments in ([], ["--help"], ["-h"]):
        assert main(arguments) == 0
        text = capsys.readouterr().out
        assert all(f"  {name} " in text for name in COMMANDS)
        assert "paintgym paint photo.jpg" in text


def test_help_and_version_do_not_wait_for_torch():
    script = (
        "import sys; from paintgym.scripts.main import main\n"
        "assert main(['--help']) == main(['--version']) == 0\n"
        "assert 'torch' not in sys.modules, 'torch was imported'"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert f"paintgym {paintgym.__version__}" in finished.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_its_options(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    assert f"usage: paintgym {name}" in capsys.readouterr().out


def test_the_installed_command_reports_mistakes_by_its_exit_code(folder):
    command = Path(sys.executable).with_name("paintgym")
    if not command.exists():
        pytest.skip(f"{command} is not installed")
    finished = subprocess.run([command, "paint", "text.png", *FAST], capture_output=True, text=True)
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
