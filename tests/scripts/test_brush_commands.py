"""Brushes on the command line: measured, compared, and a picture painted with each."""

import json
from pathlib import Path

import paintgym
import pytest
from paintgym.painters.training import brushes
from paintgym.scripts.main import main
from PIL import Image

pytestmark = pytest.mark.usefixtures("brush", "one_thread")
PICTURE = str(Path(paintgym.__file__).parent / "scripts" / "pictures" / "still_life.jpg")


def test_painters_of_brushes_are_measured_and_those_without_one_trained_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brief = {"strokes": 64, "held_out": 16, "pretraining_steps": 1, "adversarial_steps": 1, "evaluate_every": 1}
    monkeypatch.setattr(brushes, "QUICK", brushes.TrainingConfig(brush="", **brief))
    sheet, report = tmp_path / "sheet.png", tmp_path / "report.json"
    words = [
        "fidelity",
        "--brushes",
        "classic/charcoal,ramon/Pen,experimental/sewing",
        "--strokes",
        "40",
        "--seed",
        "3",
    ]
    assert main([*words, "--robustness", "20", "--sheet", str(sheet), "--json", str(report)]) == 0
    found = json.loads(report.read_text())["brushes"]
    assert found["classic/charcoal"]["schedule"] == "full"
    assert found["classic/charcoal"]["psnr"] > 50
    assert found["classic/charcoal"]["relative_error"] < 1e-3
    assert {*list(found["classic/charcoal"]["robustness"].values())[1:]} == {0}
    assert found["ramon/Pen"]["schedule"] == "quick"
    assert found["ramon/Pen"]["psnr"] > 40
    assert "stroke_holdtime" in found["experimental/sewing"]["obstacle"]
    assert "trained quickly" in capsys.readouterr().out
    with Image.open(sheet) as image:
        assert image.height > image.width / 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fidelity", "--brushes", "classic/smudge"], "is not of a single color"),
        (["fidelity", "--brushes", "classic/charcoal", "--painters", "gan"], "leave --painters out"),
        (["fidelity", "--brushes", ","], "--brushes is ',', expected a brush such as deevad/chalk"),
        (["compare", "--brushes", "ramon/Pen"], "--brushes: no gan painter learned the brush 'ramon/Pen'"),
        (["brushes", "--picture", PICTURE], "name one with --sheet"),
        (["brushes", "--sheet", "sheet.gif"], "is no .png or .webp"),
        (["train-painter", "gan", "--brush", "classic/smudge"], "is not of a single color"),
        (["train-painter", "gan", "--brush", "experimental/sewing"], "its stroke_holdtime follows random"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_picture_is_painted_with_each_brush(tmp_path: Path) -> None:
    sheet = tmp_path / "painted.webp"
    words = ["brushes", "classic/charcoal", "deevad/chalk", "ramon/Pen", "--sheet", str(sheet), "--picture", PICTURE]
    assert main([*words, "--strokes", "5", "--size", "96"]) == 0
    with Image.open(sheet) as image:
        assert image.size == (192, 72 + 20)


def test_agents_are_compared_with_each_brush(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["compare", "--agents", "policy", "--brushes", "classic/dry_brush,deevad/chalk", "--targets", PICTURE]
    assert main([*words, "--strokes", "8", "--json", str(report)]) == 0
    document = json.loads(report.read_text())
    assert [method["name"] for method in document["methods"]] == ["gan", "gan deevad/chalk"]
    agreement = {row["method"]: row["mean"] for row in document["summaries"] if row["figure"] == "replay psnr"}
    assert agreement["gan deevad/chalk"] > 45
