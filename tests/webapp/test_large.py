"""Large paintings over HTTP: whole pictures of any shape, shown as they grow, and fetched in every form."""

import base64
import io
import zlib

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import (
    BROWSER,
    JSON,
    app,
    check_refusal,
    client,
    events,
    finish,
    form_with,
    picture,
    request_painting,
    service_of,
)
from paintgym.webapp import encoding
from paintgym.webapp.options.choices import size_choices
from paintgym.webapp.settings import Settings
from paintgym.webapp.uploads import read_upload
from PIL import Image

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


def request_large_painting(app: Flask, client: FlaskClient, content: bytes, **fields: object) -> dict:
    answer = client.post("/paintings", data=form_with(content, size=512, **fields), headers=JSON)
    assert answer.status_code == 202, answer.text
    painting = answer.get_json()
    finish(app, painting["id"])
    assert client.get(painting["links"]["self"]).get_json()["state"] == "finished"
    return painting


def opened(client: FlaskClient, address: str) -> Image.Image:
    return Image.open(io.BytesIO(client.get(address).data))


def test_a_whole_picture_is_painted_in_its_shape_and_fetched_in_every_form(app: Flask, client: FlaskClient) -> None:
    painting = request_large_painting(app, client, picture(size=(120, 60)), strokes=40, seed=3)
    assert (painting["width"], painting["height"], painting["strokes"]) == (512, 256, 40)
    links = painting["links"]
    for form in ("png", "webp", "gif"):
        image = opened(client, links[form])
        assert image.size == (512, 256)
        assert getattr(image, "n_frames", 1) == (1 if form == "png" else 41)
    assert opened(client, f"{links['self']}/picture.jpg").size == (512, 256)
    document = client.get(links["json"]).get_json()
    assert (document["width"], document["height"], len(document["strokes"])) == (512, 256, 40)


def test_the_canvas_is_shown_pass_by_pass_and_the_last_one_is_the_painting(app: Flask, client: FlaskClient) -> None:
    painting = request_large_painting(app, client, picture(size=(60, 120)), strokes=60)
    told = events(client.get(painting["links"]["events"]).text)
    assert {kind for _, kind, _ in told} == {"painting", "progress", "strokes", "canvas", "finished"}
    fractions = [data["fraction"] for _, kind, data in told if kind == "progress"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    (shown,) = (data for _, kind, data in told if kind == "canvas")  # who comes late sees the last one
    assert (shown["count"], shown["kind"]) == (60, "image/jpeg")
    canvas = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["image"]))), float)
    assert np.abs(canvas - np.asarray(opened(client, painting["links"]["png"]))).mean() < 5


@pytest.mark.parametrize("size", [(90, 90), (64, 64), (120, 60), (50, 300)])
@pytest.mark.parametrize("strokes", [1, 20])
def test_no_strokes_of_a_large_painting_are_published_as_those_of_a_small_one(
    app: Flask, client: FlaskClient, size: tuple[int, int], strokes: int
) -> None:
    painting = request_large_painting(app, client, picture(size=size), strokes=strokes)
    published = events(client.get(painting["links"]["events"]).text)
    assert {kind for _, kind, _ in published} == {"painting", "progress", "strokes", "canvas", "finished"}


def test_snapshots_of_a_painting_under_way_are_sent(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paintgym.webapp.jobs.publishing._PUBLISH_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr("paintgym.webapp.jobs.publishing._PUBLISH_TIME_SHARE", 1e9)
    counts: list[int] = []
    emit = app.extensions["painting_service"].find.__globals__["Job"].emit

    def listen(self, kind: str, count: int, data: dict) -> None:
        counts.extend([count] if kind == "canvas" else [])
        emit(self, kind, count, data)

    monkeypatch.setattr("paintgym.webapp.jobs.job.Job.emit", listen)
    request_large_painting(app, client, picture(size=(90, 90)), strokes=200)
    assert len(counts) > 3
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] == 200


def test_strokes_come_as_soon_as_they_settle_and_together_are_the_replay(app: Flask, client: FlaskClient) -> None:
    painting = request_large_painting(app, client, picture(size=(90, 90)), strokes=200)
    text = client.get(painting["links"]["events"]).text
    published = [data for _, kind, data in events(text) if kind == "strokes"]
    assert text.index("event: strokes") < text.index("event: canvas")
    assert len(published) > 2
    windows, colors, ink = [], [], b""
    for data in published:
        first = data["count"] - len(data["windows"])  # those of the first pass are moved, and come again
        assert first in (0, len(windows))
        windows, colors = windows[:first] + data["windows"], colors[:first] + data["colors"]
        ink = ink[: first * data["side"] ** 2] + zlib.decompress(base64.b64decode(data["ink"]))
    replay = client.get(painting["links"]["replay"]).get_json()
    assert (windows, colors) == (replay["windows"], replay["colors"])
    assert ink == zlib.decompress(base64.b64decode(replay["ink"]))


def test_laying_the_ink_again_gives_the_painting(app: Flask, client: FlaskClient) -> None:
    painting = request_large_painting(app, client, picture(size=(90, 90)), strokes=30)
    replay = client.get(painting["links"]["replay"]).get_json()
    side, margin = replay["side"], replay["margin"]
    ink = np.frombuffer(zlib.decompress(base64.b64decode(replay["ink"])), np.uint8).reshape(30, side, side)
    sheet = Image.new("RGB", (512, 512), "white")
    for cover, color, (x, y, width) in zip(ink, replay["colors"], replay["windows"], strict=True):
        unit = width / (side - 2 * margin)
        mask = Image.fromarray(cover).resize((round(side * unit),) * 2, Image.Resampling.BILINEAR)
        place = (round(x - margin * unit), round(y - margin * unit))
        sheet.paste(
            tuple(round(255 * part) for part in color), (*place, place[0] + mask.width, place[1] + mask.height), mask
        )
    finished = np.asarray(opened(client, painting["links"]["png"]), float)
    assert np.abs(np.asarray(sheet, float) - finished).mean() < 4


def test_by_the_real_brush_it_keeps_its_size(app: Flask, client: FlaskClient, brush: None) -> None:
    content = picture(size=(90, 60))
    answer = client.post("/paintings", data=form_with(content, size=1024, strokes=5), headers=JSON).get_json()
    finish(app, answer["id"])
    assert opened(client, answer["links"]["mypaint"]).size == (1024, 683)


def test_one_call_paints_large_too(client: FlaskClient) -> None:
    answer = client.post(
        "/invocations", json={"sample": "fish", "size": 512, "strokes": 9}, headers={"Accept": "image/png"}
    )
    assert max(Image.open(io.BytesIO(answer.data)).size) == 512


def test_the_form_without_scripts_paints_large(app: Flask, client: FlaskClient) -> None:
    assert 'value="1024"' in client.get("/", headers=BROWSER).text
    answer = client.post("/paintings", data=form_with(picture(), size=512, strokes=9), headers=BROWSER)
    assert answer.status_code == 303
    finish(app, answer.headers["Location"].rsplit("/", 1)[1])
    assert 'width="512" height="384"' in client.get(answer.headers["Location"], headers=BROWSER).text


def test_large_paintings_have_more_strokes_and_their_own_default(client: FlaskClient) -> None:
    choices = size_choices(Settings(maximum_strokes=300))
    assert [(side, choice.usual_strokes, choice.most_strokes) for side, choice in choices.items()] == [
        (64, 200, 300),
        (512, 2000, 5000),
        (1024, 2000, 5000),
    ]
    assert list(size_choices(Settings(maximum_size=512))) == [64, 512]
    assert list(size_choices(Settings(maximum_size=64))) == [64]
    answer = client.post("/paintings", data={"sample": "hills", "size": "512"}, headers=JSON).get_json()
    assert answer["strokes"] == 2000
    client.delete(answer["links"]["self"])


@pytest.mark.parametrize("size", [(999, 2), (2, 999), (1, 60), (300, 20)])
def test_pictures_too_thin_to_be_painted_whole_are_refused(client: FlaskClient, size: tuple[int, int]) -> None:
    answer = client.post("/paintings", data=form_with(picture(size=size), size=512), headers=JSON)
    check_refusal(answer, {400})
    assert "too long and thin" in answer.get_json()["error"]
    request_painting(client, strokes="1")


def test_a_large_picture_is_scaled_whole_and_a_small_one_cropped() -> None:
    content = picture("JPEG", (900, 600))
    whole, square = read_upload(content, 10**6, 512), read_upload(content, 10**6)
    assert whole.picture.shape == (341, 512, 3)
    assert Image.open(io.BytesIO(whole.preview)).size == (512, 341)
    assert square.picture.shape == (64, 64, 3)


def test_films_of_large_paintings_are_reduced_and_not_kept(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_FILM_SIDE", 128)
    painting = request_large_painting(app, client, picture(size=(80, 40)), strokes=3)
    finished = service_of(app).find(painting["id"]).painting
    held = set(vars(finished))
    assert opened(client, painting["links"]["webp"]).size == (128, 64)
    assert opened(client, painting["links"]["gif"]).size == (128, 64)
    assert set(vars(finished)) == held


def test_results_are_bounded_by_the_memory_they_take(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(app)
    monkeypatch.setattr(service, "settings", Settings(results_megabytes=2))
    paintings = [request_large_painting(app, client, picture(size=(90, 90)), strokes=3) for _ in range(4)]
    for painting in paintings:
        job = service._jobs.get(painting["id"])
        assert job is None or job.bytes_held > 2 * 512 * 512 * 3
    kept = [client.get(painting["links"]["self"]).status_code for painting in paintings]
    assert kept == [404, 404, 404, 200]


def test_a_large_painting_is_cancelled_at_the_next_pass(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/paintings", data={"sample": "hills", "size": "1024", "strokes": "5000"}, headers=JSON)
    painting = answer.get_json()
    assert client.delete(painting["links"]["self"]).status_code == 204
    assert client.get(painting["links"]["self"]).get_json()["state"] == "cancelled"
    finish(app, request_painting(client, agent="random")["id"])  # the worker is free again
