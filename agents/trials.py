"""Finished paintings of a comparison, and the folder that keeps each as soon as it is there, so that work can go on."""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..envs.pictures import Picture
from ..errors import InvalidInputError
from ..files import check_can_write, make_folder, write_whole

FORMAT = {"format": "paintgym comparison", "version": 1}

_SETTINGS = "settings.json"
_NAMED_DIFFERENCES = 3


@dataclass(frozen=True, eq=False)
class Trial:
    """One painting, judged.

    Attributes:
        agent: the agent's name.
        painter: the painter's name.
        source: where the picture is from, such as ``"photographs"``.
        picture: the picture's name.
        strokes: the stroke budget.
        seed: what the agent was seeded with.
        minimised: name of the loss that the agent was given.
        figures: by name: each measure of the neural canvas (``"mse"``) and of the replayed one (``"replay mse"``),
            ``"replay psnr"`` between the two, in dB, and ``"seconds"``.
        curve: ``"strokes"`` and, for as many strokes, each measure of the neural canvas.
        course: seconds and loss, as the agent reported them while it painted; the last is the finished painting's.
        target: (size, size, 3) uint8.
        image: (size, size, 3) uint8, the neural canvas.
        replay: (size, size, 3) uint8, what the real brush makes of the same strokes; None where it was not asked.
    """

    agent: str
    painter: str
    source: str
    picture: str
    strokes: int
    seed: int
    minimised: str
    figures: dict[str, float]
    curve: dict[str, list[float]]
    course: list[tuple[float, float]]
    target: Picture
    image: Picture
    replay: Picture | None


class TrialFolder:
    """A folder with one file for each finished trial of one comparison.

    Args:
        folder: made if it does not exist.
        settings: all that decides the result, as JSON.

    Raises:
        InvalidInputError: it cannot be written, or holds a comparison with other settings, or other things.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._folder = folder
        document = json.loads(json.dumps({**FORMAT, "settings": settings}))
        known = folder / _SETTINGS
        if known.is_file():
            _check_settings(folder, _read_json(known), document)
        elif folder.is_dir() and any(folder.iterdir()):
            raise InvalidInputError(f"{folder} holds other things than a comparison; name a new folder")
        make_folder(folder / "trials")
        check_can_write(known)
        if not known.is_file():
            with write_whole(known) as temporary:
                temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    def write(self, number: int, trial: Trial) -> None:
        """Keep a finished trial."""
        with write_whole(self._path(number)) as temporary:
            temporary.write_text(json.dumps(_encode(trial)) + "\n", encoding="utf-8")

    def read(self, number: int) -> Trial | None:
        """A finished trial, or None where there is none yet."""
        document = _read_json(self._path(number))
        return _decode(document) if document else None

    def read_all(self, count: int) -> Iterator[Trial]:
        """Those of the trials 0 to ``count`` - 1 that are finished."""
        return (trial for trial in map(self.read, range(count)) if trial)

    def _path(self, number: int) -> Path:
        return self._folder / "trials" / f"{number:05d}.json"


def encode_png(picture: Picture) -> str:
    """A picture (H, W, 3) uint8 as PNG in base64."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _decode_png(text: str) -> Picture:
    return np.array(Image.open(io.BytesIO(base64.b64decode(text))))


def _encode(trial: Trial) -> dict[str, Any]:
    return {key: encode_png(value) if isinstance(value, np.ndarray) else value for key, value in vars(trial).items()}


def _decode(document: dict[str, Any]) -> Trial:
    pictures = {name: document[name] and _decode_png(document[name]) for name in ("target", "image", "replay")}
    course = [(seconds, loss) for seconds, loss in document["course"]]
    return Trial(**{**document, **pictures, "course": course})


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise InvalidInputError(f"{path} is damaged; remove it, or name a new folder") from None
    return document


def _check_settings(folder: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    old, new = _flatten(there), _flatten(here)
    differences = [
        f"{key} is {old.get(key, 'missing')} there and {new.get(key, 'missing')} now"
        for key in dict.fromkeys([*new, *old])
        if old.get(key) != new.get(key)
    ]
    if differences:
        named = "; ".join(differences[:_NAMED_DIFFERENCES])
        more = f"; and {len(differences) - _NAMED_DIFFERENCES} more" if len(differences) > _NAMED_DIFFERENCES else ""
        raise InvalidInputError(
            f"{folder} holds a comparison with other settings ({named}{more}); give the same, or a new folder"
        )


def _flatten(value: Any, name: str = "") -> dict[str, Any]:
    """The leaves of nested JSON by their paths, such as ``settings.agents.0.iterations``."""
    if isinstance(value, list | dict) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            key: leaf
            for part, inner in items
            for key, leaf in _flatten(inner, f"{name}.{part}" if name else str(part)).items()
        }
    return {name: value}
