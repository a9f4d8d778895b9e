"""What painting very many pictures takes: the arithmetic, what was measured elsewhere, and a real measurement."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from paintgym.agents.folder.estimate import estimate, read_paces
from paintgym.agents.folder.pace import levels_of
from paintgym.errors import InvalidInputError
from paintgym.scripts.main import main

SETTINGS = {"agent": "policy", "strokes": 2000, "size": 512, "suffixes": [".png"]}
MEASURED: dict[str, Any] = {
    "format": "paintgym pace",
    "version": 1,
    "machine": {"cores": 2, "processor": "one"},
    "settings": SETTINGS,
    "paces": [
        {"processes": 1, "paintings_per_hour": 600.0, "core_share": 1.0, "start_seconds": 5.0, "memory": 10**9},
        {"processes": 2, "paintings_per_hour": 1000.0, "core_share": 0.99, "start_seconds": 36.0, "memory": 10**9},
    ],
    "painting_bytes": 200_000,
}


def test_machines_that_are_alike_share_pictures_out() -> None:
    found = estimate(MEASURED, 100_000, hours=10.01)
    assert found.hours_of_one == pytest.approx(100.01)
    assert (found.machines, found.hours) == (10, pytest.approx(10.01))
    assert (found.disk, found.memory) == (20 * 10**9, 2 * 10**9)
    assert found.bytes_per_second == pytest.approx(20e9 / 36036)


def test_lost_time_costs_machines() -> None:
    assert estimate(MEASURED, 100_000, hours=10.01, lost=0.5).machines == 20
    assert estimate(MEASURED, 1, hours=10, lost=0.5).machines == 1


def test_machines_paint_whole_pictures() -> None:
    slow = {**MEASURED, "paces": [{**MEASURED["paces"][0], "paintings_per_hour": 1.0, "start_seconds": 0.0}]}
    found = estimate(slow, 10, hours=3.5)
    assert (found.machines, found.hours) == (4, 3.0)
    with pytest.raises(InvalidInputError, match=r"hours is 0\.5, in which one machine paints no whole picture"):
        estimate(slow, 10, hours=0.5)


def test_hours_in_which_nothing_even_starts_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"hours is 0\.01, but processes take 0\.6 minutes to start"):
        estimate(MEASURED, 100_000, hours=0.01)


def test_levels_double_up_to_the_cores() -> None:
    assert [levels_of(cores) for cores in (1, 2, 3, 8)] == [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8]]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "paintgym bench"},
        {"version": 2},
        {"paces": []},
        {"paces": [1]},
        {"paces": [{**MEASURED["paces"][0], "paintings_per_hour": 0}]},
        {"paces": [{**MEASURED["paces"][0], "memory": "much"}]},
        {"painting_bytes": float("nan")},
    ],
    ids=str,
)
def test_what_is_no_measurement_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "here.json"
    path.write_text(json.dumps(MEASURED))
    assert read_paces(path, SETTINGS) == MEASURED
    path.write_text(json.dumps(MEASURED | change))
    with pytest.raises(InvalidInputError, match=r"holds no measurement; 'paintgym plan --json here\.json' "):
        read_paces(path, SETTINGS)
    for hostile in ("[]", "3", "{", "null"):
        path.write_text(hostile)
        with pytest.raises(InvalidInputError, match=r"here\.json"):
            read_paces(path, SETTINGS)


def test_another_size_is_not_planned_with(tmp_path: Path) -> None:
    path = tmp_path / "here.json"
    path.write_text(json.dumps(MEASURED))
    with pytest.raises(InvalidInputError, match="size is 512 there and 64 here"):
        read_paces(path, SETTINGS | {"size": 64})


@pytest.mark.slow
def test_the_command_measures_prints_and_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "here.json"
    asked = ["plan", "--pictures", "1e6", "--strokes", "4", "--size", "96"]
    assert main([*asked, "--processes", "1", "2", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    measured = json.loads(path.read_text())
    assert [pace["processes"] for pace in measured["paces"]] == [1, 2]
    assert all(pace["paintings_per_hour"] > 0 and pace["memory"] > 10**8 for pace in measured["paces"])
    assert 500 < measured["painting_bytes"] < 96 * 96 * 4
    assert "1,000,000 pictures, 4 strokes each, 96 pixels, as .png" in printed
    for words in (
        "one machine",
        "disk",
        "memory",
        "MB a second",
    ):
        assert words in printed
    machines = int(re.search(r"in 24 hours +([\d,]+) such machines", printed)[1].replace(",", ""))
    assert machines == estimate(measured, 1_000_000, 24).machines
    assert all(0 < pace["core_share"] <= 1.05 for pace in measured["paces"])
    for share, is_warned in ((0.5, True), (0.99, False)):  # whatever this machine does meanwhile
        paces = [pace | {"core_share": share} for pace in measured["paces"]]
        path.write_text(json.dumps(measured | {"paces": paces}))
        assert main([*asked, "--measured", str(path), "--hours", "2"]) == 0
        said = capsys.readouterr()
        assert "in 2 hours" in said.out
        assert ("warning: processes had less than a core each" in said.err) == is_warned
