"""The Flask application: its parts put together, the headers of all answers, and the answers to errors."""

import logging
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from .errors import BusyError, ForbiddenError, RequestError, Sentence, printable
from .hosts import TrustedHosts
from .jobs.service import PaintingService
from .options.choices import (
    AGENTS,
    LARGE_AGENTS,
    PICTURE_ACCEPT,
    PICTURE_FORMATS,
    SEEDLESS_AGENTS,
    samples,
    size_choices,
)
from .page.languages import language_of, languages, translator
from .page.wall import examples
from .prefix import REFUSED_PREFIX, serve_under_prefix
from .routes.brushes import brushes
from .routes.context import current_service, wants_html
from .routes.monitoring import monitoring
from .routes.paintings import paintings
from .routes.pictures import pictures
from .routes.sharing import settings_like, sharing
from .settings import Settings, variable

_log = logging.getLogger(__name__)

# No inline script or style, nothing from elsewhere, no framing. Pictures of the page's own making are blobs.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FORM_PARTS = 20
"""Fields of a form; there are 17."""
_THEMES = ("light", "dark")
_SCRIPTS = sorted(path.name for path in (Path(__file__).parent / "static").glob("*.js"))
"""All are asked for at once, rather than as one is found to import the next."""
_CODES = {400: "request_wrong", 404: "nothing_here", 405: "method_wrong", 414: "url_long", 500: "bug"}
"""Of what the web framework itself refuses, by status."""


class _Slug(BaseConverter):
    """Keys of shared paintings, ``secrets.token_urlsafe(16)``; anything else is no address at all."""

    regex = "[A-Za-z0-9_-]{22}"
    part_isolating = True


class _Identity(BaseConverter):
    """Ids as ``Job`` makes them; anything else is no address at all."""

    regex = "[0-9a-f]{32}"
    part_isolating = True


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application, and start the threads that paint; ``app.extensions["painting_service"].close()`` ends them.

    Args:
        settings: its limits; by default from environment variables.

    Raises:
        InvalidInputError: a setting that cannot be used, or a policy that cannot be loaded.
    """
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.upload_bytes,
        MAX_FORM_MEMORY_SIZE=settings.upload_bytes,  # a picture may come as text, in base64
        MAX_FORM_PARTS=_FORM_PARTS,
        # Scripts, style and samples are asked for anew, and answered by "not modified": kept for a time, those of two
        # versions would meet after an update.
        SEND_FILE_MAX_AGE_DEFAULT=None,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.url_map.converters["identity"] = _Identity
    app.url_map.converters["slug"] = _Slug
    app.extensions["trusted_hosts"] = TrustedHosts(settings.trusted_hosts)
    app.register_blueprint(paintings)
    app.register_blueprint(sharing)
    app.register_blueprint(pictures)
    app.register_blueprint(monitoring)
    app.register_blueprint(brushes)
    app.add_url_rule("/", "page", _page)
    app.before_request(_refuse_untrusted_host)
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)
    app.register_error_handler(RequestError, _answer_request_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_bug)
    app.context_processor(_page_choices)
    serve_under_prefix(app, settings)
    app.extensions["painting_service"] = PaintingService(settings)
    app.extensions["studio"] = app.extensions["painting_service"]  # The former name, which hosts' own scripts may use.
    return app


def _page() -> str:
    return render_template("page.html", like=settings_like(request.args.get("like", "")))


def _page_choices() -> dict[str, Any]:
    """What the page offers."""
    service = current_service()
    language, theme = language_of(request), request.cookies.get("theme", "")
    return {
        "t": translator(language),
        "language": language,
        "languages": languages(),
        "words": languages()[language],
        "theme": theme if theme in _THEMES else "",
        "wall": examples(),
        "scripts": _SCRIPTS,
        "agents": AGENTS,
        "large_agents": LARGE_AGENTS,
        "seedless_agents": SEEDLESS_AGENTS,
        "picture_accept": PICTURE_ACCEPT,
        "picture_formats": PICTURE_FORMATS,
        "painters": service.offer.painters,
        "brushes": service.offer.brushes,
        "samples": samples(),
        "sizes": list(size_choices(service.settings).values()),
        "address_allowed": bool(service.settings.fetch_pictures),
        "upload_megabytes": service.settings.upload_megabytes,
        "time_limit": service.settings.time_limit,
    }


def _refuse_untrusted_host() -> None:
    """Take requests by known names alone: see ``hosts``. Programs of the first HTTP send none; browsers always do."""
    host = request.environ.get("HTTP_HOST")
    if host is not None and host not in current_app.extensions["trusted_hosts"]:
        raise RequestError("host_unknown", host=printable(host), variable=variable("trusted_hosts"))
    if prefix := request.environ.get(REFUSED_PREFIX):
        raise RequestError("prefix_wrong", prefix=printable(prefix), variable=variable("trusted_proxies"))


def _refuse_cross_site() -> None:
    """Other sites' pages may link here, but not have things painted or canceled with their visitors' browsers."""
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForbiddenError("cross_site")


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _answer_request_error(error: RequestError) -> Response:
    response = _answer(error.sentence, error.status)
    if isinstance(error, BusyError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect
        return error.get_response()  # type: ignore[return-value]
    sentence = _too_large() if status == 413 else Sentence(_CODES.get(status, "refused"), {"status": status})
    response = _answer(sentence, status)
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _too_large() -> Sentence:
    settings = current_service().settings
    if (request.content_length or 0) <= settings.upload_bytes:
        return Sentence("form_parts", {"most": _FORM_PARTS})
    return Sentence("request_large", {"megabytes": settings.upload_megabytes}, ("upload_megabytes",))


def _answer_bug(error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    return _answer(Sentence(_CODES[500]), 500)


def _answer(sentence: Sentence, status: int) -> Response:
    try:
        html = wants_html(request)
    except Exception:  # not even the headers can be read
        html = False
    response = (
        Response(render_template("page.html", error=sentence.text(language_of(request))), mimetype="text/html")
        if html
        else jsonify(error=sentence.text(), reason=sentence.reason())
    )
    response.status_code = status
    return response
