"""The digit classifier: it learns, reads MNIST's digits, and judges painted ones in a comparison."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from paintgym.agents.evaluation.comparison import Comparison, Source, TrialRunner
from paintgym.agents.evaluation.config import ClassifierConfig
from paintgym.agents.evaluation.digits import (
    READ,
    READ_ORIGINAL,
    WEIGHTS,
    accuracy,
    digit_of,
    ink_of,
    load_digit_reader,
    load_digits,
    save_digit_reader,
    train_digit_reader,
)
from paintgym.agents.evaluation.metrics import LossMeasure
from paintgym.agents.evaluation.report.findings import findings
from paintgym.agents.evaluation.report.summary import make_summary
from paintgym.agents.registry import load_agent
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.targets.sources import Digits
from paintgym.envs.targets.targets import Targets, load_targets
from paintgym.errors import InvalidInputError
from paintgym.scripts.main import main
from PIL import Image, ImageDraw

pytestmark = pytest.mark.usefixtures("one_thread")


def written(digit: int) -> NDArray[np.uint8]:
    """A digit in Pillow's own type, dark on white."""
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).text((18, 6), str(digit), fill="black", font_size=44)
    return np.asarray(picture)


def test_the_classifier_is_small_and_needs_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    assert WEIGHTS.stat().st_size < 1_000_000
    reader = load_digit_reader()
    read = reader.read(np.stack([written(digit) for digit in (0, 2, 3, 5, 8)]))
    assert read.tolist() == [0, 2, 3, 5, 8]


@pytest.mark.slow
def test_the_classifier_reads_test_digits_as_the_environment_shows_them(data) -> None:
    data("MNIST/raw")
    assert accuracy(load_digit_reader(), *load_digits("test", 1000)) >= 0.985


@pytest.mark.slow
def test_the_classifier_reads_as_many_of_all_test_digits_as_its_card_says(data) -> None:
    data("MNIST/raw")
    card = json.loads(WEIGHTS.with_suffix(".json").read_text())
    ink, digits = load_digits("test", card["test_digits"])
    assert len(digits) == 10_000
    # One digit is 0.0001: where float32 sums are rounded otherwise, one on the edge may be read otherwise.
    assert accuracy(load_digit_reader(), ink, digits) == pytest.approx(card["test_accuracy"], abs=2e-4)


def test_ink_is_black_on_white_turned_round_at_the_size_of_mnist() -> None:
    halves = np.full((1, 64, 64, 3), 255, np.uint8)
    halves[:, :, 32:] = 0
    ink = ink_of(halves)
    assert ink.shape == (1, 1, 28, 28)
    torch.testing.assert_close(ink[0, 0, :, [2, 25]], torch.tensor([[0.0, 1.0]]).expand(28, 2))


@pytest.mark.slow
def test_training_teaches_what_it_is_given(tmp_path: Path) -> None:
    ink = ink_of(np.stack([written(number % 10) for number in range(100)]))
    digits = torch.arange(100) % 10
    config = ClassifierConfig(digits=100, epochs=40, batch_size=20)
    reader = train_digit_reader(config, ink, digits)
    assert accuracy(reader, ink, digits) == 1
    save_digit_reader(reader, tmp_path / "digits.safetensors", config, {"test_accuracy": 1.0})
    assert accuracy(load_digit_reader(tmp_path / "digits.safetensors"), ink, digits) == 1


def test_the_command_trains_and_says_how_well(data, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data("MNIST/raw")
    arguments = ["--digits", "200", "--test-digits", "50", "--epochs", "1", "--out", str(tmp_path / "reader")]
    assert main(["train-classifier", *arguments]) == 0
    assert "% of 50 test digits" in " ".join(capsys.readouterr().out.split())
    assert json.loads((tmp_path / "reader" / "digits.json").read_text())["test_digits"] == 50


def test_settings_and_files_that_cannot_work_are_refused(tmp_path: Path) -> None:
    for change in ({"epochs": 0}, {"digits": 10}, {"learning_rate": 0.0}):
        with pytest.raises(InvalidInputError):
            ClassifierConfig(**change).check()
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    with pytest.raises(InvalidInputError, match="not a digit classifier"):
        load_digit_reader(tmp_path / "broken.safetensors")


@pytest.mark.parametrize(("name", "digit"), [("digit 7, test 0", 7), ("digit 70", None), ("astronaut", None)])
def test_the_digit_is_known_by_the_targets_name(name: str, digit: int | None) -> None:
    assert digit_of(name) == digit


@pytest.mark.slow
def test_a_comparison_counts_the_digits_that_can_be_read_and_leaves_other_pictures_alone() -> None:
    ink = np.stack([255 - written(digit)[:, :, 0] for digit in (2, 3)])
    digits = Targets(Digits(ink, [2, 3], "test"), 64)
    comparison = Comparison(
        agents=[load_agent("random", loss="mse"), load_agent("greedy", loss="mse")],
        sources={
            "other": Source(load_targets([written(1)], 64), [0], [2]),
            "mnist": Source(digits, [0, 1], [25]),
        },
        measures=[LossMeasure(PixelLoss())],
        replay=False,
    )
    runner = TrialRunner(comparison)
    trials = [trial for task in comparison.tasks() for trial in runner([task])]
    summary = make_summary(trials, comparison.settings(1))
    readings = {(row["method"], row["figure"]): row["mean"] for row in summary["readings"]}
    assert readings["random", READ_ORIGINAL] == 1
    assert readings["greedy", READ] == 1
    assert readings["random", READ] < 1
    assert {row["source"] for row in summary["readings"]} == {"mnist"}
    assert READ not in {figure["name"] for figure in summary["figures"]}
    finding = next(entry for entry in findings(summary) if "classifier" in entry["statement"])
    assert "originals 100.0%" in finding["details"][0]
    assert "greedy 100.0%" in finding["details"][0]
