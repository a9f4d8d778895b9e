"""The wall of examples: paintings with their films and the settings that they were painted with."""

import json
from functools import cache
from pathlib import Path
from typing import Any

WALL_FOLDER = Path(__file__).parents[1] / "static" / "wall"


@cache
def examples() -> list[dict[str, Any]]:
    """What ``wall.json`` lists, as ``paintgym.scripts.artwork.wall`` wrote it: names of films, and settings."""
    listed: list[dict[str, Any]] = json.loads((WALL_FOLDER / "wall.json").read_text("utf-8"))
    return listed
