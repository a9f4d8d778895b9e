"""The web service: every address answers as its description says, and paintings come out as they were ordered."""

import base64
import io
import json
import re
import threading
import zlib

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from paintgym.agents.agent import Agent
from paintgym.agents.document import read_document
from paintgym.agents.policy_agent import PolicyAgent
from paintgym.errors import InvalidInputError
from paintgym.webapp import batching
from paintgym.webapp.application import create_app
from paintgym.webapp.job import Job, State
from paintgym.webapp.orders import Order
from paintgym.webapp.queue import JobQueue
from paintgym.webapp.settings import Settings
from paintgym.webapp.uploads import Upload, read_upload
from PIL import Image
from web_service import (
    BROWSER,
    JSON,
    app,
    client,
    finish,
    form_with,
    order,
    picture,
    save_untrained_policy,
    studio_of,
)

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")
UNKNOWN = "0" * 32


def events(text: str) -> list[tuple[int, str, dict]]:
    found = re.findall(r"^id: (\d+)\nevent: (\w+)\ndata: (.*)$", text, re.MULTILINE)
    return [(int(number), kind, json.loads(data)) for number, kind, data in found]


def grey_upload() -> Upload:
    return Upload(np.full((64, 64, 3), 90, np.uint8), b"")


def test_a_picture_is_painted_and_fetched_in_every_form(app: Flask, client: FlaskClient, tmp_path) -> None:
    answer = client.post("/paintings", data=form_with(picture(), strokes=10, seed=3), headers=JSON)
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
    assert read_document(path).strokes.shape == (10, 12)


def test_events_tell_every_stroke_with_its_ink_and_resume_where_they_stopped(app: Flask, client: FlaskClient) -> None:
    painting = order(client, strokes="20")
    stream = client.get(painting["links"]["events"])
    assert stream.mimetype == "text/event-stream"
    told = events(stream.text)
    assert told[0][1] == "painting"
    assert told[-1][1] == "finished"
    strokes = [stroke for _, kind, data in told if kind == "strokes" for stroke in data["strokes"]]
    document = client.get(painting["links"]["json"]).get_json()
    np.testing.assert_allclose(strokes, document["strokes"], atol=1e-4)
    ink = b"".join(zlib.decompress(base64.b64decode(data["ink"])) for _, kind, data in told if kind == "strokes")
    # What the page lays stroke by stroke is the painting.
    canvas = np.full((64, 64, 3), 255.0)
    for stroke, cover in zip(strokes, np.frombuffer(ink, np.uint8).reshape(-1, 64, 64, 1) / 255, strict=True):
        canvas += cover * (255 * np.array(stroke[6:9]) - canvas)
    finished = np.asarray(
        Image.open(io.BytesIO(client.get(painting["links"]["png"]).data)).resize((64, 64), Image.Resampling.BOX)
    )
    assert np.abs(canvas - finished).mean() < 4
    losses = [data["loss"] for _, kind, data in told if kind == "strokes"]
    assert losses[-1] == pytest.approx(document["loss"]["value"])
    middle = told[len(told) // 2][0]
    resumed = events(client.get(painting["links"]["events"], headers={"Last-Event-ID": str(middle)}).text)
    assert resumed == [event for event in told if event[0] > middle]


@pytest.mark.parametrize("agent", ["gradient", "policy+gradient", "greedy", "random"])
def test_every_agent_paints(app: Flask, client: FlaskClient, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.agents.gradient._FEWEST_ITERATIONS", 6)
    monkeypatch.setattr("paintgym.agents.gradient._STROKE_STEPS", 20)
    painting = order(client, agent=agent, strokes="5")
    told = events(client.get(painting["links"]["events"]).text)
    assert told[-1][1] == "finished", told[-1]
    shown = [data for _, kind, data in told if kind in ("strokes", "film")]
    assert len(shown[-1]["strokes"]) == 5 or sum(len(data["strokes"]) for data in shown) == 5
    document = client.get(painting["links"]["json"]).get_json()
    assert document["agent"] == agent
    assert document["loss"]["name"] == "mse"


@pytest.mark.parametrize("address", ["/api/paint", "/invocations"])
def test_one_call_paints_a_form_json_or_bare_bytes_and_answers_with_png_or_json(
    client: FlaskClient, address: str
) -> None:
    content = picture("JPEG")
    answers = [
        client.post(address, data=form_with(content, strokes=4), headers={"Accept": "image/png"}),
        client.post(address, json={"picture": base64.b64encode(content).decode(), "strokes": 4}),
        client.post(f"{address}?strokes=4", data=content, content_type="image/jpeg"),
        client.post(f"{address}?strokes=4", data=content, content_type="application/x-image"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.data for answer in answers}) == 1
    assert Image.open(io.BytesIO(answers[0].data)).size == (512, 512)
    document = client.post(address, json={"sample": "fish", "strokes": 4}, headers=JSON).get_json()
    assert len(document["strokes"]) == 4


def test_what_is_under_way_is_cancelled_and_what_is_over_is_forgotten(app: Flask, client: FlaskClient) -> None:
    painting = order(client, agent="greedy", strokes="300")
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
    painting = order(client, strokes="3")
    finish(app, painting["id"])
    answer = client.get(painting["links"]["mypaint"])
    assert Image.open(io.BytesIO(answer.data)).size == (768, 768)


def test_where_there_is_no_brush_nobody_is_led_to_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_of(app), "brush", False)
    painting = order(client, strokes="3")
    finish(app, painting["id"])
    assert "mypaint" not in painting["links"]
    assert client.get(f"/paintings/{painting['id']}/mypaint.png").status_code == 404


def test_without_scripts_a_form_leads_to_a_page_with_the_picture(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/paintings", data=form_with(picture(), strokes=10, sample="fish"), headers=BROWSER)
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


def test_the_description_names_exactly_the_addresses_there_are(app: Flask, client: FlaskClient) -> None:
    described = {
        (path, method)
        for path, operations in client.get("/openapi.json").get_json()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    there = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]*:)?(\w+)>", r"{\1}", rule.rule).replace("{identity}", "{id}")
        if rule.endpoint != "static":
            there |= {(path, method.lower()) for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert described == there


def test_the_description_tells_the_answers(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    described = document["components"]["schemas"]["Painting"]["properties"]
    painting = order(client)
    finish(app, painting["id"])
    assert set(client.get(painting["links"]["self"]).get_json()) == set(described)
    most = document["components"]["schemas"]["Options"]["properties"]["strokes"]["maximum"]
    assert client.post("/paintings", data={"sample": "fish", "strokes": most + 1}).status_code == 400


def test_health_metrics_and_ping(app: Flask, client: FlaskClient) -> None:
    finish(app, order(client)["id"])
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert (client.get("/ping").status_code, client.get("/ping").data) == (200, b"")
    lines = [line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.]+', line) for line in lines)
    counts = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    assert counts['paintgym_paintings_total{agent="policy",state="finished"}'] >= 1
    assert counts["process_resident_memory_bytes"] > 1e7


def test_every_answer_forbids_inline_scripts_and_other_hosts(client: FlaskClient) -> None:
    for address in ("/", "/nothing", "/static/main.js", "/healthz"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
    page = client.get("/").text
    assert not re.search(
        r"<style|\sstyle=|\son\w+=|javascript:|https?://|<script(?! type=\"module\" src=\"/static/)", page
    )


def test_a_failure_fails_its_own_painting_alone(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = batching.PolicyBatcher._step

    def fail_for_seed_13(self, group) -> None:
        if any(row.job.order.seed == 13 for row in group):
            raise RuntimeError("a secret of the house")
        step(self, group)

    monkeypatch.setattr(batching.PolicyBatcher, "_step", fail_for_seed_13)
    paintings = [order(client, seed=str(seed)) for seed in (12, 13, 14)]
    ends = [events(client.get(painting["links"]["events"]).text)[-1] for painting in paintings]
    assert [kind for _, kind, _ in ends] == ["finished", "failed", "finished"]
    assert "secret" not in str(ends)
    failed = client.get(paintings[1]["links"]["png"])
    assert (failed.status_code, failed.get_json()["error"]) == (409, batching.FAILURE)


def test_a_slow_agent_that_fails_tells_no_secrets_and_the_next_one_paints(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the house")

    with monkeypatch.context() as patch:
        patch.setattr(Agent, "paint", fail)
        answer = client.post("/api/paint", data={"sample": "fish", "agent": "random"}, headers=JSON)
    assert (answer.status_code, answer.get_json()["error"]) == (409, batching.FAILURE)
    assert client.post("/api/paint", data={"sample": "fish", "agent": "random"}).status_code == 200


def test_a_bug_is_answered_with_one_sentence(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.webapp.paintings.read_order", lambda *_: 1 / 0)
    answer = client.post("/paintings", data={"sample": "fish"}, headers=JSON)
    assert answer.status_code == 500
    assert "division" not in answer.text
    assert answer.get_json()["error"].startswith("Something went wrong")


def test_paintings_of_a_batch_are_those_painted_alone(app: Flask, client: FlaskClient) -> None:
    studio = studio_of(app)
    orders = [Order(read_upload(picture(size=(64, 64 + n)), 10**6), strokes=8 + 8 * (n % 2)) for n in range(4)]
    jobs = [studio.submit(one) for one in orders]
    agent = PolicyAgent(policy=studio._network)
    for one, job in zip(orders, jobs, strict=True):
        assert job.wait(60)
        alone = agent.paint(one.upload.picture, one.strokes)
        assert job.painting is not None
        assert job.painting.loss == pytest.approx(alone.loss, rel=0.02)
        assert job.painting.strokes.shape == alone.strokes.shape


def test_paintings_advance_together_through_one_call_of_the_network(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    companies = []
    step = batching.PolicyBatcher._step
    gate = threading.Event()

    def record(self, group) -> None:
        gate.wait(30)
        companies.append(len(group))
        step(self, group)

    monkeypatch.setattr(batching.PolicyBatcher, "_step", record)
    studio = studio_of(app)
    jobs = [studio.submit(Order(grey_upload(), strokes=20)) for _ in range(5)]
    gate.set()
    assert all(job.wait(60) for job in jobs)
    assert max(companies) == 5  # the first may have begun alone
    assert len(companies) <= 1 + sum(companies) / 4


def test_a_full_queue_answers_503_and_when_to_try_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_of(app).slow, "_capacity", 1)
    first = order(client, agent="greedy", strokes="300")
    answer = client.post("/paintings", data={"sample": "fish", "agent": "greedy"}, headers=JSON)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many" in answer.get_json()["error"]
    client.delete(first["links"]["self"])
    finish(app, order(client, agent="random")["id"])


def test_too_many_watchers_are_turned_away_and_seats_are_given_back(app: Flask, client: FlaskClient) -> None:
    painting = order(client)
    finish(app, painting["id"])
    seats = studio_of(app).settings.maximum_streams
    open_streams = [client.get(painting["links"]["events"], buffered=False) for _ in range(seats)]
    assert client.get(painting["links"]["events"]).status_code == 503
    for stream in open_streams:
        stream.close()
    assert client.get(painting["links"]["events"]).status_code == 200


def test_results_expire_by_number_and_by_age(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = studio_of(app)
    old, new = order(client), order(client)
    finish(app, old["id"])
    finish(app, new["id"])
    monkeypatch.setattr(studio.find(old["id"]), "over_at", -1e9)
    assert client.get(old["links"]["self"]).status_code == 404
    assert client.get(new["links"]["self"]).status_code == 200
    monkeypatch.setattr(studio, "settings", Settings(results_kept=1))
    newest = order(client)
    finish(app, newest["id"])
    assert studio.kept() <= 1 + sum(not job.over for job in studio._jobs.values())
    assert client.get(newest["links"]["self"]).status_code == 200


def test_a_painting_that_takes_too_long_fails_with_a_sentence(tmp_path) -> None:
    app = create_app(Settings(policy=str(save_untrained_policy(tmp_path)), time_limit=1))
    try:
        client = app.test_client()
        app.extensions["studio"]._network.forward = lambda *_: __import__("time").sleep(1.1) or 1 / 0
        painting = order(client)
        finish(app, painting["id"])
        assert client.get(painting["links"]["self"]).get_json()["state"] == "failed"
    finally:
        assert app.extensions["studio"].close(30)


def test_closing_cancels_everything_and_refuses_the_next(tmp_path) -> None:
    app = create_app(Settings(policy=str(save_untrained_policy(tmp_path))))
    client = app.test_client()
    paintings = [order(client, agent="greedy", strokes="500"), order(client, strokes="500")]
    assert app.extensions["studio"].close(30)
    assert {client.get(painting["links"]["self"]).get_json()["state"] for painting in paintings} == {"cancelled"}
    assert client.post("/paintings", data={"sample": "fish"}).status_code == 503
    assert client.get("/healthz").status_code == client.get("/ping").status_code == 503


def test_cancelled_jobs_leave_their_place_in_the_queue() -> None:
    queue = JobQueue(2)
    jobs = [Job(Order(grey_upload())) for _ in range(3)]
    queue.submit(jobs[0])
    queue.submit(jobs[1])
    jobs[0].cancel()
    queue.submit(jobs[2])
    assert queue.take(5, wait=False) == jobs[1:]
    assert [job.state for job in jobs] == [State.CANCELLED, State.PAINTING, State.PAINTING]
    jobs[1].fail("for a reason")
    jobs[1].cancel()
    assert (jobs[1].state, jobs[1].message, len(queue)) == (State.FAILED, "for a reason", 1)


def test_only_the_last_canvas_is_kept_for_who_reconnects() -> None:
    job = Job(Order(grey_upload()))
    job.begin()
    for count in (1, 2, 3):
        job.emit("progress", count, {"loss": 0.5})
        job.emit("canvas", count, {"image": ""})
    told = [(event.number, event.kind) for event in job.events_after(0, 0)]
    assert told == [(1, "painting"), (2, "progress"), (4, "progress"), (6, "progress"), (7, "canvas")]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_honoured_and_metadata_are_dropped(orientation: int) -> None:
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


def test_settings_come_from_the_environment_and_are_checked() -> None:
    settings = Settings.from_environment({"PAINTGYM_BATCH": "4", "PAINTGYM_TRUSTED_HOSTS": "a.example, b.example"})
    assert (settings.batch, settings.hosts) == (4, ["a.example", "b.example"])
    assert Settings(trusted_hosts="*").hosts is None
    for text in ("0", "-1", "many", "1.5", "٣"):
        with pytest.raises(InvalidInputError, match="PAINTGYM_BATCH"):
            Settings.from_environment({"PAINTGYM_BATCH": text})


def test_as_shipped_the_policy_paints_the_samples() -> None:
    app = create_app(Settings())
    try:
        for sample in ("balloon", "still_life"):
            answer = app.test_client().post("/api/paint", json={"sample": sample, "strokes": 100}, headers=JSON)
            assert answer.get_json()["loss"]["value"] < 0.02
    finally:
        assert app.extensions["studio"].close(30)
