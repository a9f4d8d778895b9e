"""Pictures by address: from the public network alone, whatever names and redirects say, and within bounds."""

import http.server
import socket
import threading
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.elsewhere import PICTURE, Elsewhere, allowed, ask, elsewhere
from helpers.web_service import app, check_refusal, client, finish
from paintgym.webapp.options import addresses
from paintgym.webapp.options.addresses import is_public

__all__ = ["allowed", "app", "client", "elsewhere"]
pytestmark = pytest.mark.usefixtures("one_thread")

PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:db8::1",
    "4000::1",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "nonsense",
)


def test_it_is_off_unless_the_host_allows_it(client: FlaskClient, elsewhere: Elsewhere) -> None:
    answer = ask(client, elsewhere.say("/picture.jpg"))
    check_refusal(answer, {403})
    assert "PAINTGYM_FETCH_PICTURES" in answer.text
    assert not elsewhere.asked


def test_a_picture_is_fetched_and_painted(app: Flask, allowed: FlaskClient, elsewhere: Elsewhere) -> None:
    elsewhere.say("/moved", b"", 302, Location="/picture.jpg?x=1")
    elsewhere.say("/picture.jpg?x=1")
    answer = ask(allowed, "http://elsewhere.example/moved")
    assert answer.status_code == 202, answer.text
    finish(app, answer.get_json()["id"])
    assert elsewhere.asked == [f"elsewhere.example{path}" for path in ("/moved", "/picture.jpg?x=1")]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are() -> None:
    for address in ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"):
        assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://localhost/x.png",
        "http://[::1]/",
        "http://0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://localhost/",
    ],
)
def test_this_machine_and_its_network_are_refused_however_they_are_named(allowed: FlaskClient, address: str) -> None:
    answer = ask(allowed, address)
    check_refusal(answer, {400, 403})
    assert "public network" in answer.text or "no answer" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "file:///etc/passwd",
        "ftp://example.org/x.png",
        "gopher://example.org",
        "http://",
        "http://user:secret@example.org/",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http://exa mple.org/",
        "http://example.org/\r\nHost: inside",
        "http://exämple.org/",
        "http://[::1/",
        "http://" + "a" * 3000,
        "data:image/png;base64,AAAA",
        5,
        ["http://example.org"],
    ],
)
def test_what_is_no_address_of_a_web_page_is_refused_unasked(
    allowed: FlaskClient, elsewhere: Elsewhere, address: object
) -> None:
    check_refusal(ask(allowed, address), {400})
    assert not elsewhere.asked


def test_a_redirect_leads_nowhere_that_the_address_itself_could_not(allowed: FlaskClient, elsewhere: Elsewhere) -> None:
    for target in (
        "http://inside.example/",
        "http://both.example/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "file:///etc/passwd",
        "//inside.example/",
        "http://elsewhere.example:22/",
    ):
        check_refusal(ask(allowed, elsewhere.say("/there", b"", 302, Location=target)), {400, 403})
    check_refusal(ask(allowed, elsewhere.say("/loop", b"", 302, Location="/loop")), {400})
    assert elsewhere.asked.count("elsewhere.example/loop") == 4


def test_a_name_is_resolved_once_so_that_it_cannot_change_in_between(
    allowed: FlaskClient, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(addresses, "_resolve", lambda host, port: asked.append(host) or ["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", _refuse_names)
    assert ask(allowed, elsewhere.say("/picture.jpg")).status_code == 202
    assert asked == ["elsewhere.example"]


def _refuse_names(host: str, port: int, *_: object, **__: object) -> list:
    assert host == "127.0.0.1"  # the address that was checked, not the name
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]


def test_endless_and_slow_streams_are_cut_off(allowed: FlaskClient, elsewhere: Elsewhere) -> None:
    def pour(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1_000_000))

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.1)

    def drip_headers(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        drip(handler)

    def say_nothing(handler: http.server.BaseHTTPRequestHandler) -> None:
        time.sleep(4)

    elsewhere.answers = {"/pour": pour, "/drip": drip, "/headers": drip_headers, "/nothing": say_nothing}
    for path, sentence in {
        "/pour": "larger than 1 MB",
        "/drip": "longer than 2 seconds",
        "/headers": "longer than 2 seconds",
        "/nothing": "longer than 2 seconds",
    }.items():
        started = time.monotonic()
        answer = ask(allowed, f"http://elsewhere.example{path}")
        check_refusal(answer, {400})
        assert sentence in answer.text
        assert time.monotonic() - started < 4


def test_names_that_are_none_or_are_never_resolved_are_refused(
    allowed: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(allowed, f"http://{'a' * 64}.example/")  # longer than a part of a name may be
    check_refusal(answer, {400})
    assert "no answer" in answer.text
    found = threading.Event()
    monkeypatch.setattr(addresses, "_SECONDS", 0.3)
    monkeypatch.setattr(addresses, "_resolve", lambda *_: found.wait(20) and [])
    started = time.monotonic()
    answer = ask(allowed, "http://slow.example/")
    found.set()
    check_refusal(answer, {400})
    assert "longer than" in answer.text
    assert time.monotonic() - started < 10


def test_what_is_no_picture_is_refused(allowed: FlaskClient, elsewhere: Elsewhere) -> None:
    check_refusal(ask(allowed, elsewhere.say("/page", b"<html>")), {415})
    check_refusal(ask(allowed, elsewhere.say("/gone", b"", 404)), {400})
    check_refusal(ask(allowed, elsewhere.say("/cut", PICTURE[:3000], **{"Content-Length": "999999"})), {400})
    elsewhere.answers["/rubbish"] = lambda handler: handler.wfile.write(b"\x00\xff" * 100)
    check_refusal(ask(allowed, "http://elsewhere.example/rubbish"), {400})


def test_only_some_are_fetched_at_a_time(allowed: FlaskClient, elsewhere: Elsewhere) -> None:
    taken = [addresses._slots.acquire(blocking=False) for _ in range(4)]
    answer = ask(allowed, elsewhere.say("/picture.jpg"))
    for _ in taken:
        addresses._slots.release()
    check_refusal(answer, {503})
    assert int(answer.headers["Retry-After"]) > 0
