"""Waitress as this service wants it: its limits, and requests that are too large."""

from typing import Any

import waitress
from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.utilities import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from ..errors import InvalidInputError
from .hosts import TrustedHosts
from .jobs.service import PaintingService
from .routes.monitoring import PROMETHEUS, metrics
from .settings import Settings, variable

_IDLE_SECONDS = 30
"""After which the connection of a client who sends or takes nothing is closed."""
_MAX_DISCARDED_BYTES = 500_000_000
"""Of a body that is too large, read and dropped: a client that is cut off while it sends may never see the answer."""


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Hands a request that is too large to the application without its body, to be refused in its own words."""

    expect_continue: bool
    _bytes_to_discard = 0

    def received(self, data: bytes) -> int:
        if self._bytes_to_discard:
            discarded = min(self._bytes_to_discard, len(data))
            self._bytes_to_discard -= discarded
            self.completed = not self._bytes_to_discard
            return discarded
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            self._refuse()
        return consumed

    def _refuse(self) -> None:
        self.error = None
        if self.chunked:
            self.headers["CONTENT_LENGTH"] = str(self.body_bytes_received)
        discarded = not self.chunked and not self.expect_continue and self.content_length <= _MAX_DISCARDED_BYTES
        self.close()
        self.body_rcv = None
        if discarded:
            self.completed, self._bytes_to_discard = False, self.content_length
        else:
            self.expect_continue = False
            self.headers["CONNECTION"] = "close"


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


def make_metrics_server(service: PaintingService, host: str, port: int) -> Any:
    """A server that shows figures in Prometheus' text form at ``/metrics``, and nothing else.

    Raises:
        InvalidInputError: nobody can listen there.
    """

    @Request.application
    def show(request: Request) -> Response:
        if request.path != "/metrics":
            return Response("There is /metrics here, and nothing else.\n", 404)
        return Response(metrics(service), content_type=PROMETHEUS)

    try:
        return waitress.create_server(show, map={}, host=host, port=port, threads=1, ident=None)
    except (OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(
            f"cannot listen on {host}:{port}: {reason}; try another {variable('metrics_port')}"
        ) from None


def make_server(app: Flask, host: str, port: int, settings: Settings) -> Any:
    """A server that listens already; its ``run`` serves, its ``close`` ends that.

    Where ``trusted_hosts`` is not set, the application is told whom to trust on this address: see ``hosts``.

    Raises:
        InvalidInputError: nobody can listen there.
    """
    app.extensions["trusted_hosts"] = TrustedHosts(settings.trusted_hosts, host)
    parts: dict[int, Any] = {}  # a name such as localhost may stand for several addresses
    try:
        server = waitress.create_server(
            app,
            map=parts,
            host=host,
            port=port,
            threads=settings.threads,
            ident=None,
            max_request_body_size=settings.upload_bytes + 1,
            max_request_header_size=16_384,
            channel_timeout=_IDLE_SECONDS,
            cleanup_interval=10,
            connection_limit=4 * settings.threads,
            clear_untrusted_proxy_headers=not settings.trusted_proxies,
        )
    except (OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"cannot listen on {host}:{port}: {reason}; try another --port") from None
    for part in parts.values():
        if isinstance(part, BaseWSGIServer):
            part.channel_class = _Channel
    return server
