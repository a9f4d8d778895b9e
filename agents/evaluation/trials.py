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

from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...files import make_folder, write_whole
from ...runs import keep_settings, read_json

FORMAT = {"format": "paintgym comparison", "version": 2}
"""Version 1 knew other settings of agents, and other words."""

_SETTINGS = "settings.json"


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
        minimized: name of the loss that the agent was given.
        figures: by name: each measure of the neural canvas (``"mse"``) and of the replayed one (``"replay mse"``),
            ``"replay psnr"`` between the two, in dB, and ``"seconds"``.
        curve: ``"strokes"`` and, for as many strokes, each measure of the neural canvas.
        history: seconds and loss, as the agent reported them while it painted; the last is the finished painting's.
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
    minimized: str
    figures: dict[str, float]
    curve: dict[str, list[float]]
    history: list[tuple[float, float]]
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
        there = read_json(folder / _SETTINGS)
        if isinstance(there, dict) and there.get("version", FORMAT["version"]) != FORMAT["version"]:
            raise InvalidInputError(
                f"{folder} holds a comparison of version {there['version']}, expected version {FORMAT['version']}; "
                "name a new folder"
            )
        keep_settings(folder, _SETTINGS, {**FORMAT, "settings": settings}, "a comparison")
        make_folder(folder / "trials")

    def write(self, number: int, trial: Trial) -> None:
        """Keep a finished trial."""
        with write_whole(self._path(number)) as temporary:
            temporary.write_text(json.dumps(_encode(trial)) + "\n", encoding="utf-8")

    def read(self, number: int) -> Trial | None:
        """A finished trial, or None where there is none yet."""
        document = read_json(self._path(number))
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
    history = [(seconds, loss) for seconds, loss in document["history"]]
    return Trial(**{**document, **pictures, "history": history})
