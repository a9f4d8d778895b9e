"""What a browser sends along: pictures to be read for it, and strokes to go on with. Both come from strangers."""

import io
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, check_refusal, client, finish, form_with, picture, request_painting
from PIL import Image

__all__ = ["app", "client"]


def start_of(app: Flask, client: FlaskClient, **fields: Any) -> str:
    painting = request_painting(client, strokes="4", **fields)
    finish(app, painting["id"])
    text = client.get(painting["links"]["json"]).text
    assert client.delete(painting["links"]["self"]).status_code == 204
    return text


@pytest.mark.parametrize("form", ["PNG", "TIFF", "AVIF", "GIF"])
def test_a_picture_is_read_and_given_back_whole_and_upright(client: FlaskClient, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    content = picture(form, (300, 200), **({"exif": exif} if form in ("PNG", "AVIF") else {}))
    answer = client.post("/pictures", data=form_with(content))
    assert answer.mimetype == "image/jpeg"
    shown = Image.open(io.BytesIO(answer.data))
    assert shown.size == ((200, 300) if form in ("PNG", "AVIF") else (300, 200))
    assert not shown.getexif()


def test_a_large_picture_is_given_back_small(client: FlaskClient) -> None:
    answer = client.post("/pictures", data=form_with(picture("JPEG", (900, 700))))
    assert Image.open(io.BytesIO(answer.data)).size == (900, 700)
    check_refusal(client.post("/pictures", data=form_with(picture("PNG", (2000, 600), mode="1"))), {413})


def test_what_is_no_picture_is_refused(client: FlaskClient) -> None:
    check_refusal(client.post("/pictures", data=form_with(b"hello")), {415})
    check_refusal(client.post("/pictures", data=form_with(picture()[:200])), {400})
    check_refusal(client.post("/pictures", data={}), {400})
    check_refusal(client.post("/pictures", data={"address": "http://127.0.0.1/a.png"}), {403})


@pytest.mark.parametrize("size", ["64", "512"])
def test_a_forgotten_painting_is_gone_on_with(app: Flask, client: FlaskClient, size: str) -> None:
    start = start_of(app, client, size=size)
    painting = request_painting(client, size=size, start=start, strokes="3")
    assert painting["strokes"] == 7
    finish(app, painting["id"])
    strokes = json.loads(client.get(painting["links"]["json"]).text)["strokes"]
    assert len(strokes) == 7
    assert strokes[:4] == json.loads(start)["strokes"]


@pytest.mark.parametrize("size", ["64", "512"])
def test_a_forgotten_painting_is_there_again_as_it_was(app: Flask, client: FlaskClient, size: str) -> None:
    painting = request_painting(client, strokes="4", size=size, paper="#204060", palette="3")
    finish(app, painting["id"])
    before = client.get(painting["links"]["self"]).get_json()
    files = {name: client.get(painting["links"][name]).data for name in ("png", "svg", "json", "webp")}
    assert client.delete(painting["links"]["self"]).status_code == 204
    sent = {"start": files["json"].decode(), "paper": "#204060", "size": size, "sample": "hills", "strokes": "0"}
    again = client.post("/paintings", data=sent, headers=JSON)
    assert again.status_code == 202
    after = again.get_json()
    assert (after["state"], after["strokes"], after["strokes_done"]) == ("finished", 4, 4)
    assert after["loss"] == pytest.approx(before["loss"], rel=0.02)
    for name in ("png", "svg", "webp"):
        assert client.get(after["links"][name]).data == files[name]
    assert client.post(after["links"]["share"], headers=JSON).status_code == 201
    more = client.post("/paintings", data={"continue": after["id"], "strokes": "2"}, headers=JSON).get_json()
    finish(app, more["id"])
    assert more["strokes"] == 6
    for fields in (
        {"strokes": "0", "sample": "hills"},
        {**sent, "start": ""},
        {**sent, "sample": "fish", "size": "1024"},
    ):
        check_refusal(client.post("/paintings", data=fields, headers=JSON), {400})


def changed(start: str, **fields: Any) -> str:
    return json.dumps({**json.loads(start), **fields})


def test_strokes_that_are_none_are_refused(app: Flask, client: FlaskClient) -> None:
    start = start_of(app, client, size="512")
    window = json.loads(start)["windows"][0]
    wrong = {
        "hello": "no painting",
        "[" * 100_000: "no painting",
        changed(start, strokes=[[2.0] * 12]): "no painting",
        changed(start, strokes=[["a"] * 12]): "no painting",
        changed(start, width=10**9): "no painting",
        changed(start, width=500, height=500): "pixels",
        changed(start, windows=[[1e9, 0, 64]] * len(json.loads(start)["windows"])): "start",
        changed(start, windows=[[0, 0, 1e-9]] * len(json.loads(start)["windows"])): "start",
        changed(start, brushes=["deevad/chalk"]): "deevad/chalk",
    }
    assert len(window) == 3
    for text, word in wrong.items():
        for strokes in ("3", "0"):
            fields = {"sample": "hills", "size": "512", "strokes": strokes, "start": text}
            answer = client.post("/paintings", data=fields, headers=JSON)
            check_refusal(answer, {400})
            assert word in answer.get_json()["error"]
    fields = {"sample": "hills", "size": "512", "strokes": "5000", "start": start}
    check_refusal(client.post("/paintings", data=fields, headers=JSON), {400})
    finish(app, request_painting(client, strokes="1")["id"])
