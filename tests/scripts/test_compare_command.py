"""``paintgym compare``: prints, writes, goes on where it was interrupted, and names mistakes before any work."""

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paintgym.painters.registry import build_painter, save_painter
from paintgym.scripts.commands import compare as command
from paintgym.scripts.main import main
from PIL import Image

CHOICES = ["--agents", "random, gradient", "--strokes", "2,3", "--pictures", "2", "--iterations", "2"]


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((64, 64)).save(folder / f"{index}.png")
    # Neither VGG19 nor the real brush: what is measured without them must do.
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path / "no data"))
    monkeypatch.setattr(command, "_has_brush", lambda: False)
    monkeypatch.chdir(tmp_path)
    return folder


def read_report(path: str) -> dict[str, Any]:
    """A report without what the clock says."""
    document = json.loads(Path(path).read_text())
    for trial in document["trials"]:
        assert trial["figures"].pop("seconds") > 0
    for part in ("summaries", "differences"):
        document[part] = [row for row in document[part] if row["figure"] != "seconds"]
    document["findings"] = [finding for finding in document["findings"] if "Seconds" not in finding["statement"]]
    del document["histories"]
    return document


def test_side_by_side_they_paint_the_same(pictures: Path) -> None:
    words = ["compare", "--targets", str(pictures), *CHOICES, "--json"]
    assert main([*words, "alone.json"]) == 0
    assert main([*words, "together.json", "--together", "2", "--out", "kept"]) == 0
    assert main([*words, "again.json", "--together", "2", "--out", "kept"]) == 0
    alone, together = read_report("alone.json"), read_report("together.json")
    assert together == read_report("again.json")
    for one, other in zip(alone["trials"], together["trials"], strict=True):
        assert other["figures"]["mse"] == pytest.approx(one["figures"]["mse"], rel=1e-3)
        assert other["picture"] == one["picture"]


def test_tables_json_page_and_sheet_come_from_one_run(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = ["--json", "report.json", "--html", "report.html", "--sheet", "sheet.png"]
    assert main(["compare", "--targets", str(pictures), *CHOICES, *outputs]) == 0
    document = read_report("report.json")
    assert [method["name"] for method in document["methods"]] == ["random", "gradient"]
    assert len(document["trials"]) == 2 * 2 * 2
    judged = {"mse", "ssim"} if importlib.util.find_spec("skimage") else {"mse"}
    assert all(set(trial["figures"]) == judged for trial in document["trials"])
    assert Path("report.html").read_text().startswith("<!doctype html>")
    assert Image.open("sheet.png").width == 3 * 198 + 6
    printed = capsys.readouterr().out
    for words in ("random", "gradient", "95 % interval", "quartiles", "By MSE on the neural canvas"):
        assert words in printed
    mean = next(row["mean"] for row in document["summaries"] if row["figure"] == "mse")
    assert f"{mean:.5f}" in printed


def test_agents_and_painters_are_crossed_and_budgets_may_differ_by_target(pictures: Path) -> None:
    save_painter(build_painter("deconv"), "other.safetensors", {}, {})
    choices = ["--painters", "gan,other.safetensors", "--agents", "random,greedy", "--pictures", "1"]
    targets = f"{pictures / '0.png'},{pictures / '1.png'}"
    strokes = f"{pictures / '0.png'}=1,2,{pictures / '1.png'}=3"
    assert main(["compare", *choices, "--targets", targets, "--strokes", strokes, "--json", "report.json"]) == 0
    document = read_report("report.json")
    assert [method["name"] for method in document["methods"]] == [
        "random, gan",
        "random, other",
        "greedy, gan",
        "greedy, other",
    ]
    seen = list(dict.fromkeys((Path(trial["source"]).name, trial["strokes"]) for trial in document["trials"]))
    assert seen == [("0.png", 1), ("0.png", 2), ("1.png", 3)]


def test_painters_that_are_compared_lead_by_their_own_gradients(pictures: Path) -> None:
    save_painter(build_painter("deconv"), "other.safetensors", {}, {})
    given = ["compare", "--agents", "gradient", "--targets", str(pictures), "--strokes", "1", "--pictures", "1"]
    for painters, proxy in (("gan", [True]), ("gan,other.safetensors", [False, False])):
        folder = str(len(proxy))
        assert main([*given, "--iterations", "1", "--painters", painters, "--out", folder]) == 0
        settings = read_report(f"{folder}/report.json")["settings"]
        assert [agent["straight_through"] for agent in settings["agents"]] == proxy
        told = "own\ngradient" in Path(folder, "report.html").read_text()
        assert told is (not proxy[0])


@pytest.mark.slow
def test_agents_may_have_time_limits_of_their_own(pictures: Path) -> None:
    given = ["compare", "--agents", "gradient,policy+refine", "--seconds", "gradient=1,policy+refine=2"]
    given += ["--targets", str(pictures), "--pictures", "1", "--strokes", "2", "--json", "report.json"]
    assert main(given) == 0
    report = json.loads(Path("report.json").read_text())
    assert [agent["time_limit"] for agent in report["settings"]["agents"]] == [1.0, 2.0]


def test_an_interrupted_comparison_goes_on_and_ends_with_the_same_report(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["compare", "--targets", str(pictures), *CHOICES]
    assert main([*given, "--out", "whole"]) == 0
    painted = []

    def interrupting(work: Any, items: list, workers: int) -> Iterator:
        for number, item in enumerate(items):
            if len(painted) == 3:
                raise KeyboardInterrupt
            painted.append(item)
            yield number, work(item)

    with monkeypatch.context() as patched:
        patched.setattr(command, "work_through", interrupting)
        assert main([*given, "--out", "halves"]) == 130
    assert not Path("halves/report.json").exists()
    kept = {path: os.stat(path).st_mtime_ns for path in Path("halves/trials").iterdir()}
    assert len(kept) == 3
    assert main([*given, "--out", "halves"]) == 0
    assert read_report("halves/report.json") == read_report("whole/report.json")
    assert all(os.stat(path).st_mtime_ns == written for path, written in kept.items())
    assert Path("halves/report.html").is_file()


def test_a_folder_of_other_settings_is_left_as_it_is(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["compare", "--targets", str(pictures), "--agents", "random", "--pictures", "1", "--strokes", "2"]
    assert main([*given, "--out", "folder"]) == 0
    before = {path: path.read_bytes() for path in Path("folder").rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main([*given, "--seed", "5", "--out", "folder"]) == 2
    error = capsys.readouterr().err
    assert "settings.seed is 0 there and 5 now" in error
    assert error.count("\n") == 1
    assert {path: path.read_bytes() for path in Path("folder").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        (["--agents", "random,vermeer"], "vermeer"),
        (["--agents", ","], "--agents is ','"),
        (["--agents", "random", "--iterations", "5"], "iterations"),
        (["--agents", "random", "--seconds", "5"], "seconds"),
        (
            ["--agents", "gradient", "--seconds", "5", "--together", "2"],
            "--together is for agents without a time limit",
        ),
        (["--together", "0"], "together is 0"),
        (["--agents", "gradient", "--seconds", "greedy=5"], "greedy=5"),
        (["--agents", "gradient", "--seconds", "0"], "from 1 to"),
        (["--agents", "gradient", "--seconds", "1,2"], "one number"),
        (["--painters", "gan,vermeer"], "vermeer"),
        (["--strokes", "5,x"], "whole numbers separated by commas"),
        (["--strokes", "0"], "from 1 to"),
        (["--strokes", "mars=5"], "mars=5"),
        (["--pictures", "0"], "from 1 to"),
        (["--pictures", "3,4"], "one number"),
        (["--loss", "beauty"], "beauty"),
        (["--targets", "nowhere"], "nowhere"),
        (["--quick"], "--study"),
        (["--workers", "0"], "workers"),
        (["--sheet", "sheet.jpg"], ".png"),
        (["--json", "no/such/folder.json"], "no/such"),
        (["--html", "pictures"], "it is a folder"),
        (["--out", "pictures"], "other things"),
        (["--out", "/proc/study"], "/proc/study"),
        (["--study"], "digits were looked for"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(
    choices: list[str], complaint: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    targets = [] if "--study" in choices else ["--targets", str(pictures), "--strokes", "1"]
    assert main(["compare", *targets, *choices]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
