"""MyPaint's brushes: which there are, what is in their files, and hostile files, each one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paintgym.errors import InvalidInputError
from paintgym.painters.mypaint import brush_file
from paintgym.painters.mypaint.brush_file import LARGEST_FILE, BrushSetting, parse_brush, read_brush_file, write_brush
from paintgym.painters.mypaint.brushes import brush_definition, brushes, find_brush
from paintgym.painters.mypaint.dataset import StrokeShards, write_shards
from paintgym.painters.mypaint.engine import MyPaintEngine
from paintgym.painters.mypaint.sheet import brush_sheet, sheet_strokes
from paintgym.painters.registry import load_painter
from paintgym.scripts.main import main

VERSION_2 = """# mypaint brush file
version 2
parent_brush_name classic%2Fpen
opaque 0.9 | pressure (0.000000 0.000000), (1.000000 0.100000)
radius_logarithmic 0.5
hardness 0.8 | speed1 (0.0 0.0), (1.0 -0.2), (4.0 -0.5) | random (0.0 -0.1), (1.0 0.1)
dabs_per_actual_radius 2.0
"""


def document(**settings: Any) -> dict[str, Any]:
    plain = {"opaque": {"base_value": 1.0, "inputs": {"pressure": [[0, 0], [1, 0.5]]}}}
    return {"version": 3, "settings": {**plain, **settings}}


def test_of_debians_brushes_those_of_one_color_can_be_painted_with() -> None:
    found = {brush.name: brush for brush in brushes()}
    paintable = [name for name, brush in found.items() if brush.paintable]
    assert len(found) >= 190
    assert len(paintable) >= 70
    assert {"classic/dry_brush", "classic/charcoal", "deevad/chalk", "tanda/pencil-8b", "ramon/Marker"} <= {*paintable}
    assert found["classic/smudge"].obstacle == "is not of a single color (smudge is set)"
    assert not found["classic/smudge"].paintable


@pytest.mark.slow
def test_every_brush_that_can_be_painted_with_draws_the_same_stroke_twice_and_valid_ink() -> None:
    for brush in brushes():
        if brush.paintable:
            first, second = (MyPaintEngine(brush=brush.name).coverage(sheet_strokes()) for _ in range(2))
            assert np.array_equal(first, second), brush.name
            assert np.isfinite(first).all()
            assert first.min() >= 0
            assert first.max() <= 1
            assert first.max() > 0, brush.name


def test_a_file_of_ones_own_draws_as_the_installed_brush(tmp_path: Path) -> None:
    path = tmp_path / "mine.myb"
    path.write_bytes(find_brush("classic/charcoal").path.read_bytes())
    stroke = sheet_strokes()[1]
    own, installed = (MyPaintEngine(brush=name).stroke(stroke) for name in (str(path), "classic/charcoal"))
    assert np.array_equal(own, installed)


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path, inks = tmp_path / "mine.myb", []
    for installed in ("classic/charcoal", "classic/pen"):
        path.write_bytes(find_brush(installed).path.read_bytes())
        inks.append(MyPaintEngine(brush=str(path)).stroke(sheet_strokes()[1]))
    assert np.array_equal(inks[1], MyPaintEngine(brush="classic/pen").stroke(sheet_strokes()[1]))
    assert not np.array_equal(*inks)


def test_version_2_is_read_and_drawn(tmp_path: Path) -> None:
    settings = parse_brush(VERSION_2.encode(), "old")
    assert settings["hardness"] == BrushSetting(
        0.8, {"speed1": ((0.0, 0.0), (1.0, -0.2), (4.0, -0.5)), "random": ((0.0, -0.1), (1.0, 0.1))}
    )
    assert settings["radius_logarithmic"] == BrushSetting(0.5, {})
    assert parse_brush(write_brush(settings), "new") == settings
    path = tmp_path / "old.myb"
    path.write_text(VERSION_2)
    assert MyPaintEngine(brush=str(path)).stroke(sheet_strokes()[1]).max() > 0.5


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no MyPaint brush"),
    "not text": (b"\xff\xfe\x00", "it is not text"),
    "truncated": (json.dumps(document()).encode()[:40], "no MyPaint brush of version 2 or 3"),
    "a list": (b"[1, 2]", "no MyPaint brush"),
    "deep": (b'{"version": 3, "settings": ' + b"[" * 100_000, "no MyPaint brush"),
    "another version": (json.dumps({"version": 4, "settings": {}}).encode(), "its version is 4"),
    "no settings": (json.dumps({"version": 3, "settings": {}}).encode(), "it has no settings"),
    "unknown setting": (json.dumps(document(magic={"base_value": 1, "inputs": {}})).encode(), "'magic'"),
    "odd name": (json.dumps(document(**{"a b\n": {"base_value": 1, "inputs": {}}})).encode(), "does not know"),
    "unknown input": (
        json.dumps(document(hardness={"base_value": 1, "inputs": {"mood": [[0, 0], [1, 1]]}})).encode(),
        "follows 'mood'",
    ),
    "not a number": (json.dumps(document(hardness={"base_value": "x", "inputs": {}})).encode(), "no MyPaint brush"),
    "NaN": (b'{"version": 3, "settings": {"opaque": {"base_value": NaN, "inputs": {}}}}', "opaque is nan"),
    "absurd": (
        json.dumps(document(hardness={"base_value": 1e30, "inputs": {}})).encode(),
        r"hardness is 1e\+30, expected a number from 0 to 1",
    ),
    "absurd time": (
        json.dumps(document(direction_filter={"base_value": -100, "inputs": {}})).encode(),
        "direction_filter is -100, expected a number from 0 to 10",
    ),
    "absurd line": (
        json.dumps(document(hardness={"base_value": 1, "inputs": {"random": [[0, 0], [1, -1e4]]}})).encode(),
        "hardness by random is -10000, expected a number from -1 to 1",
    ),
    "absurdly many dabs": (
        json.dumps(
            document(
                dabs_per_actual_radius={"base_value": 200, "inputs": {}},
                elliptical_dab_ratio={"base_value": 10, "inputs": {"direction": [[0, -9], [1, 9]]}},
            )
        ).encode(),
        r"may lay \d+ billion pixels of dabs in one stroke, expected at most 10",
    ),
    "absurdly large dabs": (
        json.dumps(
            document(
                dabs_per_actual_radius={"base_value": 200, "inputs": {}},
                radius_by_random={"base_value": 1.5, "inputs": {"direction": [[0, -1.5], [1, 0]]}},
            )
        ).encode(),
        r"may lay \d+ billion pixels of dabs in one stroke, expected at most 10",
    ),
    "one point": (
        json.dumps(document(hardness={"base_value": 1, "inputs": {"random": [[0, 0]]}})).encode(),
        "in 1 points",
    ),
    "many points": (
        json.dumps(document(hardness={"base_value": 1, "inputs": {"random": [[i, 0] for i in range(65)]}})).encode(),
        "in 65 points",
    ),
    "falling points": (
        json.dumps(document(hardness={"base_value": 1, "inputs": {"random": [[1, 0], [0, 1]]}})).encode(),
        "do not rise",
    ),
    "version 2 without points": (b"version 2\nopaque 1.0 | pressure\n", "has no points"),
    "version 1": (b"opaque 1.0\n", "neither JSON nor"),
    "smudging": (json.dumps(document(smudge={"base_value": 0.5, "inputs": {}})).encode(), "single color"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, message = BAD[name]
    path = tmp_path / "bad.myb"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=message) as caught:
        MyPaintEngine(brush=str(path))
    assert "\n" not in str(caught.value)
    assert find_brush(str(path)).obstacle
    assert main(["brushes", str(path)]) == 0
    assert "0 of 1 can be painted with" in capsys.readouterr().out


def test_a_file_too_large_to_be_a_brush_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.myb"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read"))
    with pytest.raises(InvalidInputError, match="1,048,577 bytes"):
        read_brush_file(path)
    assert brush_file.LARGEST_FILE > 25_666


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"no brush file nowhere\.myb"):
        brush_definition("nowhere.myb")


def test_the_sheet_shows_real_strokes_above_neural_ones() -> None:
    sheet = np.asarray(
        brush_sheet(["classic/charcoal", "classic/dry_brush"], {"classic/dry_brush": load_painter("gan")})
    )
    columns = slice(4 * 64 + 12, 4 * 64 + 12 + 4 * 64)
    real, neural = (255.0 - sheet[top : top + 64, columns] for top in (24, 88))
    assert real.max() > 200
    assert np.corrcoef(real.ravel(), neural.ravel())[0, 1] > 0.97


def test_the_command_lists_and_writes_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sheet.png"
    assert main(["brushes", "classic/charcoal", "classic/smudge", "experimental/sewing", "--sheet", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "classic/charcoal     a neural painter learned it" in printed
    assert "classic/smudge       is not of a single color" in printed
    assert "experimental/sewing  MyPaint alone paints with it: its stroke_holdtime follows random" in printed
    assert "2 of 3 can be painted with; 1 have a neural painter" in printed
    assert path.read_bytes().startswith(b"\x89PNG")


def test_shards_of_a_brush_hold_its_strokes_and_say_so(tmp_path: Path) -> None:
    charcoal, dry = (
        write_shards(tmp_path / str(number), 3, 0, workers=1, **options)[0]
        for number, options in enumerate(({"brush": "classic/charcoal"}, {}))
    )
    strokes, coverage = next(iter(StrokeShards(charcoal)))
    drawn = MyPaintEngine(brush="classic/charcoal").coverage(strokes)
    assert np.abs(coverage / 255 - drawn).max() < 0.05
    assert not np.array_equal(coverage, next(iter(StrokeShards(dry)))[1])
    with pytest.raises(InvalidInputError, match="classic/charcoal"):
        write_shards(tmp_path / "1", 3, 0, workers=1, brush="classic/charcoal")
