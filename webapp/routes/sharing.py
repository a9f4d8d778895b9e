"""Shared paintings: a page for each that others can open, with its film, its settings and its files."""

import logging
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ...agents.outputs.painting import Painting
from ...errors import InvalidInputError
from ..errors import NotFoundError, RequestError, UnavailableError, printable
from ..jobs.job import Job
from ..jobs.results import find_share, keep_share
from ..options.fields import fields_given_once, read_json
from ..store.records import STROKES, facts_of, pack, unpack
from ..store.store import KEY_PATTERN, Entry, StoreError
from .context import current_service, wants_html
from .files import encoded, file_answer, finished_painting, formats

sharing = Blueprint("sharing", __name__)

_log = logging.getLogger(__name__)

_KIND = "shared"
_KEY_BYTES = 16
"""Nobody guesses a number of 128 bits."""
_LONGEST_TITLE = 80
_DAY_SECONDS = 86_400
_CACHE_SECONDS = 3600
_REMEMBERED = ("mp4", "webp")
"""Films take seconds to make, and are kept beside the painting; other forms are made anew."""


@sharing.post("/paintings/<identity:identity>/share")
def share_painting(identity: str) -> AnyResponse:
    """Keep a finished painting for others: 201 and where it is, or, for a form sent by a browser, that page."""
    service = current_service()
    job = service.find(identity)
    painting, title = finished_painting(job), _read_title()
    entry = _find_shared(job)
    if entry is None:
        days, now = service.settings.share_days, time.time()
        facts = {**facts_of(painting), "title": title, "settings": _public(job.request.settings())}
        facts |= {"width": job.request.width, "height": job.request.height, "strokes": len(painting.strokes)}
        key = secrets.token_urlsafe(_KEY_BYTES)
        entry = Entry(key, _KIND, facts, now + _DAY_SECONDS * days if days else None, now)
        try:
            service.store.put(entry, pack(painting))
        except (StoreError, OSError) as error:
            _log.error("painting %s cannot be shared: %s", identity, error)
            raise UnavailableError("store_full") from None
        job.shared = key
        if job.kept:
            keep_share(service.store, job)
    if wants_html(request):
        return redirect(url_for("sharing.show_shared", slug=entry.key), 303)
    response = jsonify(_describe(entry))
    response.status_code = 201
    return response


@sharing.get("/p/<slug:slug>")
def show_shared(slug: str) -> AnyResponse | str:
    """The page of a shared painting, or for programs what is known of it."""
    entry = _find_or_refuse(slug)
    document = _describe(entry)
    if not wants_html(request) and request.accept_mimetypes["application/json"] > request.accept_mimetypes["text/html"]:
        return jsonify(document)
    return render_template("share.html", shared=document, has_mp4=current_service().has_mp4)


@sharing.get("/p/<slug:slug>.<any(png, webp, mp4, svg, json):file_format>")
def fetch_shared(slug: str, file_format: str) -> Response:
    """A shared painting: the picture, a film of its making, or its strokes."""
    entry, store = _find_or_refuse(slug), current_service().store
    name = STROKES if file_format == "json" else f"film.{file_format}"
    content = None
    if name == STROKES or file_format in _REMEMBERED:
        try:
            content = store.read(slug, name)
        except StoreError as error:
            raise _unreadable(error) from None
    if content is not None:
        response = file_answer(content, file_format)
    else:
        response = encoded(_painting_of(entry), file_format)
        if file_format in _REMEMBERED:
            try:
                store.add(slug, name, response.get_data())
            except StoreError as error:
                _log.warning("a film is not kept: %s", error)
    # Where a link is sent, its picture is shown by the pages of others.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control.public, response.cache_control.max_age = True, _CACHE_SECONDS
    # Safari plays no film of which it cannot ask for a part.
    response.make_conditional(request, accept_ranges=True, complete_length=len(response.get_data()))
    return response


def settings_like(slug: str) -> dict[str, Any] | None:
    """How a shared painting was painted, for the page to offer; None where there is none, or none that can be read."""
    try:
        entry = _find(slug) if re.fullmatch(KEY_PATTERN, slug) else None
    except UnavailableError:
        return None
    if entry is None:
        return None
    facts, settings = entry.facts, entry.facts["settings"]
    return {
        "brush": settings["brush"],
        "size": max(facts["width"], facts["height"]),
        "strokes": facts["strokes"],
        "palette": settings["palette"] and len(settings["palette"]),
        "paper": None if settings["paper"] == "#ffffff" else settings["paper"],
    }


def _find(slug: str) -> Entry | None:
    try:
        entry = current_service().store.find(slug)
    except StoreError as error:
        raise _unreadable(error) from None
    return entry if entry is not None and entry.kind == _KIND else None


def _find_shared(job: Job) -> Entry | None:
    """The entry of a painting that was shared before, by this process or another one."""
    try:
        key = find_share(current_service().store, job)
    except StoreError as error:
        raise _unreadable(error) from None
    return _find(key) if re.fullmatch(KEY_PATTERN, key) else None


def _unreadable(error: Exception) -> UnavailableError:
    _log.error("the store cannot be read: %s", error)
    return UnavailableError("store_unreadable")


def _find_or_refuse(slug: str) -> Entry:
    if entry := _find(slug):
        return entry
    raise NotFoundError("shared_gone", "share_days", "store_megabytes")


def _painting_of(entry: Entry) -> Painting:
    service = current_service()
    try:
        painting = unpack(service.store, entry, service.painter)
    except InvalidInputError as error:
        _log.error("shared painting %s is damaged: %s", entry.key, error)
        painting = None
    except (StoreError, OSError) as error:
        raise _unreadable(error) from None
    if painting is None:
        raise NotFoundError("shared_gone", "share_days", "store_megabytes")
    return painting


def _read_title() -> str:
    fields = read_json(request.get_data(cache=False) or b"{}") if request.is_json else fields_given_once(request.form)
    if unknown := set(fields) - {"title"}:
        raise RequestError("field_unknown", field=printable(min(map(str, unknown))), fields="title")
    title = fields.get("title") or ""
    if not isinstance(title, str) or len(title) > _LONGEST_TITLE:
        raise RequestError("title_long", most=_LONGEST_TITLE)
    # What does not print could turn the rest of a line around.
    return "".join(letter for letter in " ".join(title.split()) if letter.isprintable())


def _describe(entry: Entry) -> dict[str, Any]:
    facts, address = entry.facts, url_for("sharing.show_shared", slug=entry.key)
    files = {
        name: url_for("sharing.fetch_shared", slug=entry.key, file_format=name) for name in formats() if name != "gif"
    }
    return {
        "url": address,
        "expires": None if entry.expires is None else _time(entry.expires),
        "created": _time(entry.created),
        **{name: facts[name] for name in ("title", "width", "height", "strokes", "loss", "seconds")},
        "settings": _public(facts["settings"]),
        "links": {**files, "self": address},
    }


def _public(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the id of the painting that was continued: it lets whoever knows it stop or remove that."""
    return {name: value for name, value in settings.items() if name != "continued"}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
