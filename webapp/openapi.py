"""The OpenAPI description of the service. It is written by hand; a test holds it against the addresses there are."""

from typing import Any

from .. import __version__
from ..painters.names import DEFAULT_BRUSH
from ..painters.stroke import CANVAS_SIZE
from .options.choices import (
    AGENTS,
    DEFAULT_AGENT,
    DEFAULT_PAINTER,
    LARGE_AGENTS,
    MORE_STROKES,
    PICTURE_FORMATS,
    SEEDLESS_AGENTS,
    Offer,
    default_size,
    samples,
    size_choices,
)
from .settings import Settings

Description = dict[str, Any]


def describe(settings: Settings, offer: Offer, prefix: str = "") -> Description:
    """The description, as OpenAPI 3.1 has it, of the addresses below a path prefix such as ``/paint``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "paintgym",
            "version": __version__,
            "description": "Send a picture, and see it painted stroke by stroke.",
        },
        "servers": [{"url": prefix or "/"}],
        "paths": _paths(),
        "components": {
            "parameters": {"id": _parameter("id", "path", {"type": "string", "pattern": "^[0-9a-f]{32}$"})},
            "schemas": {
                "Options": {"type": "object", "properties": _options(settings, offer)},
                "Error": _object({"error": {"type": "string", "description": "One plain sentence."}}),
                "Painting": _object(_painting(offer)),
            },
            "requestBodies": {"PaintingRequest": {"required": True, "content": _request_content(settings, offer)}},
        },
    }


def _paths() -> Description:
    event = (
        "Events: queued, painting, strokes, progress, canvas, film; at the end finished, failed or cancelled. While it "
        "waits, queued tells its position and the expected seconds, about once a second; then progress does."
    )
    picture: Description = {kind: {} for kind in ("image/png", "image/webp", "image/gif", "application/json")}
    file_format = _parameter("file_format", "path", {"enum": ["png", "webp", "gif", "json"]})
    last = _parameter("Last-Event-ID", "header", {"type": "integer", "minimum": 0}, required=False)
    at_once = _post(
        "Paint and answer with the painting.", {"200": _answer("The painting.", "image/png", "application/json")}
    )
    return {
        "/": {"get": _operation("The page.", {"200": _answer("HTML.", "text/html")})},
        "/paintings": {
            "post": _post(
                "Request a painting.",
                {
                    "202": _answer("Where to follow it.", "application/json", schema="Painting"),
                    "303": {"description": "For a browser: to the page that shows it."},
                },
            )
        },
        "/paintings/{id}": {
            "parameters": [_ID],
            "get": _operation(
                "How far it has come.",
                {"200": _answer("State.", "application/json", "text/html", schema="Painting")},
                404,
            ),
            "delete": _operation("Cancel it, or forget it.", {"204": {"description": "Done."}}, 403, 404),
        },
        "/paintings/{id}/stop": {
            "parameters": [_ID],
            "post": _operation(
                "Finish it with the strokes that there are; cancel it where there are none.",
                {
                    "202": _answer("How far it has come.", "application/json", schema="Painting"),
                    "303": {"description": "For a browser: to the page that shows it."},
                },
                403,
                404,
            ),
        },
        "/paintings/{id}/events": {
            "parameters": [_ID, last],
            "get": _operation(event, {"200": _answer("The stream.", "text/event-stream")}, 400, 404, 503),
        },
        "/paintings/{id}.{file_format}": {
            "parameters": [_ID, file_format],
            "get": _operation(
                "Picture, film of the making (webp, gif), or strokes (json).",
                {"200": {"description": "The painting.", "content": picture}},
                404,
                409,
            ),
        },
        "/paintings/{id}/mypaint.png": {
            "parameters": [_ID],
            "get": _operation(
                "The strokes by the real MyPaint, where it is installed.",
                {"200": _answer("PNG.", "image/png")},
                404,
                409,
            ),
        },
        "/paintings/{id}/replay.json": {
            "parameters": [_ID],
            "get": _operation(
                "The ink of each stroke, its window and its color.",
                {"200": _answer("The strokes.", "application/json")},
                404,
                409,
            ),
        },
        "/paintings/{id}/picture.jpg": {
            "parameters": [_ID],
            "get": _operation("The picture as it is painted.", {"200": _answer("JPEG.", "image/jpeg")}, 404),
        },
        "/api/paint": {"post": at_once},
        "/invocations": {"post": at_once},
        "/brushes/{brush}.png": {
            "parameters": [_parameter("brush", "path", {"type": "string"})],
            "get": _operation("A stroke of a brush, ink on white.", {"200": _answer("PNG.", "image/png")}, 404),
        },
        "/ping": {"get": _operation("SageMaker's health check.", {"200": {"description": "Well."}}, 503)},
        "/healthz": {"get": _operation("Health.", {"200": _answer("Well.", "application/json")}, 503)},
        "/metrics": {"get": _operation("Figures for Prometheus.", {"200": _answer("Figures.", "text/plain")})},
        "/openapi.json": {"get": _operation("This description.", {"200": _answer("OpenAPI.", "application/json")})},
    }


_ID = {"$ref": "#/components/parameters/id"}


def _operation(summary: str, answers: Description, *statuses: int) -> Description:
    errors = {str(status): _answer("What was wrong.", "application/json", schema="Error") for status in statuses}
    return {"summary": summary, "responses": {**answers, **errors}}


def _post(summary: str, answers: Description) -> Description:
    at_once = {409} if "200" in answers else set()
    operation = _operation(summary, answers, *sorted({400, 403, 413, 415, 503} | at_once))
    return {**operation, "requestBody": {"$ref": "#/components/requestBodies/PaintingRequest"}}


def _answer(description: str, *kinds: str, schema: str = "") -> Description:
    about = {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
    return {
        "description": description,
        "content": {kind: about if kind == "application/json" else {} for kind in kinds},
    }


def _parameter(name: str, place: str, schema: Description, *, required: bool = True) -> Description:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _object(properties: Description) -> Description:
    return {"type": "object", "properties": properties}


def _options(settings: Settings, offer: Offer) -> Description:
    sizes = size_choices(settings)
    strokes = ", ".join(
        f"{choice.usual_strokes} by default and {choice.most_strokes} at most at size {side}"
        for side, choice in sizes.items()
    )
    return {
        "agent": {"enum": list(AGENTS), "default": DEFAULT_AGENT},
        "size": {
            "type": "integer",
            "enum": list(sizes),
            "default": default_size(DEFAULT_AGENT, settings),
            "description": f"The painting's longer side in pixels; {CANVAS_SIZE} paints the center square alone. "
            f"Larger paintings are made by the agent {' or '.join(LARGE_AGENTS)}; of others {CANVAS_SIZE} is the "
            "default.",
        },
        "painter": {"enum": offer.painters, "default": DEFAULT_PAINTER},
        "brush": {
            "enum": offer.brushes,
            "default": DEFAULT_BRUSH,
            "description": f"The MyPaint brush; others than the default are for the painter {DEFAULT_PAINTER}.",
        },
        "strokes": {
            "type": "integer",
            "minimum": 1,
            "maximum": max(choice.most_strokes for choice in sizes.values()),
            "description": f"How many; {strokes}.",
        },
        "seed": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2**53 - 1,
            "default": 0,
            "description": "The same seed gives the same painting, where time does not decide. The agent "
            f"{' or '.join(SEEDLESS_AGENTS)} paints the same whatever the seed.",
        },
        "palette": {
            "type": "string",
            "description": "How many colors there may be, 2 to 16, chosen from the picture or from palette_picture; or "
            "2 to 16 colors such as #d2691e, separated by commas.",
        },
        "palette_picture": {"type": "string", "description": "A second picture, whose colors are used."},
        "paper": {"type": "string", "default": "white", "description": "A color such as #f5e6c8, or mean."},
        "brush_sizes": {"type": "string", "default": "0,1", "description": "The least and the largest, from 0 to 1."},
        "rotate": {"enum": [0, 90, 180, 270], "default": 0, "description": "Degrees clockwise, before the crop."},
        "crop": {
            "type": "string",
            "description": "x, y, width and height of the part that is painted, in parts of the picture.",
        },
        "address": {"type": "string", "description": "Of a picture elsewhere, where the host allows that."},
        "continue": {
            "type": "string",
            "description": "The id of a finished painting, in place of a picture: so many strokes more are laid on it. "
            f"{MORE_STROKES} by default; agent and seed may be others.",
        },
        "sample": {"enum": samples(), "description": "One of the page's own pictures, in place of a picture."},
    }


def _request_content(settings: Settings, offer: Offer) -> Description:
    options = _options(settings, offer)
    about = f"{PICTURE_FORMATS}, in base64 of either alphabet, with line breaks or without, or as a data: URL."
    picture = {
        "type": "string",
        "contentMediaType": "image/*",
        "description": f"A file, {PICTURE_FORMATS}, or text: {about}",
    }
    form = _object({"picture": picture, **options})
    document = _object({"picture": {"type": "string", "contentEncoding": "base64", "description": about}, **options})
    bare = {"description": f"{PICTURE_FORMATS}; options go into the query.", "type": "string", "format": "binary"}
    return {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": document},
        "image/*": {"schema": bare},
    }


def _painting(offer: Offer) -> Description:
    text, number, whole = {"type": "string"}, {"type": "number"}, {"type": "integer"}
    return {
        "id": text,
        "state": {"enum": ["waiting", "painting", "finished", "failed", "cancelled"]},
        "agent": {"enum": list(AGENTS)},
        "painter": {"enum": offer.painters},
        "brush": {"enum": offer.brushes},
        "width": whole,
        "height": whole,
        "strokes": whole,
        "strokes_done": whole,
        "seed": whole,
        "seconds": number,
        "position": {"type": ["integer", "null"], "description": "1 for the next to be painted, 0 once it is."},
        "starts_in": {"type": ["number", "null"], "description": "Seconds, as expected."},
        "expected_seconds": {"type": ["number", "null"], "description": "Until it is finished."},
        "stopped": {"type": "boolean", "description": "Whether it has fewer strokes than were asked for."},
        "message": text,
        "settings": {"type": "object", "description": "All that was asked for, but the picture."},
        "loss": number,
        "loss_name": text,
        "links": {"type": "object", "additionalProperties": text},
    }
