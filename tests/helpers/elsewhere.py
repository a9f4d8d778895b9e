"""A server of this machine that passes for one of the public network, for pictures that are fetched by address."""

import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from paintgym.webapp.options import addresses

from .web_service import JSON, picture, service_of

PICTURE = picture("JPEG")


@pytest.fixture
def allowed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The service, with fetching allowed."""
    monkeypatch.setattr(service_of(app), "settings", replace(service_of(app).settings, fetch_pictures=1))
    return app.test_client()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator["Elsewhere"]:
    """A server of this machine, which passes for one of the public network by the name ``elsewhere.example``."""
    server = Elsewhere()
    resolve = {"elsewhere.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"], "both.example": ["127.0.0.1", "::1"]}
    monkeypatch.setattr(addresses, "_resolve", lambda host, port: resolve.get(host, [host]))
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(addresses, "_PORTS", {"http": server.port, "https": 443})
    monkeypatch.setattr(addresses, "_SECONDS", 2.0)
    with server:
        yield server


class Elsewhere:
    """Answers every path by a function of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        elsewhere = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                elsewhere.asked.append(self.headers["Host"] + self.path)
                with contextlib.suppress(OSError):
                    elsewhere.answers[self.path](self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> "Elsewhere":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def say(self, path: str, content: bytes = PICTURE, status: int = 200, **headers: str) -> str:
        def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)

        self.answers[path] = answer
        return f"http://elsewhere.example{path}"


def ask(client: FlaskClient, address: object) -> object:
    return client.post("/paintings", json={"address": address, "size": 64, "strokes": 1}, headers=JSON)
