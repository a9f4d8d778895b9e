"""The page's wall of examples: it shows what its command says, and the command paints that."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from paintgym.scripts.artwork.wall import EXAMPLES, paint_wall
from paintgym.webapp.page.wall import WALL_FOLDER, examples
from PIL import Image

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_wall_is_that_of_its_command() -> None:
    assert [{name: shown[name] for name in asdict(EXAMPLES[0])} for shown in examples()] == [*map(asdict, EXAMPLES)]
    for shown in examples():
        assert Image.open(WALL_FOLDER / f"{shown['name']}.jpg").size == (shown["width"], shown["height"])
    files = {path.stem for path in WALL_FOLDER.iterdir() if path.suffix in (".jpg", ".mp4")}
    assert files == {example.name for example in EXAMPLES}


def test_the_command_paints_pictures_films_and_their_list(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    small = [replace(EXAMPLES[i], strokes=4, size=96) for i in (0, -1)]
    paint_wall(small, tmp_path)
    listed = json.loads((tmp_path / "wall.json").read_text())
    assert listed == [asdict(small[0]) | {"height": 72, "width": 96}, asdict(small[1]) | {"height": 96, "width": 96}]
    for example in listed:
        with Image.open(tmp_path / f"{example['name']}.jpg") as image:
            assert image.size == (example["width"], example["height"])
        with av.open(tmp_path / f"{example['name']}.mp4") as film:
            assert 9 < film.duration / av.time_base < 12
