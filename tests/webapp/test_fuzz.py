"""Any request whatever is accepted or refused, and the service paints on."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import app, client, finish, picture, request_painting, service_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

__all__ = ["app", "client"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

PNG, JPEG, WEBP = (picture(form) for form in ("PNG", "JPEG", "WEBP"))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    "picture",
    "agent",
    "painter",
    "size",
    "strokes",
    "seed",
    "sample",
    "palette",
    "paper",
    "brush_sizes",
    "crop",
    "rotate",
    "address",
    "continue",
]
fields = st.sampled_from([*NAMES, "palette_picture"]) | st.text(max_size=8)
fuzzed = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_any(app: Flask, answer: Any) -> None:
    """Accepted, or refused with a sentence; what is accepted is not painted to the end."""
    assert answer.status_code in {200, 202, 204, 303, 308, 400, 403, 404, 405, 409, 413, 415, 503}, answer.text
    assert "Traceback" not in answer.text
    for queue in service_of(app).lanes.values():
        for job in (*queue._waiting, *queue._under_way):
            job.cancel()


@fuzzed
@given(document=st.dictionaries(fields, anything, max_size=5))
def test_any_json_is_accepted_or_refused(app: Flask, client: FlaskClient, document: dict[str, Any]) -> None:
    check_any(app, client.post("/paintings", data=json.dumps(document), content_type="application/json"))


@fuzzed
@given(
    content=st.sampled_from([PNG[:3000], JPEG, WEBP]),
    flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), max_size=8),
)
def test_any_damage_is_survived(app: Flask, client: FlaskClient, content: bytes, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(content)
    for place, change in flips:
        damaged[place % len(damaged)] ^= change
    check_any(app, client.post("/paintings?strokes=1", data=bytes(damaged), content_type="image/png"))


@fuzzed
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT"]),
    address=st.sampled_from(
        [
            "/",
            "/paintings",
            "/api/paint",
            "/invocations",
            "/ping",
            "/healthz",
            "/metrics",
            "/openapi.json",
            "/static/page.css",
        ]
    )
    | st.builds(
        lambda start, identity, end: f"/{start}/{identity}{end}",
        st.sampled_from(["paintings", "p"]),
        st.text("0123456789abcdef", min_size=20, max_size=34) | st.text(st.characters(codec="ascii"), max_size=12),
        st.sampled_from(["", ".png", ".gif", "/events", "/stop", "/share", "/picture.jpg"])
        | st.text("./%abc", max_size=6),
    ),
    kind=st.sampled_from(
        ["application/json", "image/png", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
    ),
    accept=st.sampled_from(["text/html", "*/*", "application/json", ";;,q=x"])
    | st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=20),
    number=st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=6),
    body=st.binary(max_size=200)
    | st.just(b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nGIF89a\r\n--x--'),
)
def test_any_request_is_answered(
    app: Flask, client: FlaskClient, method: str, address: str, kind: str, accept: str, number: str, body: bytes
) -> None:
    headers = {"Accept": accept, "Last-Event-ID": number}
    check_any(app, client.open(address, method=method, data=body, content_type=kind, headers=headers))


def test_afterwards_the_service_still_paints(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client)
    finish(app, painting["id"])
    assert client.get(painting["links"]["png"]).status_code == 200
    assert client.get("/healthz").status_code == 200
