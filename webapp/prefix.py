"""The page under a path prefix: that of ``PAINTGYM_URL_PREFIX``, of the WSGI server, or of a proxy that is trusted."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from ..errors import InvalidInputError
from .settings import PREFIX_PATTERN, Settings, variable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REFUSED_PREFIX = "paintgym.refused_prefix"
"""In a request's environment: a prefix that a proxy sent and that is none."""


def serve_under_prefix(app: Flask, settings: Settings) -> None:
    """Let the application read its prefix, and what trusted proxies tell of the client and the host it asked for.

    Raises:
        InvalidInputError: a prefix that is an address of the service itself.
    """
    first_segments = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""}
    if settings.url_prefix and settings.url_prefix.split("/")[1] in first_segments:
        raise InvalidInputError(
            f"the URL prefix {settings.url_prefix!r} is an address of the service itself; choose another by "
            f"--url-prefix or {variable('url_prefix')}"
        )
    wsgi: WSGIApplication = _PrefixMiddleware(app.wsgi_app, settings.url_prefix, first_segments)
    count = settings.trusted_proxies
    if count:
        wsgi = ProxyFix(wsgi, x_for=count, x_proto=count, x_host=count, x_port=0, x_prefix=count)
    app.wsgi_app = wsgi  # type: ignore[assignment, method-assign]


class _PrefixMiddleware:
    """Moves the prefix from the path to ``SCRIPT_NAME``, from which Flask makes all links.

    Proxies strip the prefix before they pass a request on, or leave it there; both are served.

    Args:
        app: what is served.
        prefix: where no proxy sends one, such as ``/paint``; may be empty.
        first_segments: of the application's own paths, which are never stripped.
    """

    def __init__(self, app: "WSGIApplication", prefix: str, first_segments: set[str]) -> None:
        self._app = app
        self._prefix = prefix
        self._first_segments = first_segments

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        received = environ.get("werkzeug.proxy_fix.orig", environ).get("SCRIPT_NAME")
        forwarded = received != environ.get("SCRIPT_NAME")
        mounted = environ.get("SCRIPT_NAME", "").rstrip("/")
        if forwarded:
            if not re.fullmatch(PREFIX_PATTERN, mounted):
                environ[REFUSED_PREFIX], mounted = mounted, ""
            prefix, environ["SCRIPT_NAME"] = mounted, mounted
        else:
            prefix, environ["SCRIPT_NAME"] = self._prefix, mounted + self._prefix
        path = environ.get("PATH_INFO", "")
        if prefix and prefix.split("/")[1] not in self._first_segments and f"{path}/".startswith(f"{prefix}/"):
            path = path[len(prefix) :]
        environ["PATH_INFO"] = path or "/"
        return self._app(environ, start_response)
