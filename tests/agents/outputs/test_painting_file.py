"""Paintings as JSON: what is written is valid by the schema, and what is damaged is refused by schema and reader."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import numpy as np
import pytest
from helpers.paintings import make_painting
from paintgym.agents.large.config import PlanConfig
from paintgym.agents.outputs.painting_file import SCHEMA_FILE, read_painting_file, write_painting_file
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
from paintgym.painters.stroke_list import StrokeList, on_one_canvas

SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))


def make_stroke_list() -> StrokeList:
    generator = np.random.default_rng(3)
    windows = np.array([[0, 0, 90], [0, 0, 90], [-12.5, 3.25, 40.1]], np.float32)
    return StrokeList(120, 90, generator.random((3, 12)).astype(np.float32), windows, (0.1, 0.2, 0.3))


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    write_painting_file(make_stroke_list(), tmp_path / "good.json", {"painter": "gan"})
    return parse((tmp_path / "good.json").read_text())


def parse(text: str) -> Any:
    """JSON as the standard has it, which knows no NaN."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def is_valid(text: str) -> bool:
    try:
        return SCHEMA.is_valid(parse(text))
    except ValueError:
        return False


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)


@pytest.mark.parametrize("count", [0, 1, 90])
def test_what_a_painting_writes_is_valid_and_reads_back(tmp_path, count):
    make_painting(count).save(tmp_path / "painting.json")
    SCHEMA.validate(parse((tmp_path / "painting.json").read_text()))
    assert len(read_painting_file(tmp_path / "painting.json")) == count


@pytest.mark.parametrize("stroke_list", [make_stroke_list(), on_one_canvas(np.empty((0, 12), np.float32), 7)])
def test_strokes_and_windows_read_back_as_they_were(tmp_path, stroke_list):
    write_painting_file(stroke_list, tmp_path / "strokes.json", {})
    SCHEMA.validate(parse((tmp_path / "strokes.json").read_text()))
    again = read_painting_file(tmp_path / "strokes.json")
    assert (again.width, again.height, again.background) == (
        stroke_list.width,
        stroke_list.height,
        stroke_list.background,
    )
    np.testing.assert_array_equal(again.strokes, stroke_list.strokes)
    np.testing.assert_array_equal(again.windows, stroke_list.windows)


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """A damage: the value at a path, such as ``put("windows", 0, 2, -1)``."""
    *keys, last, value = path

    def damage(document: dict[str, Any]) -> None:
        place: Any = document
        for key in keys:
            place = place[key]
        place[last] = value

    return damage


def leave_out(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.pop(name)


NAN, INFINITY = float("nan"), float("inf")
DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another format": (put("format", "sonata"), "not a painting"),
    "a later version": (put("version", 3), "version 3"),
    "a version that is true": (put("version", True), "version True"),
    "no version": (leave_out("version"), "version None"),
    "no width": (leave_out("width"), "width is None"),
    "a width of nothing": (put("width", 0), "width is 0"),
    "a width below nothing": (put("width", -5), "width is -5"),
    "a width and a half": (put("width", 64.5), "width is 64.5"),
    "a width that is true": (put("width", True), "width is True"),
    "a width in words": (put("width", "64"), "width is '64'"),
    "a huge height": (put("height", 10**9), "height is 1000000000"),
    "a height beyond all numbers": (put("height", 10**400), "height is 1000"),
    "a height of NaN": (put("height", NAN), "not a painting"),
    "no background": (leave_out("background"), "background"),
    "a background of two colors": (put("background", [1, 1]), "background"),
    "a background too bright": (put("background", [1, 1, 1.5]), "background"),
    "a background that is true": (put("background", [1, True, 1]), "background"),
    "a background in words": (put("background", "white"), "background"),
    "a background of lists": (put("background", [[1], [1], [1]]), "background"),
    "no windows": (leave_out("windows"), "windows"),
    "windows that are none": (put("windows", {}), "windows"),
    "a window of two numbers": (put("windows", 0, [0, 0]), "windows"),
    "a window of no side": (put("windows", 0, 2, 0), "side above 0"),
    "a window of negative side": (put("windows", 0, 2, -3), "side above 0"),
    "a window of huge side": (put("windows", 0, 2, 1e300), "windows hold 1e+300"),
    "a window far away": (put("windows", 0, 0, -2e6), "at most 1048576"),
    "a window at infinity": (put("windows", 0, 0, INFINITY), "not a painting"),
    "a window that is true": (put("windows", 0, 0, True), "windows"),
    "a window beyond all numbers": (put("windows", 0, 0, -(10**400)), "windows hold int"),
    "a window in words": (put("windows", 0, 0, "0"), "windows"),
    "no windows of strokes": (leave_out("stroke_windows"), "stroke_windows"),
    "a window number below 0": (put("stroke_windows", 0, -1), "stroke_windows"),
    "half a window number": (put("stroke_windows", 0, 0.5), "stroke_windows"),
    "a window number that is true": (put("stroke_windows", 0, True), "stroke_windows"),
    "no strokes": (leave_out("strokes"), "strokes"),
    "strokes that are none": (put("strokes", "many"), "strokes"),
    "a stroke of eleven numbers": (put("strokes", 0, [0.5] * 11), "strokes"),
    "strokes of eleven numbers": (put("strokes", [[0.5] * 11] * 3), "shape (3, 11)"),
    "strokes that are no lists": (put("strokes", [0.5] * 12), "list of lists"),
    "a stroke out of range": (put("strokes", 2, 1, 1.01), "stroke 2: size is 1.01"),
    "a stroke beyond all numbers": (put("strokes", 0, 0, 10**400), "strokes hold int"),
    "a stroke of NaN": (put("strokes", 0, 0, NAN), "not a painting"),
    "a stroke that is true": (put("strokes", 0, 0, True), "strokes"),
    "a stroke in words": (put("strokes", 0, 0, "0.5"), "strokes"),
    "a stroke of nothing": (put("strokes", 0, 0, None), "strokes"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_document_is_refused_by_the_schema_and_in_one_line_by_the_reader(document, tmp_path, name):
    damage, expected = DAMAGES[name]
    damaged = copy.deepcopy(document)
    damage(damaged)
    text = json.dumps(damaged)
    assert is_valid(json.dumps(document))
    assert not is_valid(text)
    assert expected in refusal(tmp_path, text)


CONTRADICTIONS = {
    "a window number past the last": (put("stroke_windows", 0, 2), "0 to 1"),
    "fewer window numbers than strokes": (put("stroke_windows", [0]), "each of 3 strokes"),
    "more window numbers than strokes": (put("strokes", []), "each of 0 strokes"),
    "strokes without any window": (put("windows", []), "stroke_windows"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_no_schema_can_say_is_refused_by_the_reader(document, tmp_path, name):
    damage, expected = CONTRADICTIONS[name]
    damage(document)
    assert expected in refusal(tmp_path, json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "3", "null", '{"format": ', "[" * 100_000, "\x00\xff"])
def test_other_files_are_no_paintings(tmp_path, text):
    assert "not a painting" in refusal(tmp_path, text)


def refusal(folder: Path, text: str) -> str:
    """What the reader says of a text; one line."""
    path = folder / "damaged.json"
    path.write_text(text)
    with pytest.raises(InvalidInputError) as refused:
        read_painting_file(path)
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_the_settings_of_the_agent_stand_in_the_file_and_the_schema_knows_them(tmp_path):
    agent = load_agent("policy", loss="mse")
    painting = agent.paint(np.full((64, 80, 3), 70, np.uint8), 9, size=80)
    painting.save(tmp_path / "painting.json")
    document = parse((tmp_path / "painting.json").read_text())
    SCHEMA.validate(document)
    assert document["settings"] == json.loads(json.dumps(agent.settings()))
    assert document["settings"]["plan"]["level_ratio"] == PlanConfig().level_ratio
    assert document["settings"]["planner"]["schedule"]["window_steps"] == 2
    for wrong in ([], "policy", {"plan": 3}):
        assert not SCHEMA.is_valid({**document, "settings": wrong})
