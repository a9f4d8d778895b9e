"""Neural painters by name, and the files that hold them; ``registry`` loads them. Nothing here waits for torch."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InvalidInputError
from ..files import data_directory
from ..weights import WeightFiles

_SHIPPED_BRUSHES = Path(__file__).parent / "neural" / "weights" / "brushes"

DEFAULT_BRUSH = "classic/dry_brush"
"""MyPaint's brush that the shipped painters learned, where no other is named."""

PAINTER_FILES = WeightFiles("painter", Path(__file__).parent / "neural" / "weights", "train-painter")

_BRUSH_FILE = ".myb"


def find_painter(name: str | Path, brush: str | None = None) -> tuple[Path, dict[str, Any]]:
    """The file of a painter, and its description: ``architecture``, and ``options`` to build it with.

    Args:
        name: a shipped painter, or the path of a ``.safetensors`` file.
        brush: the MyPaint brush that it is to have learned: an installed one's name or the path of a ``.myb`` file.

    Raises:
        InvalidInputError: no such painter, none that learned the brush, or a file that is not a painter's.
    """
    if brush is not None and brush != DEFAULT_BRUSH and Path(name).suffix != ".safetensors":
        name = _find_by_brush(str(name), brush)
    path, found = PAINTER_FILES.find(name, lambda description: (description["architecture"], description["options"]))
    learned = found.get("brush", DEFAULT_BRUSH)
    if brush is not None and brush_key(learned, found) != brush_key(brush):
        raise InvalidInputError(f"{name} learned the brush {learned!r}, not {brush!r}; leave one of them out")
    return path, found


def _find_by_brush(name: str, brush: str) -> Path:
    PAINTER_FILES.find(name, lambda _: None)
    key = brush_key(brush)
    # By what is there, not by what the file system makes of a name such as ../other.
    for folder in (_SHIPPED_BRUSHES, trained_painters()) if key in learned_brushes(name) else ():
        path = folder / name / f"{key}.safetensors"
        if path.is_file():
            return path
    raise InvalidInputError(
        f"no {name} painter learned the brush {brush!r}: 'paintgym train-painter {name} --brush {brush}' trains one; "
        f"there are {', '.join([DEFAULT_BRUSH, *learned_brushes(name)])}"
    )


def learned_brushes(name: str = "gan") -> list[str]:
    """Brushes that a painter of some name learned, beside its own: shipped ones, and those in the data folder."""
    found = {
        path.relative_to(folder / name).with_suffix("").as_posix()
        for folder in (_SHIPPED_BRUSHES, trained_painters())
        for path in (folder / name).rglob("*.safetensors")
    }
    return sorted(found)


def trained_painters() -> Path:
    """The folder of painters of other brushes that ``paintgym train-painter`` made here."""
    return data_directory() / "painters"


def brush_key(brush: str, description: Mapping[str, Any] | None = None) -> str:
    """What tells a brush apart: an installed one's name; of a file, its stem and the start of a hash of what is in it.

    Args:
        brush: its name or path.
        description: of a painter that learned it, which keeps the key, as files come and go.

    Raises:
        InvalidInputError: no such file.
    """
    if description is not None and "brush_key" in description:
        return str(description["brush_key"])
    path = Path(brush)
    if path.suffix != _BRUSH_FILE:
        return brush
    if not path.is_file():
        raise InvalidInputError(f"there is no brush file {path}")
    return f"own/{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
