"""Comparing agents: fair, whole, and counted right."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from paintgym.agents.agent import load_agent
from paintgym.agents.compare import Trial, compare, contact_sheet, summarise
from paintgym.envs.loss import PixelLoss
from paintgym.envs.targets import load_targets
from paintgym.scripts.main import main
from PIL import Image


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((64, 64)).save(folder / f"{index}.png")
    return folder


def trial(picture: str, loss: float, seconds: float = 1.0, agent: str = "random") -> Trial:
    image: NDArray[np.uint8] = np.zeros((64, 64, 3), np.uint8)
    return Trial(agent, "here", picture, 5, 0, "mse", seconds, {"mse": loss}, image, image + 200)


def test_every_agent_paints_every_picture_with_every_budget(pictures: Path) -> None:
    targets = load_targets(pictures)
    agents = [load_agent(name, loss="mse") for name in ("random", "greedy")]
    trials = list(compare(agents, {"here": targets}, [2, 3], [PixelLoss()], seed=4, pictures=2))
    seen = [(trial.picture, trial.strokes, trial.agent) for trial in trials]
    names = [targets.name(0), targets.name(2)]
    assert seen == [(name, budget, agent.name) for name in names for budget in (2, 3) for agent in agents]
    for finished in trials:
        error = np.square(finished.image / 255.0 - finished.target / 255.0).mean()
        assert finished.losses["mse"] == pytest.approx(error, rel=1e-4)
    again = agents[0].paint(targets.picture(0), 2, seed=4)
    assert np.array_equal(trials[0].image, again.image)


def test_summaries_are_taken_over_the_pictures_of_one_agent() -> None:
    trials = [trial(str(index), loss, seconds=index) for index, loss in enumerate([0.1, 0.2, 0.3, 0.4, 1.0])]
    first, second = summarise([*trials, trial("0", 0.7, agent="greedy")])
    spread = first.losses["mse"]
    assert (first.agent, first.pictures, second.agent, second.pictures) == ("random", 5, "greedy", 1)
    assert (spread.mean, spread.median) == pytest.approx((0.4, 0.3))
    assert (spread.lower_quartile, spread.upper_quartile) == pytest.approx((0.2, 0.4))
    assert first.seconds.mean == pytest.approx(2.0)


def test_the_sheet_has_a_row_a_picture_and_a_column_an_agent_beside_the_target() -> None:
    few = contact_sheet([trial("0", 0.1)])
    more = contact_sheet([trial(picture, 0.1, agent=agent) for picture in "01" for agent in ("random", "greedy")])
    assert more.width - few.width == more.height - few.height > 3 * 64
    pixels = np.asarray(few)
    assert (pixels == 0).all(2).sum() > 190 * 190
    assert (pixels == 200).all(2).sum() > 190 * 190


def test_the_command_prints_a_table_and_writes_report_and_sheet(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--json", str(tmp_path / "report.json"), "--sheet", str(tmp_path / "sheet.png")]
    choices = ["--agents", "random, greedy", "--targets", str(pictures), "--strokes", "2", "--pictures", "1"]
    assert main(["compare", *choices, *outputs]) == 0
    document = json.loads((tmp_path / "report.json").read_text())
    assert [summary["agent"] for summary in document["summaries"]] == ["random", "greedy"]
    assert {"agent", "picture", "strokes", "seed", "seconds", "losses"} <= document["trials"][0].keys()
    assert Image.open(tmp_path / "sheet.png").size == (3 * 198 + 6, 198 + 20)
    printed = capsys.readouterr().out
    assert "random" in printed
    assert "greedy" in printed


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        (["--agents", "random,vermeer"], "vermeer"),
        (["--agents", ","], "no agents are named"),
        (["--strokes", "5,x"], "whole numbers separated by commas"),
        (["--strokes", "0"], "from 1 to"),
        (["--pictures", "0"], "from 1 to"),
        (["--loss", "beauty"], "beauty"),
        (["--targets", "nowhere"], "nowhere"),
        (["--sheet", "sheet.jpg"], ".png"),
        (["--json", "no/such/folder.json"], "no/such"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(
    choices: list[str],
    complaint: str,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["compare", "--targets", str(pictures), "--strokes", "1", *choices]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
