"""Neural painters by name, and the files that hold them; ``registry`` loads them. Nothing here waits for torch."""

from pathlib import Path
from typing import Any

from ..weights import WeightFiles

PAINTER_FILES = WeightFiles("painter", Path(__file__).parent / "neural" / "weights", "train-painter")


def find_painter(name: str | Path) -> tuple[Path, dict[str, Any]]:
    """The file of a painter, and its description: ``architecture``, and ``options`` to build it with.

    Args:
        name: a shipped painter, or the path of a ``.safetensors`` file.

    Raises:
        InvalidInputError: no such painter, or a file that is not a painter's.
    """
    return PAINTER_FILES.find(name, lambda description: (description["architecture"], description["options"]))
