"""Learning curves: what the logs of training hold is tabulated and drawn, and other folders are refused."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from paintgym.errors import InvalidInputError
from paintgym.scripts.commands.learning_curves import Arguments, read_curve, run
from torch.utils.tensorboard import SummaryWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runs = tmp_path / "both & more"
    for stage, begun in (("analytic", 1000.0), ("ppo", 1300.0)):
        with SummaryWriter(str(runs / "tensorboard" / stage)) as writer:
            for step in range(3):
                writer.add_scalar("eval/mse_30", begun / 1e5 - step / 1e3, step, walltime=begun + 60 * step)
    return runs


def test_stages_follow_each_other_and_minutes_count_from_the_first_measurement(folder):
    readings = read_curve(folder, "mse_30")
    assert [reading.stage for reading in readings] == ["analytic"] * 3 + ["ppo"] * 3
    assert [reading.minutes for reading in readings] == pytest.approx([0, 1, 2, 5, 6, 7])
    assert [reading.value for reading in readings[:3]] == pytest.approx([0.010, 0.009, 0.008])


def test_table_and_picture_hold_every_reading(folder, tmp_path, capsys):
    picture = tmp_path / "curves.svg"
    run(Arguments((folder,), figure="mse_30", out=picture))
    printed = capsys.readouterr().out
    assert all(f"{reading.value:.5f}" in printed for reading in read_curve(folder, "mse_30"))
    drawing = ElementTree.fromstring(picture.read_text())
    circles = drawing.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 6
    assert "both & more" in "".join(drawing.itertext())


def test_folders_and_figures_that_are_not_there_are_refused(folder, tmp_path):
    with pytest.raises(InvalidInputError, match="expected one of mse_30"):
        read_curve(folder, "mse_99")
    with pytest.raises(InvalidInputError, match="train-policy"):
        read_curve(tmp_path, "mse_30")
    with pytest.raises(InvalidInputError, match=r"\.svg"):
        run(Arguments((folder,), out=tmp_path / "curves.png"))
    with pytest.raises(InvalidInputError, match="no runs"):
        run(Arguments(()))
