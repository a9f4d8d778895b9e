"""Paintings as JSON documents: written, read and checked. ``painting.schema.json`` describes them for others."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInputError
from ..painters.stroke import CANVAS_SIZE, STROKE_FIELDS, check_strokes
from ..painters.stroke_list import StrokeList, check_background, check_windows, on_one_canvas

if TYPE_CHECKING:
    from .result import Painting

FORMAT, FORMAT_VERSION = "paintgym painting", 2
SCHEMA_FILE = Path(__file__).parent / "painting.schema.json"

_LONGEST_SIDE = 1 << 20


def write_document(painting: "Painting", path: Path) -> None:
    """Write the strokes of a painting with everything that is needed to paint them again."""
    listing = painting.listing
    windows, number = np.unique(listing.windows, axis=0, return_inverse=True)
    document = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "width": listing.width,
        "height": listing.height,
        "background": list(listing.background),
        "agent": painting.agent,
        "painter": painting.painter.name,
        "seed": painting.seed,
        "loss": {"name": painting.loss_name, "value": painting.loss},
        "stroke_fields": STROKE_FIELDS,
        "windows": _shortest(windows),
        "stroke_windows": number.reshape(-1).tolist(),
        "strokes": _shortest(listing.strokes),
    }
    path.write_text(json.dumps(document) + "\n", encoding="utf-8")


def read_document(path: str | Path) -> StrokeList:
    """The strokes of a painting that was saved as ``.json``, of this version or of version 1, which knew no windows.

    Raises:
        InvalidInputError: no such file, not a painting, of a later version, or numbers out of shape or range.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InvalidInputError(f"{path} is not a painting; expected a .json file that 'paintgym paint' saved")
    version = document.get("version")
    if version not in (1, FORMAT_VERSION) or isinstance(version, bool):
        raise InvalidInputError(f"{path} is of version {version!r}, expected {FORMAT_VERSION}; update paintgym")
    try:
        if version == 1:
            return on_one_canvas(check_strokes(document.get("strokes", [])), _side(document, "size", CANVAS_SIZE))
        return _listing(document)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from None


def _listing(document: dict[str, Any]) -> StrokeList:
    strokes = document.get("strokes")
    checked = check_strokes(strokes) if strokes else np.empty((0, len(STROKE_FIELDS)), np.float32)
    table = document.get("windows")
    windows = check_windows(table if table else np.empty((0, 3)), len(table) if isinstance(table, list) else 0)
    numbers = document.get("stroke_windows")
    if (
        not isinstance(numbers, list)
        or len(numbers) != len(checked)
        or not all(isinstance(number, int) and 0 <= number < len(windows) for number in numbers)
    ):
        raise InvalidInputError(
            f"stroke_windows are expected to hold the number of a window, 0 to {len(windows) - 1}, for each of "
            f"{len(checked)} strokes"
        )
    return StrokeList(
        width=_side(document, "width"),
        height=_side(document, "height"),
        strokes=checked,
        windows=windows[np.array(numbers, np.int64)],
        background=check_background(document.get("background", [])),
    )


def _side(document: dict[str, Any], name: str, usual: int | None = None) -> int:
    side = document.get(name, usual)
    if isinstance(side, bool) or not isinstance(side, int) or not 1 <= side <= _LONGEST_SIDE:
        raise InvalidInputError(f"{name} is {side!r}, expected a whole number of pixels from 1 to {_LONGEST_SIDE}")
    return side


def _shortest(rows: np.ndarray[Any, np.dtype[np.float32]]) -> list[list[float]]:
    # str() of a float32 has the fewest digits that give the same float32 back.
    return [[float(str(number)) for number in row] for row in rows]
