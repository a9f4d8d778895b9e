"""What is said beside results: warnings, options that were renamed, real addresses, pipes that nobody reads."""

import dataclasses
import http.client
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import tyro
from paintgym.checks import check_whole
from paintgym.errors import InvalidInputError, MissingDataError
from paintgym.scripts import main as command_line
from paintgym.scripts.commands import fidelity
from paintgym.scripts.main import main
from paintgym.scripts.options import about, naming_options
from PIL import Image

PROGRAM = [sys.executable, "-m", "paintgym"]
FAST = ["--strokes", "5", "--loss", "mse"]


@dataclasses.dataclass(frozen=True)
class Inner:
    shared: int = 0
    horizon: int = 0


@dataclasses.dataclass(frozen=True)
class Arguments:
    picture: tyro.conf.Positional[str] = ""
    strokes: int = 0
    brush_sizes: tuple[float, float] = (0, 1)
    shared: int = 0
    inner: Inner = dataclasses.field(default_factory=Inner)
    flat: tyro.conf.OmitArgPrefixes[fidelity.Arguments] = dataclasses.field(default_factory=fidelity.Arguments)


@pytest.mark.parametrize(
    ("parameter", "option"),
    [
        ("strokes", "--strokes"),
        ("stroke_budget", "--strokes"),
        ("brush_sizes", "--brush-sizes"),
        ("sizes", "--brush-sizes"),
        ("picture", "picture"),
        ("horizon", "--inner.horizon"),
        ("shared", "--shared"),
        ("robustness", "--robustness"),
        ("unheard_of", "unheard_of"),
    ],
)
def test_parameters_are_called_by_the_options_that_were_typed(parameter: str, option: str) -> None:
    with pytest.raises(InvalidInputError) as caught, naming_options(Arguments):
        check_whole(parameter, -1, 0, 9)
    assert str(caught.value) == f"{option} is -1, expected a whole number from 0 to 9"


def test_words_that_are_no_parameters_stay_as_they_are() -> None:
    with pytest.raises(InvalidInputError) as caught, naming_options(Arguments):
        raise InvalidInputError("the folder strokes/ is no brush_sizes-strokes, and strokes is 1", "strokes")
    assert str(caught.value) == "the folder --strokes/ is no brush_sizes-strokes, and strokes is 1"


def test_an_error_about_an_option_begins_with_it_and_keeps_its_kind() -> None:
    with pytest.raises(MissingDataError, match=r"^--loss: no weights$"), about("--loss"):
        raise MissingDataError("no weights")
    with pytest.raises(InvalidInputError, match=r"^seed is -1"), about("--out"):
        check_whole("seed", -1, 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save("picture.png")
    return tmp_path


def test_a_former_agent_is_taken_and_told_of_once_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", "--agents", "policy+gradient", "--iterations", "1", "--seconds", "x=1"]
    assert main(arguments) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "paintgym: warning: the agent 'policy+gradient' is called 'policy+refine' now"
    assert second.startswith("paintgym: --seconds is")
    given = ["paint", "picture.png", "--agent", "policy+gradient", "--policy", "monet"]
    assert main(given) == 2
    assert capsys.readouterr().err.count("paintgym: warning: ") == 1


@pytest.mark.parametrize("given", [["--endurance", "-1"], ["--endurance=-1"]])
def test_a_former_option_is_taken_and_told_of(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fidelity", *given]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "paintgym: warning: the option --endurance is called --robustness now",
        "paintgym: --robustness is -1, expected a whole number, at least 0",
    ]
    with pytest.raises(SystemExit):
        main(["fidelity", "--help"])
    assert "endurance" not in capsys.readouterr().out


def test_warnings_are_told_once_each_and_not_those_for_developers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warn() -> str:
        for text in ("two\nlines", "two\nlines", "another"):
            warnings.warn(text, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return "help"

    before = warnings.showwarning
    monkeypatch.setattr(command_line, "_help", warn)
    assert main(["--help"]) == 0
    output = capsys.readouterr()
    assert output.out == "help\n"
    assert output.err == "paintgym: warning: two lines\npaintgym: warning: another\n"
    assert warnings.showwarning is before


def test_python_m_paintgym_is_the_command(folder: Path) -> None:
    finished = subprocess.run([*PROGRAM, "paint", "--help"], capture_output=True, text=True)
    assert finished.returncode == 0
    assert finished.stdout.startswith("usage: paintgym paint")
    finished = subprocess.run([*PROGRAM, "paint", "missing.png"], capture_output=True, text=True)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("paintgym: missing.png is not an existing file")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["paint", "--help"], ["paint", "--agent", "random", *FAST]])
def test_a_closed_pipe_ends_the_command_silently(folder: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for unbuffered in ("", "1"):
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        finished = subprocess.run([*PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, env=environment)
        assert finished.stderr == b""
        assert finished.returncode == 141
    os.close(writer)


@pytest.mark.slow
def test_without_any_output_the_command_still_works(folder: Path) -> None:
    command = ["sh", "-c", '"$@" >&-', "sh", *PROGRAM, "paint", "picture.png", "--agent", "random", *FAST]
    finished = subprocess.run(command, stderr=subprocess.PIPE)
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert (folder / "painting.png").is_file()


@pytest.mark.slow
def test_output_into_a_file_is_whole_when_the_process_ends_early(folder: Path) -> None:
    with open("said.txt", "w") as file:
        given = ["paint", "picture.png", "--agent", "random", *FAST]
        assert subprocess.run([*PROGRAM, *given], stdout=file).returncode == 0
    assert Path("said.txt").read_text().startswith("random painted picture.png")


@pytest.mark.slow
def test_port_0_tells_the_port_that_answers() -> None:
    server = subprocess.Popen([*PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+) ", server.stdout.readline())
        assert found
        port = int(found[1])
        assert port > 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
    finally:
        server.terminate()
        assert server.wait(60) == 0


def test_json_with_a_byte_order_mark_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strokes = np.random.default_rng(0).random((3, 12)).tolist()
    document = {"format": "paintgym painting", "version": 1, "strokes": strokes}
    Path("marked.json").write_text(json.dumps(document), encoding="utf-8-sig")
    given = ["replay", "marked.json", "--engine", "neural", "--size", "64"]
    assert main(given) == 0
    assert "3 strokes" in capsys.readouterr().out
    Path("pictures").mkdir()
    Path("picture.png").rename("pictures/picture.png")
    paint = ["paint", "pictures", "--out", "paintings", "--agent", "random", *FAST]
    assert main(paint) == 0
    settings = Path("paintings/.paintgym.json")
    settings.write_text(settings.read_text(), encoding="utf-8-sig")
    assert main(paint) == 0
    assert "painted 0 pictures" in capsys.readouterr().out.splitlines()[-1]


def test_a_transparent_picture_shows_the_background(folder: Path) -> None:
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save("clear.png")
    given = ["paint", "clear.png", "--background", "#204060", "--upscale", "1", "--agent", "policy", *FAST]
    assert main(given) == 0
    pixels = np.asarray(Image.open("painting.png")).astype(int)
    assert np.abs(pixels - (0x20, 0x40, 0x60)).max() <= 2
