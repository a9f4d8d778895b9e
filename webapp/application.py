"""The Flask application: its parts put together, the headers of all answers, and the answers to errors."""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from .context import current_service, wants_html
from .errors import BusyError, ForbiddenError, RequestError
from .monitoring import monitoring
from .paintings import paintings
from .requests import AGENTS, LARGE_AGENTS, samples, size_choices
from .service import PaintingService
from .settings import Settings

_log = logging.getLogger(__name__)

# No inline script or style, nothing from elsewhere, no framing. Pictures of the page's own making are blobs.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FORM_FIELD_BYTES = 100_000
"""Of a form's fields other than the picture: seven short options, with room to spare."""
_FORM_PARTS = 20
"""Fields of a form; there are seven."""
_STATIC_SECONDS = 3600
"""How long browsers keep scripts, style and samples, which change with a new version alone."""
_SENTENCES = {
    400: "This request cannot be understood.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is too large; at most {megabytes} MB are taken.",
    414: "The address is too long.",
    415: "Send a form, JSON, or a PNG, JPEG or WebP picture.",
    500: "Something went wrong on our side; the painting was not made.",
}


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
        MAX_FORM_MEMORY_SIZE=_FORM_FIELD_BYTES,
        MAX_FORM_PARTS=_FORM_PARTS,
        TRUSTED_HOSTS=settings.hosts,
        SEND_FILE_MAX_AGE_DEFAULT=_STATIC_SECONDS,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.url_map.converters["identity"] = _Identity
    app.extensions["painting_service"] = PaintingService(settings)
    app.register_blueprint(paintings)
    app.register_blueprint(monitoring)
    app.add_url_rule("/", "page", _page)
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)
    app.register_error_handler(RequestError, _answer_request_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_bug)
    app.context_processor(_page_choices)
    return app


def _page() -> str:
    return render_template("page.html")


def _page_choices() -> dict[str, Any]:
    """What the page offers."""
    service = current_service()
    return {
        "agents": AGENTS,
        "large_agents": LARGE_AGENTS,
        "painters": service.painters,
        "samples": samples(),
        "sizes": list(size_choices(service.settings).values()),
        "upload_megabytes": service.settings.upload_megabytes,
        "time_limit": service.settings.time_limit,
    }


def _refuse_cross_site() -> None:
    """Other sites' pages may link here, but not have things painted or canceled with their visitors' browsers."""
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForbiddenError("This request comes from another site's page; use the page itself.")


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _answer_request_error(error: RequestError) -> Response:
    response = _answer(str(error), error.status)
    if isinstance(error, BusyError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect
        return error.get_response()  # type: ignore[return-value]
    megabytes = current_service().settings.upload_megabytes
    sentence = _SENTENCES.get(status, f"{HTTPStatus(status).phrase}.").format(megabytes=megabytes)
    response = _answer(sentence, status)
    if isinstance(error, HTTPException) and status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _answer_bug(error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    return _answer(_SENTENCES[500], 500)


def _answer(sentence: str, status: int) -> Response:
    try:
        html = wants_html(request)
    except Exception:  # not even the headers can be read
        html = False
    response = (
        Response(render_template("page.html", error=sentence), mimetype="text/html")
        if html
        else jsonify(error=sentence)
    )
    response.status_code = status
    return response
