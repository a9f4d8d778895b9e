"""The addresses of paintings: requesting one, following it, fetching it, canceling it."""

import math
import re
from contextlib import nullcontext
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ...painters.stroke_list import StrokeList
from ..encoding import FORMATS, encode, encode_by_mypaint, encode_for_replay
from ..errors import BusyError, NotFoundError, RequestError, describe_reason, printable
from ..jobs.job import Job
from ..jobs.streaming import event_stream
from ..requests import PaintingRequest, read_request
from .context import StreamSlot, client_of, current_service, wants_html
from .files import encoded, finished_painting, formats
from .plain import page_under_way

paintings = Blueprint("paintings", __name__)

_WAIT_GRACE_SECONDS = 30
"""Beyond a painting's own time limit: how long it may wait in its queue while the client is connected."""


@paintings.post("/paintings")
def request_painting() -> AnyResponse:
    """Take a request: 202 and where to follow it, or, for a form sent by a browser, the page that shows it."""
    wanted = _read_request()
    # One that has all its strokes already is laid again meanwhile.
    with nullcontext() if wanted.new_strokes else StreamSlot():
        job = current_service().submit(wanted, client_of(request))
    page = url_for("paintings.show_painting", identity=job.identity)
    if wants_html(request):
        return redirect(page, 303)
    response = jsonify(_describe(job))
    response.status_code = 202
    response.headers["Location"] = page
    return response


@paintings.get("/paintings/<identity:identity>")
def show_painting(identity: str) -> AnyResponse | str:
    """How far a painting has come: JSON, or for a browser a page that also works without scripts."""
    job = current_service().find(identity)
    job.look()
    if wants_html(request):
        return (
            render_template("page.html", job=job, links=_links(job)) if job.over else page_under_way(job, _links(job))
        )
    return jsonify(_describe(job))


@paintings.delete("/paintings/<identity:identity>")
def discard_painting(identity: str) -> tuple[str, int]:
    """Cancel a painting, or forget it once it is over."""
    current_service().discard(identity)
    return "", 204


@paintings.post("/paintings/<identity:identity>/stop")
def stop_painting(identity: str) -> AnyResponse:
    """End a painting with the strokes that it has by then, and keep it; cancel one that waits."""
    job = current_service().find(identity)
    job.stop()
    if wants_html(request):
        return redirect(url_for("paintings.show_painting", identity=identity), 303)
    response = jsonify(_describe(job))
    response.status_code = 202
    return response


@paintings.get("/paintings/<identity:identity>/events")
def follow_painting(identity: str) -> Response:
    """Server-sent events from the beginning, or from after ``Last-Event-ID``."""
    text = request.headers.get("Last-Event-ID", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestError("event_wrong")
    job = current_service().find(identity)
    headers = {"X-Accel-Buffering": "no"}
    stream = StreamSlot(event_stream(job, int(text), current_service().outlook), job)
    return Response(stream, mimetype="text/event-stream", headers=headers)


@paintings.get("/paintings/<identity:identity>.<any(png, webp, gif, mp4, svg, json):file_format>")
def fetch_painting(identity: str, file_format: str) -> Response:
    """A finished painting: the picture, a film of its making, or its strokes."""
    painting = finished_painting(current_service().find(identity))
    return _cacheable(encoded(painting, file_format))


@paintings.get("/paintings/<identity:identity>/picture.jpg")
def fetch_picture(identity: str) -> Response:
    """The picture that was sent, as much of it as is painted, without metadata."""
    return Response(current_service().find(identity).request.upload.preview, mimetype="image/jpeg")


@paintings.get("/paintings/<identity:identity>/mypaint.png")
def fetch_by_mypaint(identity: str) -> Response:
    """The strokes of a finished painting laid by the real MyPaint, larger."""
    painting = finished_painting(current_service().find(identity))
    if not current_service().has_mypaint:
        raise NotFoundError("mypaint_none")
    with StreamSlot():  # one is drawn at a time, and the others wait
        return _cacheable(Response(encode_by_mypaint(painting), mimetype="image/png"))


@paintings.get("/paintings/<identity:identity>/replay.json")
def fetch_replay(identity: str) -> Response:
    """The ink of each stroke of a finished painting, for a page to lay them again."""
    painting = finished_painting(current_service().find(identity))
    with StreamSlot():
        return _cacheable(Response(encode_for_replay(painting), mimetype="application/json"))


@paintings.post("/api/paint")
@paintings.post("/invocations")
def paint_at_once() -> Response:
    """Paint while the client waits; answer with the strokes as JSON where that is asked for, else with a PNG."""
    service = current_service()
    painting_request = _read_request()
    with StreamSlot():
        job = service.submit(painting_request, client_of(request))
        if not job.wait(service.settings.time_limit + _WAIT_GRACE_SECONDS):
            seconds = math.ceil(service.outlook(job).expected_seconds)
            job.cancel()
            raise BusyError("waited_long", "time_limit", retry_after=seconds, seconds=seconds)
        painting = finished_painting(job)
        accepted = request.accept_mimetypes
        file_format = "json" if accepted["application/json"] > accepted["image/png"] else "png"
        return Response(encode(painting, file_format), mimetype=FORMATS[file_format])


def _read_request() -> PaintingRequest:
    service = current_service()

    def finished(identity: Any) -> tuple[PaintingRequest, StrokeList]:
        if not (isinstance(identity, str) and re.fullmatch("[0-9a-f]{32}", identity)):
            raise RequestError("continue_none", painting=printable(identity))
        job = service.find(identity)
        return job.request, finished_painting(job).stroke_list

    return read_request(request, service.settings, service.offer, finished)


def _cacheable(response: Response) -> Response:
    """Let the browser cache what never changes."""
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


def _links(job: Job) -> dict[str, str]:
    links = {name: url_for("paintings.fetch_painting", identity=job.identity, file_format=name) for name in formats()}
    links["events"] = url_for("paintings.follow_painting", identity=job.identity)
    if current_service().has_mypaint:
        links["mypaint"] = url_for("paintings.fetch_by_mypaint", identity=job.identity)
    links["picture"] = url_for("paintings.fetch_picture", identity=job.identity)
    links["replay"] = url_for("paintings.fetch_replay", identity=job.identity)
    links["share"] = url_for("sharing.share_painting", identity=job.identity)
    links["stop"] = url_for("paintings.stop_painting", identity=job.identity)
    links["self"] = url_for("paintings.show_painting", identity=job.identity)
    return links


def _describe(job: Job) -> dict[str, Any]:
    painting_request = job.request
    result = {"loss": job.painting.loss, "loss_name": job.painting.loss_name} if job.painting else {}
    ahead = None if job.over else current_service().outlook(job)
    return {
        "id": job.identity,
        "state": job.state,
        "agent": painting_request.agent,
        "painter": painting_request.painter,
        "brush": painting_request.brush,
        "width": painting_request.width,
        "height": painting_request.height,
        "strokes": painting_request.strokes,
        "strokes_done": job.strokes_done,
        "seed": painting_request.seed,
        "seconds": round(job.seconds, 3),
        "position": ahead and ahead.position,
        "starts_in": ahead and round(ahead.starts_in, 1),
        "expected_seconds": ahead and round(ahead.expected_seconds, 1),
        "stopped": job.stopped,
        **describe_reason(job.message),
        "settings": painting_request.settings(),
        "links": _links(job),
        **result,
    }
