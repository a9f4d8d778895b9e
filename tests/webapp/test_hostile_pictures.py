"""Hostile pictures: each is refused with the right status and one plain sentence, and the service paints on."""

import base64
import io
import struct
import zlib

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.hostile_pictures import BOMBS, LIES
from helpers.picture_files import encode, noise
from helpers.web_service import (
    JSON,
    app,
    check_refusal,
    client,
    finish,
    form_with,
    picture,
    request_painting,
)
from PIL import Image

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")

PNG, JPEG, WEBP = (picture(form) for form in ("PNG", "JPEG", "WEBP"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>'
TOO_LARGE, NO_PICTURE, DAMAGED = {413}, {415}, {400, 415}


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
    "ico": (NO_PICTURE, picture("ICO", (32, 32))),
    "ppm": (NO_PICTURE, b"P6 1 1 255 abc"),
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
    "png of an impossible color type": (DAMAGED, png(10, 10, color=5)),
    "png with a wrong checksum": (DAMAGED, PNG[:30] + bytes(4) + PNG[34:]),
    "png header alone": (DAMAGED, PNG[:8]),
    "jpeg marker alone": (DAMAGED, b"\xff\xd8\xff"),
    "jpeg marker and garbage": (DAMAGED, b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8),
    "webp header alone": (NO_PICTURE, b"RIFF\x24\x00\x00\x00WEBPVP8 "),
    "webp garbage": (NO_PICTURE, WEBP[:20] + bytes(500)),
    "polyglot: gif, then png": (TOO_LARGE, b"GIF89a" + PNG),  # a GIF, of the size that PNG's first bytes make
    **{f"{form} bomb": (TOO_LARGE, BOMBS[form]) for form in ("gif", "bmp", "tiff", "tiff of one huge tile")},
    **{f"{form} bomb": (TOO_LARGE, BOMBS[form]) for form in ("avif", "heic", "heic of the largest size")},
    "gif cut short": (DAMAGED, picture("GIF")[:1500]),
    "bmp cut short": (DAMAGED, picture("BMP")[:1500]),
    "tiff cut short": (DAMAGED, picture("TIFF")[:1500]),
    "avif cut short": (DAMAGED, picture("AVIF")[:1500]),
    "heic cut short": (DAMAGED, encode(noise(), "HEIF")[:1500]),
    "heic header alone": (NO_PICTURE, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    "film": (NO_PICTURE, b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(3000)),
    "png of a text bomb": (DAMAGED, LIES["png text that unpacks to hundreds of megabytes"]()),
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


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_not_a_picture_to_paint_is_refused(client: FlaskClient, name: str) -> None:
    statuses, content = PICTURES[name]
    check_refusal(client.post("/paintings", data=form_with(content), headers=JSON), statuses)


@pytest.mark.parametrize("name", list(PICTURES)[::4])
def test_it_is_refused_as_json_and_as_bare_bytes_too(client: FlaskClient, name: str) -> None:
    statuses, content = PICTURES[name]
    check_refusal(client.post("/api/paint", json={"picture": base64.b64encode(content).decode()}), statuses)
    check_refusal(client.post("/invocations", data=content, content_type="image/png"), statuses)


ACCEPTED = {
    **{form: picture(form) for form in ("GIF", "BMP", "TIFF", "AVIF")},
    "HEIC": encode(noise(), "HEIF"),
    **{f"first frame of an animated {form}": animation(form) for form in ("GIF", "PNG", "WEBP", "AVIF")},
    "photograph with a film appended": JPEG + 400 * b"\xff\xda and what else a film has",
    "photograph with a picture appended": JPEG + PNG,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_clients_send_is_painted(client: FlaskClient, name: str) -> None:
    answer = client.post("/paintings", data=form_with(ACCEPTED[name], strokes=1), headers=JSON)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/x.png", "x.png\x00.svg", "a" * 5000, "<script>.png", "con.png", "é.png"]
)
def test_names_of_files_do_not_matter(client: FlaskClient, name: str) -> None:
    answer = client.post("/paintings", data=form_with(PNG, name, strokes=1), headers=JSON)
    assert answer.status_code == 202
    assert name[:9] not in answer.text


def test_afterwards_the_service_still_paints(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client)
    finish(app, painting["id"])
    assert client.get(painting["links"]["png"]).status_code == 200
    assert client.get("/healthz").status_code == 200
