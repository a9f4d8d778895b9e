"""Paintings over HTTP: they come out as they were requested, by form, by JSON, by bare bytes, with events."""

import base64
import io
import json
import threading
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import (
    BROWSER,
    JSON,
    app,
    client,
    events,
    finish,
    form_with,
    picture,
    request_painting,
    service_of,
)
from paintgym.agents.outputs.painting_file import read_painting_file
from paintgym.agents.registry import find_agent
from paintgym.webapp.application import create_app
from paintgym.webapp.options.choices import FORMER_AGENTS
from paintgym.webapp.settings import Settings
from paintgym.webapp.uploads import read_upload
from PIL import Image

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_picture_is_painted_and_fetched_in_every_form(app: Flask, client: FlaskClient, tmp_path) -> None:
    answer = client.post("/paintings", data=form_with(picture(), size=64, strokes=10, seed=3), headers=JSON)
    assert answer.status_code == 202
    painting = answer.get_json()
    assert answer.headers["Location"] == painting["links"]["self"] == f"/paintings/{painting['id']}"
    finish(app, painting["id"])
    assert client.get(painting["links"]["self"]).get_json()["state"] == "finished"
    for form, kind in {"png": "image/png", "webp": "image/webp", "gif": "image/gif"}.items():
        fetched = client.get(painting["links"][form])
        assert (fetched.status_code, fetched.mimetype) == (200, kind)
        image = Image.open(io.BytesIO(fetched.data))
        assert image.format == form.upper()
        assert getattr(image, "is_animated", False) == (form != "png")
    document = client.get(painting["links"]["json"]).get_json()
    assert (document["agent"], document["seed"], len(document["strokes"])) == ("policy", 3, 10)
    path = tmp_path / "painting.json"
    path.write_text(json.dumps(document))
    assert read_painting_file(path).strokes.shape == (10, 12)


def test_events_tell_every_stroke_with_its_ink_and_resume_where_they_stopped(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client, strokes="20")
    stream = client.get(painting["links"]["events"])
    assert stream.mimetype == "text/event-stream"
    told = events(stream.text)
    assert told[0][1] == "painting"
    assert told[-1][1] == "finished"
    laid = [data for _, kind, data in told if kind == "strokes"]
    assert sum(len(data["strokes"]) for data in laid) == 20
    # What lies in the end is the revised painting.
    (film,) = (data for _, kind, data in told if kind == "film")
    strokes = film["strokes"]
    document = client.get(painting["links"]["json"]).get_json()
    np.testing.assert_allclose(strokes, document["strokes"], atol=1e-4)
    ink = zlib.decompress(base64.b64decode(film["ink"]))
    # What the page lays stroke by stroke is the painting.
    canvas = np.full((64, 64, 3), 255.0)
    for stroke, cover in zip(strokes, np.frombuffer(ink, np.uint8).reshape(-1, 64, 64, 1) / 255, strict=True):
        canvas += cover * (255 * np.array(stroke[6:9]) - canvas)
    finished = np.asarray(
        Image.open(io.BytesIO(client.get(painting["links"]["png"]).data)).resize((64, 64), Image.Resampling.BOX)
    )
    assert np.abs(canvas - finished).mean() < 4
    assert document["loss"]["value"] < laid[-1]["loss"]
    middle = told[len(told) // 2][0]
    resumed = events(client.get(painting["links"]["events"], headers={"Last-Event-ID": str(middle)}).text)
    assert resumed == [event for event in told if event[0] > middle]


_SLOW_AGENTS = [pytest.param(agent, marks=pytest.mark.slow) for agent in ("gradient", "policy+refine")]


@pytest.mark.parametrize("agent", [*_SLOW_AGENTS, "greedy", "random"])
def test_every_agent_paints(app: Flask, client: FlaskClient, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_of(app), "settings", replace(service_of(app).settings, time_limit=2))
    painting = request_painting(client, agent=agent, strokes="5")
    told = events(client.get(painting["links"]["events"]).text)
    assert told[-1][1] == "finished", told[-1]
    shown = [data for _, kind, data in told if kind in ("strokes", "film")]
    assert len(shown[-1]["strokes"]) == 5 or sum(len(data["strokes"]) for data in shown) == 5
    document = client.get(painting["links"]["json"]).get_json()
    assert document["agent"] == agent
    assert document["loss"]["name"] == "mse"


@pytest.mark.filterwarnings("error")
def test_an_agents_former_name_is_taken_and_answered_with_the_present_one(client: FlaskClient) -> None:
    for former, present in FORMER_AGENTS.items():
        with pytest.warns(FutureWarning):
            assert find_agent(former)[0] == present
        painting = request_painting(client, agent=former)
        assert painting["agent"] == present
        client.delete(painting["links"]["self"])


@pytest.mark.parametrize("address", ["/api/paint", "/invocations"])
def test_one_call_paints_a_form_json_or_bare_bytes_and_answers_with_png_or_json(
    client: FlaskClient, address: str
) -> None:
    content = picture("JPEG")
    answers = [
        client.post(address, data=form_with(content, size=64, strokes=4), headers={"Accept": "image/png"}),
        client.post(address, json={"picture": base64.b64encode(content).decode(), "size": 64, "strokes": 4}),
        client.post(f"{address}?size=64&strokes=4", data=content, content_type="image/jpeg"),
        client.post(f"{address}?size=64&strokes=4", data=content, content_type="application/x-image"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.data for answer in answers}) == 1
    assert Image.open(io.BytesIO(answers[0].data)).size == (512, 512)
    document = client.post(address, json={"sample": "fish", "size": 64, "strokes": 4}, headers=JSON).get_json()
    assert len(document["strokes"]) == 4


def test_what_is_under_way_is_cancelled_and_what_is_over_is_forgotten(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client, agent="greedy", strokes="300")
    address = painting["links"]["self"]
    assert client.get(painting["links"]["png"]).status_code == 409
    assert client.delete(address).status_code == 204
    assert events(client.get(painting["links"]["events"]).text)[-1][1] == "cancelled"
    assert client.get(address).get_json()["state"] == "cancelled"
    assert client.get(painting["links"]["gif"]).status_code == 409
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404


def test_the_real_brush_lays_the_strokes_on_a_larger_canvas(app: Flask, client: FlaskClient, brush: None) -> None:
    painting = request_painting(client, strokes="3")
    finish(app, painting["id"])
    answer = client.get(painting["links"]["mypaint"])
    assert Image.open(io.BytesIO(answer.data)).size == (768, 768)


def test_where_there_is_no_brush_nobody_is_led_to_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_of(app), "has_mypaint", False)
    painting = request_painting(client, strokes="3")
    finish(app, painting["id"])
    assert "mypaint" not in painting["links"]
    assert client.get(f"/paintings/{painting['id']}/mypaint.png").status_code == 404


def test_without_scripts_a_form_leads_to_a_page_with_the_picture(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/paintings", data=form_with(picture(), size=64, strokes=10, sample="fish"), headers=BROWSER)
    assert answer.status_code == 303
    identity = answer.headers["Location"].rsplit("/", 1)[1]
    finish(app, identity)
    page = client.get(answer.headers["Location"], headers=BROWSER).text
    assert f'<img src="/paintings/{identity}.png"' in page
    assert "refresh" not in page
    preview = client.get(f"/paintings/{identity}/picture.jpg")
    assert Image.open(io.BytesIO(preview.data)).size == (320, 320)
    mistake = client.post("/paintings", data=form_with(b"no picture"), headers=BROWSER)
    assert mistake.status_code == 415
    assert '<p role="alert">This is not a PNG, JPEG or WebP picture' in mistake.text


def test_without_scripts_a_painting_under_way_is_a_page_that_ends_with_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting = request_painting(client, agent="greedy", strokes="300")
    page = client.get(painting["links"]["self"], headers=BROWSER).text  # which lasts as long as the painting
    assert page.index("of 300 strokes.") < page.index('<div class="result">') < page.index("300 strokes in")
    monkeypatch.setattr(service_of(app), "stream_slots", threading.Semaphore(0))  # all are taken
    painting = request_painting(client, agent="greedy", strokes="300")
    for _ in range(200):
        page = client.get(painting["links"]["self"], headers=BROWSER).text
        if "of 300 strokes." in page:  # It may have waited for its turn a moment.
            break
        time.sleep(0.02)
    assert "of 300 strokes." in page
    assert f'<a href="{painting["links"]["self"]}">Does nothing move?' in page
    assert 'class="result"' not in page
    finish(app, painting["id"])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_honored_and_metadata_are_dropped(orientation: int) -> None:
    upright = Image.new("RGB", (64, 64), "white")
    upright.paste("black", (0, 0, 64, 32))
    turn = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[
        orientation
    ]
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, "where I live"
    content = io.BytesIO()
    (upright if turn is None else upright.transpose(turn)).save(content, "JPEG", exif=exif, quality=95)
    upload = read_upload(content.getvalue(), 10**6)
    assert upload.picture[:30].mean() < 20
    assert upload.picture[34:].mean() > 235
    assert b"where I live" not in upload.preview


def test_a_telephones_picture_with_a_second_one_behind_it_is_taken() -> None:
    second = Image.new("RGB", (80, 60), "red")
    upload = read_upload(picture("MPO", save_all=True, append_images=[second]), 10**6)
    assert upload.picture.std() > 20


def test_as_shipped_the_policy_paints_the_samples() -> None:
    app = create_app(Settings())
    try:
        for sample in ("balloon", "still_life"):
            answer = app.test_client().post(
                "/api/paint", json={"sample": sample, "size": 64, "strokes": 100}, headers=JSON
            )
            assert answer.get_json()["loss"]["value"] < 0.02
    finally:
        assert app.extensions["painting_service"].close(30)
