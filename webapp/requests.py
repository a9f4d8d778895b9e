"""What a request asks for: a picture and how to paint it, from a form, from JSON, or from a picture's bare bytes."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Request

from ..painters.stroke import CANVAS_SIZE
from .errors import RequestError, UnsupportedPictureError
from .settings import Settings
from .uploads import Upload, read_upload

SAMPLES_FOLDER = Path(__file__).parent / "static" / "samples"

AGENTS = ("policy", "gradient", "policy+refine", "greedy", "random")
LARGE_AGENTS = ("policy",)
"""Those who paint large pictures soon enough to be waited for."""
FORMER_AGENTS = {"policy+gradient": "policy+refine"}
"""Present names of agents that had another: requests with the former are taken, and answered with the present one."""
LARGE_SIZES = (512, 1024)
"""Pixels, of the longer side: one for a screen, and one to print."""
DEFAULT_AGENT, DEFAULT_PAINTER = "policy", "gan"
DEFAULT_STROKES, DEFAULT_LARGE_STROKES = 200, 2000
"""Where a 64x64 painting no longer gains much to the eye, and a large one is recognized in every part."""
_LARGEST_SEED = 2**53 - 1
"""The largest whole number that JavaScript's numbers hold."""
_FIELDS = ("agent", "painter", "size", "strokes", "seed", "sample")


@dataclass(frozen=True, eq=False)
class PaintingRequest:
    """A painting that is asked for.

    Attributes:
        upload: the picture, at the size of the painting.
        agent: who paints, one of ``AGENTS``.
        painter: name of a shipped painter.
        strokes: how many, at least 1.
        seed: at least 0.
    """

    upload: Upload
    agent: str = DEFAULT_AGENT
    painter: str = DEFAULT_PAINTER
    strokes: int = DEFAULT_STROKES
    seed: int = 0

    @property
    def large(self) -> bool:
        """Whether it is painted whole, through windows, rather than its center square on one canvas."""
        return self.size > CANVAS_SIZE

    @property
    def size(self) -> int:
        """The painting's longer side in pixels."""
        return max(self.width, self.height)

    @property
    def width(self) -> int:
        """The painting's, in pixels."""
        return int(self.upload.picture.shape[1])

    @property
    def height(self) -> int:
        """The painting's, in pixels."""
        return int(self.upload.picture.shape[0])


@dataclass(frozen=True)
class SizeChoice:
    """A size that paintings may have: its longer side in pixels, how many strokes are usual, and how many allowed."""

    side: int
    usual_strokes: int
    most_strokes: int


def size_choices(settings: Settings) -> dict[int, SizeChoice]:
    """The sizes there are, by their sides; the first is the default."""
    most, most_large = settings.maximum_strokes, settings.maximum_large_strokes
    small = SizeChoice(CANVAS_SIZE, min(DEFAULT_STROKES, most), most)
    large = [
        SizeChoice(side, min(DEFAULT_LARGE_STROKES, most_large), most_large)
        for side in LARGE_SIZES
        if side <= settings.maximum_size
    ]
    return {choice.side: choice for choice in (small, *large)}


def samples() -> list[str]:
    """Names of the pictures that come with the page."""
    return sorted(path.stem for path in SAMPLES_FOLDER.glob("*.jpg"))


def read_request(request: Request, settings: Settings, painters: list[str]) -> PaintingRequest:
    """Read a request's body: ``multipart/form-data``, ``application/json``, or ``image/*`` with options in the query.

    Raises:
        RequestError: a field that is missing, unknown, given twice, or out of range; or a picture that is refused.
    """
    kind = request.mimetype
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        # An empty file input sends an empty part.
        files = [file for file in request.files.getlist("picture") if file.filename or file.content_length]
        if "picture" in request.form:
            raise RequestError("The field 'picture' is not a file.")
        if len(files) > 1 or set(request.files) - {"picture"}:
            raise RequestError("Send one picture, in the field 'picture'.")
        fields, content = _fields_given_once(request.form), files[0].read() if files else None
    elif kind == "application/json":
        fields = _read_json(request.get_data(cache=False))
        content = _decode_base64(fields.pop("picture", None))
    elif kind.startswith(("image/", "application/x-image", "application/octet-stream")):
        fields, content = _fields_given_once(request.args), request.get_data(cache=False)
    else:
        raise UnsupportedPictureError("Send a form, JSON, or a PNG, JPEG or WebP picture.")
    size, options = _read_options(fields, settings, painters)
    if content is not None and "sample" in fields:
        # A form sends the chosen sample along with the file; the file is what was meant.
        fields = {key: value for key, value in fields.items() if key != "sample"}
    if content is None:
        content = _read_sample(fields.get("sample"))
    return PaintingRequest(read_upload(content, settings.maximum_pixels, size), **options)


def _read_options(fields: Mapping[str, Any], settings: Settings, painters: list[str]) -> tuple[int, dict[str, Any]]:
    unknown = [str(name) for name in fields if name not in _FIELDS]
    if unknown:
        raise RequestError(f"There is no field {_printable(unknown[0])}; expected picture, {', '.join(_FIELDS)}.")
    choice = _read_size(fields.get("size", CANVAS_SIZE), size_choices(settings))
    agent = fields.get("agent", DEFAULT_AGENT)
    agent = _choice("agent", FORMER_AGENTS.get(agent, agent) if isinstance(agent, str) else agent, AGENTS)
    if choice.side > CANVAS_SIZE and agent not in LARGE_AGENTS:
        raise RequestError(
            f"The agent {agent} does not paint {choice.side} pixels here; choose size {CANVAS_SIZE}, "
            f"or the agent {' or '.join(LARGE_AGENTS)}."
        )
    return choice.side, {
        "agent": agent,
        "painter": _choice("painter", fields.get("painter", DEFAULT_PAINTER), painters),
        "strokes": _whole("strokes", fields.get("strokes", choice.usual_strokes), 1, choice.most_strokes),
        "seed": _whole("seed", fields.get("seed", 0), 0, _LARGEST_SEED),
    }


def _read_size(value: Any, choices: dict[int, SizeChoice]) -> SizeChoice:
    sides = {str(side): choice for side, choice in choices.items()}
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or text not in sides:
        raise RequestError(f"There is no size {_printable(value)}; expected {' or '.join(sides)} pixels.")
    return sides[text]


def _fields_given_once(fields: Any) -> dict[str, Any]:
    """The fields of a form or query, each given once."""
    for name, values in fields.lists():
        if len(values) > 1:
            raise RequestError(f"The field {_printable(name)} is given {len(values)} times; give it once.")
    return dict(fields.items())


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise RequestError("The JSON is not an object; expected one with 'picture' or 'sample'.")
    return document


def _decode_base64(text: Any) -> bytes | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise RequestError("The field 'picture' is not a string; expected the picture's bytes in base64.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError("The field 'picture' is not base64.") from None


def _read_sample(name: Any) -> bytes:
    if name is None:
        raise RequestError("There is no picture; send one in the field 'picture', or name a sample.")
    # Never a path: only a name of the list is opened.
    chosen = _choice("sample", name, samples())
    return (SAMPLES_FOLDER / f"{chosen}.jpg").read_bytes()


def _choice(field: str, value: Any, choices: tuple[str, ...] | list[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise RequestError(f"There is no {field} {_printable(value)}; expected one of {', '.join(choices)}.")
    return value


def _whole(field: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(f"The field {field} is {_printable(value)}, expected a whole number from {low} to {high}.")
    return value


def _printable(value: Any) -> str:
    """What a client sent, short and on one line."""
    text = (
        value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)[:60]
    )
    text = "".join(character if character.isprintable() else "?" for character in text[:40])
    return f"'{text}'"
