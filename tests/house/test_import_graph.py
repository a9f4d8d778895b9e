"""The house stands: no import goes in a circle or up the tower, and no room is overfull or hides a missing one."""

from collections.abc import Mapping
from pathlib import Path

import paintgym
import pytest
from helpers.import_graph import Package, circles, floor_of, modules_by_folder, shared_prefixes, upward_arrows

TOWER = (
    ("errors",),
    ("batches", "checks", "files", "memory", "parallel", "processes", "weights"),
    ("runs", "through_ray"),
    # Strokes to pixels. The data and the contract come first; what paints, and what draws with the real brush, keep it.
    ("painters",),
    ("painters.neural", "painters.mypaint"),
    ("painters.registry",),
    ("painters.evaluation",),
    ("painters.training",),
    # The task. Pictures are read from files below all that uses them; a loss knows neither targets nor environment.
    ("envs.color_profiles", "envs.decoding"),
    ("envs.pixel_modes",),
    ("envs.pictures",),
    ("envs.losses", "envs.targets.bam"),
    ("envs.targets",),
    ("envs",),
    ("envs.vector",),
    ("envs.benchmarks",),
    # Those who decide on strokes. Search and policies are the tools, the agents one can name use them, and above them
    # stand those who teach and compare. The vector environment as stable-baselines3 wants it knows nothing of agents.
    ("agents.limits", "agents.training.vec_env"),
    ("agents.search",),
    ("agents.large", "agents.outputs"),
    ("agents.policy",),
    ("agents.training",),
    ("agents",),
    ("agents.evaluation", "agents.lite"),
    ("agents.evaluation.report",),
    ("agents.baselines",),
    # The package's own file names what users import; nothing below knows it.
    ("",),
    # What is asked for, by whom it is painted and when, and what is answered.
    ("webapp.page", "webapp.settings"),
    ("webapp.errors",),
    ("webapp.options", "webapp.encoding"),
    ("webapp.base64_pictures", "webapp.uploads"),
    ("webapp.requests",),
    ("webapp.store",),
    ("webapp.jobs",),
    ("webapp.routes",),
    ("webapp",),
    ("scripts",),
    ("scripts.commands", "scripts.examples", "scripts.artwork"),
    ("scripts.main",),
    ("__main__",),
)
"""Floors from the ground up. Rooms of one floor know nothing of each other; a module belongs to the longest name."""

MOST_MODULES = 16
LARGER: dict[str, tuple[int, str]] = {}
"""Folders that may hold more modules, how many, and why."""

SAME_PREFIX: dict[tuple[str, str], str] = {}
"""Prefixes that several modules of a folder may share, and why."""

MOST_LINES = 300
LONGER: dict[str, str] = {}
"""Files that may have more lines, and why."""

HOUSE = Package("paintgym", Path(paintgym.__file__).parent, left_out=("tests", "build", "docs"))


def write_package(root: Path, files: Mapping[str, str]) -> Package:
    for name, text in {"__init__.py": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Package("house", root)


def test_no_import_goes_in_a_circle() -> None:
    assert circles(HOUSE.graph()) == []


def test_no_import_goes_up_the_tower() -> None:
    assert upward_arrows(HOUSE.graph(), TOWER) == []


def test_every_floor_of_the_tower_is_there() -> None:
    modules = HOUSE.modules()
    assert [room for floor in TOWER for room in floor if room not in modules] == []


def test_the_graph_of_the_house_is_read_whole() -> None:
    graph = HOUSE.graph()
    assert "painters.neural.splat" in graph["painters.registry"]
    assert "agents.registry" in graph[""]  # for types alone
    assert "agents.policy.sb3_policy" in graph["agents.policy"]  # inside a function
    assert "scripts.main" in graph["__main__"]
    assert "" in graph["scripts.examples.sb3_ppo"]  # by the package's name


@pytest.mark.parametrize(
    "back",
    [
        "from .first import thing",
        "from . import first",
        "import house.painters.first",
        "from house.painters.first import thing",
        "from ..painters import first as other",
        "def later():\n    from .first import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .first import Thing",
        "try:\n    from . import first\nexcept ImportError:\n    pass",
    ],
)
def test_a_circle_is_found_however_it_is_closed(back: str, tmp_path: Path) -> None:
    files = {
        "painters/__init__.py": "",
        "painters/first.py": "from .second import thing",
        "painters/second.py": "from .third import thing",
        "painters/third.py": "import json",
    }
    assert circles(write_package(tmp_path, files).graph()) == []
    house = write_package(tmp_path, files | {"painters/third.py": back})
    assert circles(house.graph()) == [["painters.first", "painters.second", "painters.third"]]


def test_a_circle_through_a_folders_own_file_is_found(tmp_path: Path) -> None:
    house = write_package(
        tmp_path, {"envs/__init__.py": "from .core import Core", "envs/core.py": "from . import Core"}
    )
    assert circles(house.graph()) == [["envs", "envs.core"]]


def test_an_arrow_up_or_across_and_a_module_on_no_floor_are_found(tmp_path: Path) -> None:
    files = {
        "errors.py": "",
        "painters/__init__.py": "",
        "painters/stroke.py": "from ..errors import Mistake",
        "painters/neural/__init__.py": "",
        "painters/neural/vae.py": "from ..stroke import Stroke",
        "envs/__init__.py": "",
        "envs/core.py": "from ..painters.stroke import Stroke",
    }
    tower = (("errors",), ("painters",), ("painters.neural", "painters.mypaint"), ("envs",), ("",))
    assert upward_arrows(write_package(tmp_path, files).graph(), tower) == []
    broken = files | {
        "errors.py": "def find():\n    from .painters.stroke import Stroke",
        "painters/stroke.py": "from .neural import vae",
        "painters/mypaint/__init__.py": "from ..neural.vae import Vae",
        "agents.py": "",
    }
    assert upward_arrows(write_package(tmp_path, broken).graph(), tower) == [
        "agents stands on no floor",
        "errors imports painters.stroke, which stands above it",
        "painters.mypaint imports painters.neural.vae, which stands beside it",
        "painters.stroke imports painters.neural.vae, which stands above it",
    ]


def test_a_module_stands_on_the_floor_of_its_longest_name() -> None:
    tower = (("painters",), ("painters.neural",), ("painters.neural.vae",))
    floors = [floor_of(name, tower) for name in ("painters.stroke", "painters.neural.dabs", "painters.neural.vae")]
    assert floors == [0, 1, 2]
    assert floor_of("painters_of_old", tower) is None


def test_no_room_is_overfull() -> None:
    folders = modules_by_folder(HOUSE.modules(), HOUSE.root)
    counts = {folder: len(names) for folder, names in folders.items()}
    allowed = {folder: count for folder, (count, _) in LARGER.items()}
    assert {folder: count for folder, count in counts.items() if count > allowed.get(folder, MOST_MODULES)} == {}


def test_no_prefix_is_a_missing_folder() -> None:
    folders = modules_by_folder(HOUSE.modules(), HOUSE.root)
    found = {(folder, prefix) for folder, names in folders.items() for prefix in shared_prefixes(names)}
    assert found == set(SAME_PREFIX)


def test_three_files_of_one_prefix_are_found_and_two_are_not() -> None:
    assert shared_prefixes(["policy_agent", "policy_training", "stroke", "stroke_list"]) == []
    assert shared_prefixes(["policy", "policy_agent", "policy_training", "vae"]) == ["policy"]


def test_no_file_is_longer_than_a_reader_holds() -> None:
    files = [path for path in HOUSE.root.rglob("*.py") if not path.relative_to(HOUSE.root).parts[0].startswith(".")]
    lengths = {path.relative_to(HOUSE.root).as_posix(): len(path.read_text().splitlines()) for path in files}
    assert len(lengths) > 200
    assert {name for name, length in lengths.items() if length > MOST_LINES} == set(LONGER)
