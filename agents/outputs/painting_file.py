"""Paintings as JSON files: written, read and checked. ``painting.schema.json`` describes them for others."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidInputError
from ...painters.names import DEFAULT_BRUSH
from ...painters.stroke import CANVAS_SIZE, STROKE_FIELDS, check_strokes
from ...painters.stroke_list import StrokeList, check_background, check_windows, on_one_canvas

FORMAT, FORMAT_VERSION = "paintgym painting", 2
SCHEMA_FILE = Path(__file__).parent / "painting.schema.json"

_MOST_BRUSHES, _LONGEST_NAME = 64, 1_000
"""Brushes of a painting, and letters of a brush's name or path."""
_LONGEST_SIDE = 1 << 20
"""Pixels; larger numbers are a mistake."""


def write_painting_file(stroke_list: StrokeList, path: Path, metadata: Mapping[str, Any]) -> None:
    """Write strokes with all that is needed to paint them again, and metadata such as the agent and its settings."""
    windows, number = np.unique(stroke_list.windows, axis=0, return_inverse=True)
    document = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "width": stroke_list.width,
        "height": stroke_list.height,
        "background": list(stroke_list.background),
        "brushes": list(stroke_list.brushes),
        **metadata,
        "stroke_fields": STROKE_FIELDS,
        "windows": _shortest(windows),
        "stroke_windows": number.reshape(-1).tolist(),
        "strokes": _shortest(stroke_list.strokes),
    }
    if stroke_list.stroke_brushes is not None:
        document["stroke_brushes"] = stroke_list.stroke_brushes.tolist()
    path.write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8")


def read_painting_file(path: str | Path) -> StrokeList:
    """The strokes of a painting that was saved as ``.json``, of this version or of version 1, which knew no windows.

    Raises:
        InvalidInputError: no such file, not a painting, of a later version, or numbers out of shape or range.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8-sig"), parse_constant=_refuse)
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InvalidInputError(f"{path} is not a painting; expected a .json file that 'paintgym paint' saved")
    version = document.get("version")
    if not _is_whole(version) or version not in (1, FORMAT_VERSION):
        raise InvalidInputError(f"{path} is of version {version!r}, expected {FORMAT_VERSION}; update paintgym")
    try:
        if version == 1:
            strokes = check_strokes(_numbers(document, "strokes"))
            return on_one_canvas(strokes, _side(document, "size", CANVAS_SIZE))
        return _read_stroke_list(document)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from None


def _read_stroke_list(document: dict[str, Any]) -> StrokeList:
    strokes = _numbers(document, "strokes")
    checked = check_strokes(strokes) if strokes else np.empty((0, len(STROKE_FIELDS)), np.float32)
    table = _numbers(document, "windows")
    windows = check_windows(table if table else np.empty((0, 3)), len(table))
    numbers = document.get("stroke_windows")
    if (
        not isinstance(numbers, list)
        or len(numbers) != len(checked)
        or not all(_is_whole(number) and 0 <= number < len(windows) for number in numbers)
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
        background=check_background(_numbers(document, "background", nested=False)),
        brushes=_brushes(document),
        stroke_brushes=_stroke_brushes(document),
    )


def _brushes(document: dict[str, Any]) -> tuple[str, ...]:
    """The brushes of a painting; the first ones knew but one."""
    brushes = document.get("brushes", [DEFAULT_BRUSH])
    if not isinstance(brushes, list) or not 1 <= len(brushes) <= _MOST_BRUSHES:
        raise InvalidInputError(f"brushes are expected to be a list of 1 to {_MOST_BRUSHES} names of brushes")
    if not all(isinstance(name, str) and 1 <= len(name) <= _LONGEST_NAME for name in brushes):
        raise InvalidInputError(f"brushes hold something other than names of 1 to {_LONGEST_NAME} letters")
    return tuple(brushes)


def _stroke_brushes(document: dict[str, Any]) -> NDArray[np.int64] | None:
    numbers = document.get("stroke_brushes")
    if numbers is None:
        return None
    if not isinstance(numbers, list) or not all(_is_whole(one) and 0 <= one < _MOST_BRUSHES for one in numbers):
        raise InvalidInputError("stroke_brushes are expected to be a list of the numbers of brushes")
    return np.array(numbers, np.int64)


def _numbers(document: dict[str, Any], name: str, nested: bool = True) -> list[Any]:
    """A list of numbers, or of lists of numbers. numpy would take ``true`` and ``"0.5"`` for numbers too."""
    rows = document.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows if nested):
        raise InvalidInputError(f"{name} are expected to be a list of {'lists of ' * nested}numbers")
    for number in itertools.chain.from_iterable(rows) if nested else rows:
        if not isinstance(number, int | float) or isinstance(number, bool) or not abs(number) <= _LONGEST_SIDE:
            shown = repr(number) if isinstance(number, float) else type(number).__name__
            raise InvalidInputError(f"{name} hold {shown}, expected numbers of at most {_LONGEST_SIDE}")
    return rows


def _side(document: dict[str, Any], name: str, usual: int | None = None) -> int:
    side = document.get(name, usual)
    if not _is_whole(side) or not 1 <= side <= _LONGEST_SIDE:
        raise InvalidInputError(f"{name} is {side!r}, expected a whole number of pixels from 1 to {_LONGEST_SIDE}")
    return side


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(constant: str) -> NoReturn:
    # Python reads and writes NaN and Infinity; JSON knows neither.
    raise ValueError(f"{constant} is not JSON")


def _shortest(rows: np.ndarray[Any, np.dtype[np.float32]]) -> list[list[float]]:
    # str() of a float32 has the fewest digits that give the same float32 back.
    return [[float(str(number)) for number in row] for row in rows]
