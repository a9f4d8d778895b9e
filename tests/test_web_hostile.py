"""Hostile requests: each is answered with the right status and one plain sentence, and the service paints on."""

import base64
import io
import json
import struct
import zlib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from web_service import JSON, app, client, finish, form_with, order, picture, studio_of

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")

UNKNOWN = "0" * 32
PNG, JPEG, WEBP = (picture(form) for form in ("PNG", "JPEG", "WEBP"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>'


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, depth: int = 8, color: int = 2, data: bytes = bytes(1000)) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def animation(form: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "green")]
    content = io.BytesIO()
    frames[0].save(content, form, save_all=True, append_images=frames[1:])
    return content.getvalue()


def resized_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


TOO_LARGE, NO_PICTURE, DAMAGED = {413}, {415}, {400, 415}
PICTURES: dict[str, tuple[set[int], bytes]] = {
    "text": (NO_PICTURE, b"hello"),
    "one byte": (NO_PICTURE, b"\x00"),
    "zeros": (NO_PICTURE, bytes(5000)),
    "html": (NO_PICTURE, b"<!doctype html><script>alert(1)</script>"),
    "svg": (NO_PICTURE, SVG),
    "svg with an entity bomb": (NO_PICTURE, b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'),
    "pdf": (NO_PICTURE, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"),
    "postscript": (NO_PICTURE, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n"),
    "zip": (NO_PICTURE, b"PK\x03\x04" + bytes(100)),
    "pickle": (NO_PICTURE, b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94."),
    "wave": (NO_PICTURE, b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40)),
    "gif": (NO_PICTURE, picture("GIF")),
    "bmp": (NO_PICTURE, picture("BMP")),
    "tiff": (NO_PICTURE, picture("TIFF")),
    "ico": (NO_PICTURE, picture("ICO", (32, 32))),
    "ppm": (NO_PICTURE, b"P6 1 1 255 abc"),
    "animated gif": (NO_PICTURE, animation("GIF")),
    "animated png": (NO_PICTURE, animation("PNG")),
    "animated webp": (NO_PICTURE, animation("WEBP")),
    "png bomb": (TOO_LARGE, png(60_000, 60_000)),
    "png bomb, long and thin": (TOO_LARGE, png(2_000_000, 1)),
    "png bomb of the largest size there is": (TOO_LARGE, png(2**31 - 1, 2**31 - 1)),
    "png of more pixels than are taken": (TOO_LARGE, png(1001, 1000)),
    "jpeg bomb": (TOO_LARGE, resized_jpeg(65_500, 65_500)),
    "jpeg of more pixels than are taken": (TOO_LARGE, resized_jpeg(2000, 2000)),
    "jpeg of a thousand scans": (DAMAGED, JPEG[:-2] + 1000 * b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\xff\xd9"),
    "png without pixels": (DAMAGED, png(0, 10)),
    "png of too few pixels": (DAMAGED, png(500, 500, data=b"")),
    "png of an impossible depth": (DAMAGED, png(10, 10, depth=7)),
    "png of an impossible colour type": (DAMAGED, png(10, 10, color=5)),
    "png with a wrong checksum": (DAMAGED, PNG[:30] + b"XXXX" + PNG[34:]),
    "png header alone": (DAMAGED, PNG[:8]),
    "jpeg marker alone": (DAMAGED, b"\xff\xd8\xff"),
    "jpeg marker and garbage": (DAMAGED, b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8),
    "webp header alone": (NO_PICTURE, b"RIFF\x24\x00\x00\x00WEBPVP8 "),
    "webp garbage": (NO_PICTURE, WEBP[:20] + bytes(500)),
    "polyglot: gif, then png": (NO_PICTURE, b"GIF89a" + PNG),
    "polyglot: html, then jpeg": (NO_PICTURE, b"<html><!--" + JPEG),
    "polyglot: pdf, then png": (NO_PICTURE, b"%PDF-1.4\n" + PNG),
    "polyglot: zip, then webp": (NO_PICTURE, b"PK\x03\x04" + WEBP),
    "polyglot: program, then png": (NO_PICTURE, b"MZ\x90\x00" + PNG),
    "polyglot: png header, then html": (DAMAGED, b"\x89PNG\r\n\x1a\n<html>" + SVG),
    "polyglot: svg named as png by its first line": (NO_PICTURE, b"PNG\n" + SVG),
    **{f"png cut at {cut} %": (DAMAGED, PNG[: len(PNG) * cut // 100]) for cut in range(5, 96, 10)},
    **{f"jpeg cut at {cut} %": (DAMAGED, JPEG[: len(JPEG) * cut // 100]) for cut in range(5, 96, 10)},
    **{f"webp cut at {cut} %": (DAMAGED, WEBP[: len(WEBP) * cut // 100]) for cut in range(5, 96, 10)},
}

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
        "",
        " ",
        "0x10",
        "1_0",
        "٣",
        "301",
        "9" * 30,
        "9" * 9999,
        "many",
        "8;ls",
    ),
    "seed": ("-1", "1.5", "nan", "", str(2**53), "9" * 30, "seed", "0b1"),
    "agent": ("Policy", "rembrandt", "policy\n", "policy\x00", "both", *PATHS[:4]),
    "painter": ("GAN", "x.safetensors", "/tmp/x.safetensors", "../gan", *PATHS[5:]),
    "sample": PATHS,
    "colour": ("red",),
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


def check_refusal(answer: Any, statuses: set[int]) -> None:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:200])
    sentence = answer.get_json()["error"]
    assert 10 < len(sentence) < 400
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not any(word in sentence for word in ("Traceback", "Error", "/site-packages", ".py"))


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_not_a_picture_to_paint_is_refused(client: FlaskClient, name: str) -> None:
    statuses, content = PICTURES[name]
    check_refusal(client.post("/paintings", data=form_with(content), headers=JSON), statuses)


@pytest.mark.parametrize("name", list(PICTURES)[::4])
def test_it_is_refused_as_json_and_as_bare_bytes_too(client: FlaskClient, name: str) -> None:
    statuses, content = PICTURES[name]
    check_refusal(client.post("/api/paint", json={"picture": base64.b64encode(content).decode()}), statuses)
    check_refusal(client.post("/invocations", data=content, content_type="image/png"), statuses)


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
def test_documents_that_are_no_order_are_refused(client: FlaskClient, name: str) -> None:
    check_refusal(client.post("/paintings", data=DOCUMENTS[name], content_type="application/json"), {400, 415})


@pytest.mark.parametrize("end", ["", "/events", ".png", ".json", "/picture.jpg"])
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


@pytest.mark.parametrize("form", ["exe", "svg", "jpg", "png.exe", "PNG", "png%00", ".png"])
def test_paintings_have_no_other_forms(app: Flask, client: FlaskClient, form: str) -> None:
    check_refusal(client.get(f"/paintings/{order(client, strokes='1')['id']}.{form}"), {404})


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
def test_forms_that_are_no_order_are_refused(client: FlaskClient, name: str) -> None:
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
    "name", ["../../x.png", "/etc/x.png", "x.png\x00.svg", "a" * 5000, "<script>.png", "con.png", "é.png"]
)
def test_names_of_files_do_not_matter(client: FlaskClient, name: str) -> None:
    answer = client.post("/paintings", data=form_with(PNG, name, strokes=1), headers=JSON)
    assert answer.status_code == 202
    assert name[:9] not in answer.text


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


def test_other_sites_cannot_order_or_cancel(client: FlaskClient) -> None:
    headers = {**JSON, "Sec-Fetch-Site": "cross-site"}
    check_refusal(client.post("/paintings", data={"sample": "hills"}, headers=headers), {403})
    check_refusal(client.delete(f"/paintings/{UNKNOWN}", headers=headers), {403})
    assert client.get("/", headers=headers).status_code == 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["picture", "agent", "painter", "strokes", "seed", "sample"]) | st.text(max_size=8)
fuzzed = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_any(app: Flask, answer: Any) -> None:
    """Accepted, or refused with a sentence; what is accepted is not painted to the end."""
    assert answer.status_code in {200, 202, 204, 303, 308, 400, 403, 404, 405, 409, 413, 415, 503}, answer.text
    assert "Traceback" not in answer.text
    for queue in (studio_of(app).quick, studio_of(app).slow):
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
        lambda identity, end: f"/paintings/{identity}{end}",
        st.text("0123456789abcdef", min_size=30, max_size=34) | st.text(st.characters(codec="ascii"), max_size=12),
        st.sampled_from(["", ".png", ".gif", "/events", "/picture.jpg"]) | st.text("./%abc", max_size=6),
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
    painting = order(client)
    finish(app, painting["id"])
    assert client.get(painting["links"]["png"]).status_code == 200
    assert client.get("/healthz").status_code == 200
