"""What a request asks for: a picture and how to paint it, from a form, from JSON, or from a picture's bare bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Request

from ..painters.names import DEFAULT_BRUSH
from ..painters.stroke import CANVAS_SIZE
from .base64_pictures import decode_picture
from .errors import RequestError, UnsupportedPictureError, printable
from .settings import Settings
from .uploads import Upload, read_upload

SAMPLES_FOLDER = Path(__file__).parent / "static" / "samples"

AGENTS = ("policy", "gradient", "policy+refine", "greedy", "random")
LARGE_AGENTS = ("policy",)
"""Those who paint large pictures soon enough to be waited for."""
SEEDLESS_AGENTS = ("policy",)
"""Those who paint the same whatever the seed."""
FORMER_AGENTS = {"policy+gradient": "policy+refine"}
"""Present names of agents that had another: requests with the former are taken, and answered with the present one."""
LARGE_SIZES = (512, 1024)
"""Pixels, of the longer side: one for a screen, and one to print."""
DEFAULT_AGENT, DEFAULT_PAINTER = "policy", "gan"
DEFAULT_STROKES, DEFAULT_LARGE_STROKES = 200, 2000
"""Where a 64x64 painting no longer gains much to the eye, and a large one is recognized in every part."""
PICTURE_FORMATS = "PNG, JPEG, WebP, HEIC, AVIF, TIFF, BMP or GIF"
PICTURE_ACCEPT = (
    "image/png,image/jpeg,image/webp,image/bmp,image/gif,image/tiff,.tif,.tiff,"
    "image/heic,image/heif,.heic,.heif,image/avif,.avif"
)
"""The same as HTML has it; by extension too what some systems have no media type for."""
_LARGEST_SEED = 2**53 - 1
"""The largest whole number that JavaScript's numbers hold."""
_FIELDS = ("agent", "painter", "brush", "size", "strokes", "seed", "sample")


@dataclass(frozen=True)
class Offer:
    """What paintings can be painted with.

    Attributes:
        painters: names of painters.
        brushes: MyPaint brushes that the default painter learned, its own first.
    """

    painters: list[str]
    brushes: list[str]


@dataclass(frozen=True, eq=False)
class PaintingRequest:
    """A painting that is asked for.

    Attributes:
        upload: the picture, at the size of the painting.
        agent: who paints, one of ``AGENTS``.
        painter: name of a shipped painter.
        brush: the MyPaint brush that it learned.
        strokes: how many, at least 1.
        seed: at least 0.
    """

    upload: Upload
    agent: str = DEFAULT_AGENT
    painter: str = DEFAULT_PAINTER
    brush: str = DEFAULT_BRUSH
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
    """A size that paintings may have.

    Attributes:
        side: the longer one, in pixels.
        usual_strokes: where a request names no number.
        most_strokes: that are allowed.
        setting: the field of ``Settings`` that allows them.
    """

    side: int
    usual_strokes: int
    most_strokes: int
    setting: str


def size_choices(settings: Settings) -> dict[int, SizeChoice]:
    """The sizes there are, by their sides; the first is the default."""
    most, most_large = settings.maximum_strokes, settings.maximum_large_strokes
    small = SizeChoice(CANVAS_SIZE, min(DEFAULT_STROKES, most), most, "maximum_strokes")
    large = [
        SizeChoice(side, min(DEFAULT_LARGE_STROKES, most_large), most_large, "maximum_large_strokes")
        for side in LARGE_SIZES
        if side <= settings.maximum_size
    ]
    return {choice.side: choice for choice in (small, *large)}


def samples() -> list[str]:
    """Names of the pictures that come with the page."""
    return sorted(path.stem for path in SAMPLES_FOLDER.glob("*.jpg"))


def read_request(request: Request, settings: Settings, offer: Offer) -> PaintingRequest:
    """Read a request's body: ``multipart/form-data``, ``application/json``, or ``image/*`` with options in the query.

    Raises:
        RequestError: a field that is missing, unknown, given twice, or out of range; or a picture that is refused.
    """
    kind = request.mimetype
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        # An empty file input sends an empty part.
        files = [file for file in request.files.getlist("picture") if file.filename or file.content_length]
        fields = _fields_given_once(request.form)
        if len(files) + ("picture" in fields) > 1 or set(request.files) - {"picture"}:
            raise RequestError("Send one picture, in the field 'picture'.")
        # Pages that draw have their canvas as a data: URL, and send it as text.
        content = files[0].read() if files else _decode_field(fields)
    elif request.is_json:
        fields = _read_json(request.get_data(cache=False))
        content = _decode_field(fields)
    elif kind.startswith(("image/", "application/x-image", "application/octet-stream", "binary/octet-stream")):
        fields, content = _fields_given_once(request.args), request.get_data(cache=False)
    else:
        raise UnsupportedPictureError(f"Send a form, JSON, or a picture: {PICTURE_FORMATS}.")
    size, options = _read_options(fields, settings, offer)
    if content is not None and "sample" in fields:
        # A form sends the chosen sample along with the file; the file is what was meant.
        fields = {key: value for key, value in fields.items() if key != "sample"}
    if content is None:
        content = _read_sample(fields.get("sample"))
    return PaintingRequest(read_upload(content, settings.maximum_pixels, size), **options)


def _read_options(fields: Mapping[str, Any], settings: Settings, offer: Offer) -> tuple[int, dict[str, Any]]:
    unknown = [str(name) for name in fields if name not in _FIELDS]
    if unknown:
        raise RequestError(f"There is no field {printable(unknown[0])}; expected picture, {', '.join(_FIELDS)}.")
    choice = _read_size(fields.get("size", CANVAS_SIZE), size_choices(settings))
    agent = fields.get("agent", DEFAULT_AGENT)
    agent = _choice("agent", FORMER_AGENTS.get(agent, agent) if isinstance(agent, str) else agent, AGENTS)
    if choice.side > CANVAS_SIZE and agent not in LARGE_AGENTS:
        raise RequestError(
            f"The agent {agent} does not paint {choice.side} pixels here; choose size {CANVAS_SIZE}, "
            f"or the agent {' or '.join(LARGE_AGENTS)}."
        )
    usual = choice.usual_strokes
    return choice.side, {
        "agent": agent,
        **_read_painter(fields, offer),
        "strokes": _whole("strokes", fields.get("strokes", usual), 1, choice.most_strokes, choice.setting),
        "seed": _whole("seed", fields.get("seed", 0), 0, _LARGEST_SEED),
    }


def _read_painter(fields: Mapping[str, Any], offer: Offer) -> dict[str, str]:
    painter = _choice("painter", fields.get("painter", DEFAULT_PAINTER), offer.painters)
    brush = _choice("brush", fields.get("brush", DEFAULT_BRUSH), offer.brushes)
    if painter != DEFAULT_PAINTER and brush != DEFAULT_BRUSH:
        raise RequestError(f"The painter {painter} learned no brush but {DEFAULT_BRUSH}; choose {DEFAULT_PAINTER}.")
    return {"painter": painter, "brush": brush}


def _read_size(value: Any, choices: dict[int, SizeChoice]) -> SizeChoice:
    sides = {str(side): choice for side, choice in choices.items()}
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or text not in sides:
        settings = ("maximum_size",) if text in map(str, LARGE_SIZES) else ()
        raise RequestError(f"There is no size {printable(value)}; expected {' or '.join(sides)} pixels.", *settings)
    return sides[text]


def _fields_given_once(fields: Any) -> dict[str, Any]:
    """The fields of a form or query, each given once."""
    for name, values in fields.lists():
        if len(values) > 1:
            raise RequestError(f"The field {printable(name)} is given {len(values)} times; give it once.")
    return dict(fields.items())


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise RequestError("The JSON is not an object; expected one with 'picture' or 'sample'.")
    return document


def _decode_field(fields: dict[str, Any]) -> bytes | None:
    """Take the picture out of the fields, where it is given in base64; None where it is not."""
    text = fields.pop("picture", None)
    return None if text is None else decode_picture(text)


def _read_sample(name: Any) -> bytes:
    if name is None:
        raise RequestError("There is no picture; send one in the field 'picture', or name a sample.")
    # Never a path: only a name of the list is opened.
    chosen = _choice("sample", name, samples())
    return (SAMPLES_FOLDER / f"{chosen}.jpg").read_bytes()


def _choice(field: str, value: Any, choices: tuple[str, ...] | list[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise RequestError(f"There is no {field} {printable(value)}; expected one of {', '.join(choices)}.")
    return value


def _whole(field: str, value: Any, low: int, high: int, setting: str = "") -> int:
    """A whole number from ``low`` to ``high``, the latter set by ``setting`` if anything sets it."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        settings = (setting,) if setting and type(value) is int and value > high else ()
        raise RequestError(
            f"The field {field} is {printable(value)}, expected a whole number from {low} to {high}.", *settings
        )
    return value
