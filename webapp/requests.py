"""What a request asks for: a picture and how to paint it, from a form, from JSON, or from a picture's bare bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from flask import Request

from ..painters.names import DEFAULT_BRUSH
from ..painters.stroke import CANVAS_SIZE
from ..painters.stroke_list import StrokeList
from ..painters.style import Style
from .base64_pictures import decode_picture
from .errors import RequestError, UnsupportedPictureError, printable
from .options.addresses import fetch_picture
from .options.choices import (
    AGENTS,
    DEFAULT_AGENT,
    DEFAULT_PAINTER,
    DEFAULT_STROKES,
    FORMER_AGENTS,
    LARGE_AGENTS,
    LARGE_SIZES,
    MORE_STROKES,
    PICTURE_FORMATS,
    SAMPLES_FOLDER,
    Offer,
    SizeChoice,
    default_size,
    samples,
    size_choices,
)
from .options.fields import fields_given_once, read_choice, read_json, read_whole
from .options.framing import Framing, read_framing
from .options.start import fit_to_start, on_paper, read_start
from .options.style import color_name, read_style
from .settings import Settings
from .uploads import Upload, read_small, read_upload

_LARGEST_SEED = 2**53 - 1
"""The largest whole number that JavaScript's numbers hold."""
_FIELDS = (
    *("agent", "painter", "brush", "size", "strokes", "seed", "sample", "address"),
    *("palette", "paper", "brush_sizes", "crop", "rotate", "start"),
)
_CONTINUE_FIELDS = ("continue", "agent", "strokes", "seed")
_PALETTE_SIDE = 320
"""Pixels; of pictures that give their colors alone."""
_PICTURE_FIELDS = ("picture", "palette_picture")


@dataclass(frozen=True, eq=False)
class PaintingRequest:
    """A painting that is asked for.

    Attributes:
        upload: the picture, at the size of the painting.
        agent: who paints, one of ``AGENTS``.
        painter: name of a shipped painter.
        brush: the MyPaint brush that it learned.
        strokes: how many, at least 1; with those that it begins with.
        seed: at least 0.
        style: colors, paper and brush sizes.
        framing: which part of the picture that was sent is painted.
        start: strokes that it begins with, of a painting that is continued.
        continued: the id of that one.
    """

    upload: Upload
    agent: str = DEFAULT_AGENT
    painter: str = DEFAULT_PAINTER
    brush: str = DEFAULT_BRUSH
    strokes: int = DEFAULT_STROKES
    seed: int = 0
    style: Style = field(default_factory=Style)
    framing: Framing = field(default_factory=Framing)
    start: StrokeList | None = None
    continued: str | None = None

    @property
    def new_strokes(self) -> int:
        """Strokes beside those that it begins with."""
        return self.strokes - (0 if self.start is None else len(self.start))

    def settings(self) -> dict[str, Any]:
        """All that was asked for, but the picture, as JSON."""
        palette = self.style.palette
        return {
            "agent": self.agent,
            "painter": self.painter,
            "brush": self.brush,
            "size": self.size,
            "strokes": self.strokes,
            "seed": self.seed,
            "palette": None if palette is None else [color_name(color) for color in palette],
            "paper": color_name(self.style.background),
            "brush_sizes": list(self.style.sizes),
            "crop": self.framing.crop,
            "rotate": self.framing.rotate,
            "continued": self.continued,
        }

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


Finished = Callable[[str], tuple[PaintingRequest, StrokeList]]
"""Gives what was asked for, and the strokes that were painted, by the id of a finished painting."""


def read_request(request: Request, settings: Settings, offer: Offer, finished: Finished) -> PaintingRequest:
    """Read a request's body: ``multipart/form-data``, ``application/json``, or ``image/*`` with options in the query.

    Args:
        request: what was sent.
        settings: limits of the host.
        offer: what paintings can be painted with.
        finished: finds paintings that may be continued.

    Raises:
        RequestError: a field that is missing, unknown, given twice, or out of range; or a picture that is refused.
    """
    kind = request.mimetype
    pictures: dict[str, bytes] = {}
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        # A form sends what was left empty too.
        given = fields_given_once(request.form)
        fields = {name: value for name, value in given.items() if value or name in _PICTURE_FIELDS}
        pictures = _read_files(request)
    elif request.is_json:
        fields = read_json(request.get_data(cache=False))
    elif kind.startswith(("image/", "application/x-image", "application/octet-stream", "binary/octet-stream")):
        fields, pictures = fields_given_once(request.args), {"picture": request.get_data(cache=False)}
    else:
        raise UnsupportedPictureError("body_wrong", formats=PICTURE_FORMATS)
    for name in _PICTURE_FIELDS:
        text = fields.pop(name, None)
        if text is not None and name in pictures:
            raise RequestError("picture_twice")
        # Pages that draw have their canvas as a data: URL, and send it as text.
        if text is not None and (text or name == "picture"):
            pictures[name] = decode_picture(text, name)
    if fields.get("continue"):
        return _read_continuation(fields, pictures, settings, finished)
    fields.pop("continue", None)
    return _read_new(fields, pictures, settings, offer)


def _read_files(request: Request) -> dict[str, bytes]:
    pictures = {}
    for name in request.files:
        # An empty file input sends an empty part.
        files = [file for file in request.files.getlist(name) if file.filename or file.content_length]
        if name not in _PICTURE_FIELDS or len(files) > 1:
            raise RequestError("picture_twice")
        if files:
            pictures[name] = files[0].read()
    return pictures


def _read_new(fields: dict[str, Any], pictures: dict[str, bytes], settings: Settings, offer: Offer) -> PaintingRequest:
    unknown = [str(name) for name in fields if name not in _FIELDS]
    if unknown:
        raise RequestError("field_unknown", field=printable(unknown[0]), fields=", ".join((*_PICTURE_FIELDS, *_FIELDS)))
    agent = _read_agent(fields.get("agent", DEFAULT_AGENT))
    choice = _read_size(fields.get("size", default_size(agent, settings)), size_choices(settings))
    if choice.side > CANVAS_SIZE and agent not in LARGE_AGENTS:
        raise RequestError("agent_small", agent=agent, size=CANVAS_SIZE, agents=", ".join(LARGE_AGENTS))
    usual = choice.usual_strokes
    least = 0 if fields.get("start") else 1  # no more than there are: a painting that was forgotten is to be had again
    options: dict[str, Any] = {
        "agent": agent,
        **_read_painter(fields, offer),
        "strokes": read_whole("strokes", fields.get("strokes", usual), least, choice.most_strokes, choice.setting),
        "seed": read_whole("seed", fields.get("seed", 0), 0, _LARGEST_SEED),
    }
    framing, style = read_framing(fields), read_style(fields)
    content = pictures.get("picture")
    if content is None and fields.get("address"):
        content = fetch_picture(fields["address"], settings)
    # A form sends the chosen sample along with the file; the file is what was meant.
    content = _read_sample(fields.get("sample")) if content is None else content
    upload = read_upload(content, settings.maximum_pixels, choice.side, framing, style.paper)
    other = pictures.get("palette_picture")
    colors = None if other is None else np.asarray(read_small(other, settings.maximum_pixels, _PALETTE_SIDE))
    painting = PaintingRequest(upload, **options, style=style.style(upload.picture, colors), framing=framing)
    return _start_with(painting, fields["start"], choice) if fields.get("start") else painting


def _start_with(request: PaintingRequest, text: Any, choice: SizeChoice) -> PaintingRequest:
    """The same painting with strokes that were sent along under those that are asked for."""
    start = read_start(text, [request.brush])
    strokes = read_whole("strokes", len(start) + request.strokes, 1, choice.most_strokes, choice.setting)
    upload = replace(request.upload, picture=fit_to_start(request.upload.picture, start))
    return replace(request, upload=upload, strokes=strokes, start=on_paper(start, request.style.background))


def _read_continuation(
    fields: dict[str, Any], pictures: dict[str, bytes], settings: Settings, finished: Finished
) -> PaintingRequest:
    others = [*pictures, *(name for name in fields if name not in _CONTINUE_FIELDS)]
    if others:
        raise RequestError("continue_field", field=printable(others[0]), fields=", ".join(_CONTINUE_FIELDS))
    earlier, start = finished(fields["continue"])
    agent = _read_agent(fields.get("agent", earlier.agent))
    if earlier.large and agent not in LARGE_AGENTS:
        raise RequestError("agent_small", agent=agent, size=CANVAS_SIZE, agents=", ".join(LARGE_AGENTS))
    choice = next(choice for choice in size_choices(settings).values() if (choice.side > CANVAS_SIZE) == earlier.large)
    more = read_whole("strokes", fields.get("strokes", MORE_STROKES), 1, choice.most_strokes, choice.setting)
    if len(start) + more > choice.most_strokes:
        raise RequestError("continue_full", choice.setting, strokes=len(start), more=more, most=choice.most_strokes)
    seed = read_whole("seed", fields.get("seed", earlier.seed), 0, _LARGEST_SEED)
    strokes, continued = len(start) + more, fields["continue"]
    return replace(earlier, agent=agent, strokes=strokes, seed=seed, start=start, continued=continued)


def _read_agent(value: Any) -> str:
    return read_choice("agent", FORMER_AGENTS.get(value, value) if isinstance(value, str) else value, AGENTS)


def _read_painter(fields: Mapping[str, Any], offer: Offer) -> dict[str, str]:
    painter = read_choice("painter", fields.get("painter", DEFAULT_PAINTER), offer.painters)
    brush = read_choice("brush", fields.get("brush", DEFAULT_BRUSH), offer.brushes)
    if painter != DEFAULT_PAINTER and brush != DEFAULT_BRUSH:
        raise RequestError("painter_brush", painter=painter, brush=DEFAULT_BRUSH, usual=DEFAULT_PAINTER)
    return {"painter": painter, "brush": brush}


def _read_size(value: Any, choices: dict[int, SizeChoice]) -> SizeChoice:
    sides = {str(side): choice for side, choice in choices.items()}
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or text not in sides:
        settings = ("maximum_size",) if text in map(str, LARGE_SIZES) else ()
        raise RequestError("field_choice", *settings, field="size", value=printable(value), choices=", ".join(sides))
    return sides[text]


def _read_sample(name: Any) -> bytes:
    if name is None:
        raise RequestError("picture_none")
    # Never a path: only a name of the list is opened.
    return (SAMPLES_FOLDER / f"{read_choice('sample', name, samples())}.jpg").read_bytes()
