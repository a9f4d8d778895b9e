"""The OpenAPI description of the service. It is written by hand; a test holds it against the addresses there are."""

from ... import __version__
from ...painters.stroke import CANVAS_SIZE
from ..encoding import FORMATS, LARGEST_PRINT
from ..options.choices import Offer
from ..settings import Settings
from .schemas import (
    REASON,
    Description,
    describe_object,
    describe_options,
    describe_painting,
    describe_request,
    describe_shared,
)


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
            "parameters": {
                "id": _parameter("id", "path", {"type": "string", "pattern": "^[0-9a-f]{32}$"}),
                "slug": _parameter("slug", "path", {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"}),
            },
            "schemas": {
                "Options": {"type": "object", "properties": describe_options(settings, offer)},
                "Error": describe_object(
                    {"error": {"type": "string", "description": "One plain sentence."}, "reason": REASON}
                ),
                "Painting": describe_object(describe_painting(offer)),
                "Shared": describe_object(describe_shared()),
            },
            "requestBodies": {"PaintingRequest": {"required": True, "content": describe_request(settings, offer)}},
        },
    }


def _paths() -> Description:
    files = "Picture (png; of a size it is drawn again), film (webp, gif, mp4), shapes (svg), strokes (json)"
    event = (
        "Events: queued, painting, strokes, progress, canvas, film; at the end finished, failed or cancelled. While it "
        "waits, queued tells its position and the expected seconds, about once a second; then progress does."
    )
    picture: Description = {kind: {} for kind in FORMATS.values()}
    file_format = _parameter("file_format", "path", {"enum": list(FORMATS)})
    shared_format = _parameter("file_format", "path", {"enum": [name for name in FORMATS if name != "gif"]})
    side = {"type": "integer", "minimum": CANVAS_SIZE, "maximum": LARGEST_PRINT}
    size = _parameter("size", "query", side, required=False)
    last = _parameter("Last-Event-ID", "header", {"type": "integer", "minimum": 0}, required=False)
    at_once = _post(
        "Paint and answer with the painting.", {"200": _answer("The painting.", "image/png", "application/json")}
    )
    return {
        "/": {"get": _operation("The page.", {"200": _answer("HTML.", "text/html")})},
        "/pictures": {
            "post": _post("Read a picture, or one at an address.", {"200": _answer("The picture.", "image/jpeg")})
        },
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
            "delete": _operation("Cancel it, or forget it.", {"204": {"description": "Done."}}, 403, 404, 503),
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
            "parameters": [_ID, file_format, size],
            "get": _operation(
                f"{files}.",
                {"200": {"description": "The painting.", "content": picture}},
                400,
                404,
                409,
                503,
            ),
        },
        "/paintings/{id}/share": {
            "parameters": [_ID],
            "post": _operation(
                "Make a page of it that others can open; a title may be given as a form or as JSON.",
                {
                    "201": _answer("Where it is.", "application/json", schema="Shared"),
                    "303": {"description": "For a browser: to that page."},
                },
                400,
                403,
                404,
                409,
                503,
            ),
        },
        "/p/{slug}": {
            "parameters": [_SLUG],
            "get": _operation(
                "The page of a shared painting.",
                {"200": _answer("HTML, or what it tells.", "text/html", "application/json", schema="Shared")},
                404,
                503,
            ),
        },
        "/p/{slug}.{file_format}": {
            "parameters": [_SLUG, shared_format, size],
            "get": _operation(
                f"{files.replace('gif, ', '')}, of a shared painting.",
                {
                    "200": {"description": "The painting.", "content": picture},
                    "206": {"description": "The part of it that was asked for by the header Range."},
                },
                400,
                404,
                503,
            ),
        },
        "/paintings/{id}/mypaint.png": {
            "parameters": [_ID],
            "get": _operation(
                "The strokes by the real MyPaint, where it is installed.",
                {"200": _answer("PNG.", "image/png")},
                404,
                409,
                503,
            ),
        },
        "/paintings/{id}/replay.json": {
            "parameters": [_ID],
            "get": _operation(
                "The ink of each stroke, its window and its color.",
                {"200": _answer("The strokes.", "application/json")},
                404,
                409,
                503,
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
        "/metrics": {
            "get": _operation("Figures for Prometheus.", {"200": _answer("Figures.", "text/plain")}, 401, 404)
        },
        "/openapi.json": {"get": _operation("This description.", {"200": _answer("OpenAPI.", "application/json")})},
    }


_ID = {"$ref": "#/components/parameters/id"}
_SLUG = {"$ref": "#/components/parameters/slug"}


def _operation(summary: str, answers: Description, *statuses: int) -> Description:
    errors = {str(status): _answer("What was wrong.", "application/json", schema="Error") for status in statuses}
    return {"summary": summary, "responses": {**answers, **errors}}


def _post(summary: str, answers: Description) -> Description:
    operation = _operation(summary, answers, 400, 403, 404, 409, 413, 415, 503)
    return {**operation, "requestBody": {"$ref": "#/components/requestBodies/PaintingRequest"}}


def _answer(description: str, *kinds: str, schema: str = "") -> Description:
    about = {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
    return {
        "description": description,
        "content": {kind: about if kind == "application/json" else {} for kind in kinds},
    }


def _parameter(name: str, place: str, schema: Description, *, required: bool = True) -> Description:
    return {"name": name, "in": place, "required": required, "schema": schema}
