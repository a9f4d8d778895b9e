"""Hostile requests: each is answered with the right status and one plain sentence, and the service paints on."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, UNKNOWN, app, check_refusal, client, finish, form_with, picture, request_painting

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")

PNG, JPEG, WEBP = (picture(form) for form in ("PNG", "JPEG", "WEBP"))


PATHS = (
    "../hills",
    "/etc/passwd",
    "hills.jpg",
    "..%2fhills",
    "hills\x00",
    "HILLS",
    "C:\\hills",
    "",
    " ",
    "<script>",
    "é" * 999,
)


WRONG: dict[str, tuple[Any, ...]] = {
    "strokes": (
        "0",
        "-1",
        "1.5",
        "1e2",
        "nan",
        " ",
        "0x10",
        "1_0",
        "٣",
        "5001",
        "9" * 30,
        "9" * 9999,
        "many",
        "8;ls",
    ),
    "size": (
        "0",
        "63",
        "65",
        "2048",
        "4096",
        "-512",
        "512.0",
        "1e3",
        "large",
        "512x512",
        "0512",
        "9" * 50,
        *PATHS[:3],
    ),
    "seed": ("-1", "1.5", "nan", str(2**53), "9" * 30, "seed", "0b1"),
    "agent": ("Policy", "rembrandt", "policy\n", "policy\x00", "both", *PATHS[:4]),
    "painter": ("GAN", "x.safetensors", "/x.safetensors", "../gan", *filter(None, PATHS[5:])),
    "sample": PATHS,
    "color": ("red",),
    "palette": ("1", "17", "-2", "2.5", "many", "#123456", "#12,#zz", "#fff," * 20, "9" * 5000, "<script>", "256"),
    "paper": ("hsl(", "url(#x)", "none", "#12345", "#00000000", "rgb(" + "9" * 5000, "../white", "inherit"),
    "brush_sizes": ("0.5", "1,0", "0,2", "-1,1", "nan,1", "0,inf", "a,b", "0,0.5,1", "," * 99),
    "crop": ("0,0,1", "0,0,0,1", "0.5,0,0.6,1", "nan,0,1,1", "-0.1,0,1,1", "0,0,1,1e999", "all", "0,0,0.001,1"),
    "rotate": ("45", "-90", "360", "90.0", "upside down", "0" * 99),
    "__class__": ("x",),
}


OPTIONS = [(name, value) for name, values in WRONG.items() for value in values]


DOCUMENTS = {
    "empty": b"",
    "cut short": b'{"sample": "hills"',
    "a list": b"[]",
    "nothing": b"null",
    "a number": b"1e999",
    "no text": b"\xff\xfe\x00",
    "very deep": b"[" * 100_000,
    "a very long number": b'{"strokes": ' + b"9" * 50_000 + b"}",
    "a picture that is a number": b'{"picture": 5}',
    "a picture that is a list": b'{"picture": ["aGVsbG8="]}',
    "a picture that is no base64": b'{"picture": "***"}',
    "a picture with a data address": b'{"picture": "data:image/png;base64,aGVsbG8="}',
    "a picture from elsewhere": b'{"picture": "http://169.254.169.254/latest"}',
    "a sample that is an object": b'{"sample": {"$ne": ""}}',
    "strokes that are yes": b'{"sample": "hills", "strokes": true}',
    "strokes that are a list": b'{"sample": "hills", "strokes": [8]}',
    "strokes that are a fraction": b'{"sample": "hills", "strokes": 8.0}',
    "a size that is yes": b'{"sample": "hills", "size": true}',
    "a size that is a fraction": b'{"sample": "hills", "size": 512.0}',
    "a size that is two": b'{"sample": "hills", "size": [512, 64]}',
    "a large picture by the gradient": b'{"sample": "hills", "size": 512, "agent": "gradient"}',
    "more strokes than a small picture may have": b'{"sample": "hills", "size": 64, "strokes": 301}',
    "more strokes than a large picture may have": b'{"sample": "hills", "size": 512, "strokes": 5001}',
    "strokes that are NaN": b'{"sample": "hills", "strokes": NaN}',
    "an agent that is nothing": b'{"sample": "hills", "agent": null}',
    "a seed that is an object": b'{"sample": "hills", "seed": {}}',
    "an empty object": b"{}",
}


IDENTITIES = (
    UNKNOWN,
    "0" * 31,
    "0" * 33,
    "G" * 32,
    "A" * 32,
    "..",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "a b",
    "é" * 32,
    "1' OR '1'='1",
    "x" * 5000,
)


@pytest.mark.parametrize(("field", "value"), OPTIONS, ids=[f"{name}={value[:12]!a}" for name, value in OPTIONS])
def test_options_out_of_range_are_refused_in_every_form(client: FlaskClient, field: str, value: str) -> None:
    fields = {"sample": "hills", field: value}
    check_refusal(client.post("/paintings", data=fields, headers=JSON), {400})
    check_refusal(client.post("/api/paint", json=fields), {400})
    if field != "sample" and len(value) < 500:
        check_refusal(
            client.post("/invocations", query_string={field: value}, data=PNG, content_type="image/png"), {400}
        )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_that_are_no_request_are_refused(client: FlaskClient, name: str) -> None:
    check_refusal(client.post("/paintings", data=DOCUMENTS[name], content_type="application/json"), {400, 415})


@pytest.mark.parametrize("end", ["", "/events", ".png", ".json", "/picture.jpg", "/replay.json"])
@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: ascii(identity[:12]))
def test_there_are_no_paintings_of_other_ids(client: FlaskClient, identity: str, end: str) -> None:
    check_refusal(client.get(f"/paintings/{identity}{end}", headers=JSON), {404})
    if not end:
        check_refusal(client.delete(f"/paintings/{identity}", headers=JSON), {404})


@pytest.mark.parametrize(
    "address", ["/paintings/", "/static/../app.py", "/static/%2e%2e/settings.py", "/static/", "/.env", "/paintings.png"]
)
def test_there_is_nothing_elsewhere(client: FlaskClient, address: str) -> None:
    check_refusal(client.get(address), {404})


@pytest.mark.parametrize("form", ["exe", "bmp", "jpg", "png.exe", "PNG", "png%00", ".png"])
def test_paintings_have_no_other_forms(app: Flask, client: FlaskClient, form: str) -> None:
    check_refusal(client.get(f"/paintings/{request_painting(client, strokes='1')['id']}.{form}"), {404})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "PROPFIND", "DELETE"])
@pytest.mark.parametrize("address", ["/", "/paintings", "/api/paint", "/metrics", f"/paintings/{UNKNOWN}.png"])
def test_other_methods_are_refused(client: FlaskClient, method: str, address: str) -> None:
    check_refusal(client.open(address, method=method), {405})


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "video/mp4", "", "multipart/mixed", "image", "\x01"])
def test_other_kinds_of_content_are_refused(client: FlaskClient, kind: str) -> None:
    check_refusal(client.post("/paintings", data=PNG, content_type=kind), {415})


FORMS = {
    "two pictures": {"picture": [(io.BytesIO(PNG), "a.png"), (io.BytesIO(PNG), "b.png")]},
    "a picture in another field": {"photo": (io.BytesIO(PNG), "a.png")},
    "a picture as text": {"picture": "hello"},
    "an option twice": {"sample": "hills", "strokes": ["5", "6"]},
    "a sample that is a file": {"sample": (io.BytesIO(PNG), "hills")},
    "no picture": {},
    "an empty picture": {"picture": (io.BytesIO(b""), "a.png")},
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_are_no_request_are_refused(client: FlaskClient, name: str) -> None:
    check_refusal(client.post("/paintings", data=FORMS[name], content_type="multipart/form-data", headers=JSON), {400})


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"]
)
def test_multipart_forms_that_are_broken_are_refused(client: FlaskClient, kind: str) -> None:
    body = b'--y\r\nContent-Disposition: form-data; name="sample"\r\n\r\nhills\r\n'
    check_refusal(client.post("/paintings", data=body, content_type=kind, headers=JSON), {400})


def test_too_much_is_refused_before_it_is_read(client: FlaskClient) -> None:
    huge = bytes(1_100_000)
    check_refusal(client.post("/paintings", data=form_with(huge), headers=JSON), {413})
    check_refusal(client.post("/paintings", data=huge, content_type="image/png"), {413})
    check_refusal(client.post("/api/paint", data=huge, content_type="application/json"), {413})
    unread = io.BytesIO(huge)
    check_refusal(
        client.post("/api/paint", input_stream=unread, content_length=10**12, content_type="image/png"), {413}
    )
    assert unread.tell() == 0
    check_refusal(client.post("/paintings", data={"sample": "h" * 200_000}, headers=JSON), {400, 413})
    check_refusal(client.post("/paintings", data={f"field{i}": "x" for i in range(50)}, headers=JSON), {400, 413})
    parts = {f"field{i}": (io.BytesIO(b""), "") for i in range(50)}
    check_refusal(client.post("/paintings", data=parts, content_type="multipart/form-data", headers=JSON), {400, 413})


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "a b", "[::1"]
)
def test_other_hosts_are_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "٣", "9" * 40, "1; 2"])
def test_event_numbers_that_are_none_are_refused(client: FlaskClient, number: str) -> None:
    check_refusal(client.get(f"/paintings/{UNKNOWN}/events", headers={"Last-Event-ID": number}), {400})


def test_other_sites_cannot_request_or_cancel(client: FlaskClient) -> None:
    headers = {**JSON, "Sec-Fetch-Site": "cross-site"}
    check_refusal(client.post("/paintings", data={"sample": "hills"}, headers=headers), {403})
    check_refusal(client.delete(f"/paintings/{UNKNOWN}", headers=headers), {403})
    assert client.get("/", headers=headers).status_code == 200


def test_afterwards_the_service_still_paints(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client)
    finish(app, painting["id"])
    assert client.get(painting["links"]["png"]).status_code == 200
    assert client.get("/healthz").status_code == 200
