"""Limits of the service: whoever meets one is told the setting that sets it, and its variable is one there is."""

import io
import re
from dataclasses import fields, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import (
    BROWSER,
    JSON,
    UNKNOWN,
    app,
    check_refusal,
    client,
    finish,
    form_with,
    picture,
    request_painting,
    service_of,
)
from paintgym.agents.registry import load_agent
from paintgym.webapp.errors import Sentence
from paintgym.webapp.options.choices import AGENTS, SEEDLESS_AGENTS
from paintgym.webapp.settings import Settings, variable
from paintgym.webapp.uploads import read_upload

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")

PNG, LARGE = picture("PNG"), picture("PNG", (1200, 1000))
HUGE = bytes(1_100_000)
VARIABLES = {variable(field.name) for field in fields(Settings)}
# What is sent, the status it is answered with, and the settings that are named.
REFUSALS: dict[str, tuple[dict[str, Any], int, set[str]]] = {
    "a form of too many bytes": ({"data": form_with(HUGE)}, 413, {"upload_megabytes"}),
    "a picture of too many bytes": ({"data": HUGE, "content_type": "image/png"}, 413, {"upload_megabytes"}),
    "JSON of too many bytes": ({"json": {"picture": "A" * 1_100_000}}, 413, {"upload_megabytes"}),
    "a body said to be too large": (
        {"data": b"", "content_length": 10**12, "content_type": "image/png"},
        413,
        {"upload_megabytes"},
    ),
    "too many pixels": ({"data": LARGE[:900_000], "content_type": "image/png"}, 413, {"maximum_pixels"}),
    "too many strokes": ({"json": {"sample": "fish", "size": 64, "strokes": 301}}, 400, {"maximum_strokes"}),
    "too many strokes, in a form": (
        {"data": {"sample": "fish", "size": "64", "strokes": "9999"}},
        400,
        {"maximum_strokes"},
    ),
    "too many of a large one": (
        {"json": {"sample": "fish", "size": 512, "strokes": 5001}},
        400,
        {"maximum_large_strokes"},
    ),
    "a size that is not offered": ({"json": {"sample": "fish", "size": 1024}}, 400, {"maximum_size"}),
    "another host": ({"json": {"sample": "fish"}, "headers": {"Host": "evil.example"}}, 400, {"trusted_hosts"}),
    "too few strokes": ({"json": {"sample": "fish", "strokes": 0}}, 400, set()),
    "a size that there never is": ({"json": {"sample": "fish", "size": 2048}}, 400, set()),
    "too many parts": ({"data": {f"field{i}": (io.BytesIO(b""), "") for i in range(50)}}, 413, set()),
    "no picture": ({"data": b"hello", "content_type": "image/png"}, 415, set()),
    "another kind of content": ({"data": b"hello", "content_type": "text/plain"}, 415, set()),
}


@pytest.fixture
def limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    service = service_of(app)
    monkeypatch.setattr(service, "settings", replace(service.settings, maximum_size=512))
    return app.test_client()


def named(text: str) -> set[str]:
    return set(re.findall(r"PAINTGYM_[A-Z_]+", text))


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_the_setting_that_causes_it_to_programs_and_browsers(limited: FlaskClient, name: str) -> None:
    request, status, settings = REFUSALS[name]
    request = {**request, "headers": {**JSON, **request.get("headers", {})}}
    if isinstance(request.get("data"), dict):
        request["data"] = {
            key: (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value
            for key, value in request["data"].items()
        }
    answer = limited.post("/paintings", **request)
    check_refusal(answer, {status})
    assert named(answer.get_json()["error"]) == {variable(setting) for setting in settings}
    if "json" in request:
        page = limited.post("/paintings", **{**request, "headers": {**request["headers"], **BROWSER}})
        assert named(page.text) == {variable(setting) for setting in settings}


def test_a_full_service_names_what_is_full(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_of(app)
    painting = request_painting(client)
    finish(app, painting["id"])
    for queue, choice, setting in (
        (service.quick, {"size": "64"}, "queue_length"),
        (service.large, {}, "large_queue_length"),
        (service.slow, {"agent": "random"}, "slow_queue_length"),
    ):
        monkeypatch.setattr(queue, "_capacity", 0)
        answer = client.post("/paintings", data={"sample": "fish", **choice}, headers=JSON)
        check_refusal(answer, {503})
        assert named(answer.text) == {variable(setting)}
    slots = [service.stream_slots.acquire(blocking=False) for _ in range(service.settings.maximum_streams)]
    answer = client.get(painting["links"]["events"], headers=JSON)
    for _ in slots:
        service.stream_slots.release()
    check_refusal(answer, {503})
    assert named(answer.text) == {"PAINTGYM_THREADS"}


def test_a_painting_that_is_gone_names_what_lets_it_go(client: FlaskClient) -> None:
    answer = client.get(f"/paintings/{UNKNOWN}", headers=JSON)
    check_refusal(answer, {404})
    assert named(answer.text) == {"PAINTGYM_RESULT_MINUTES", "PAINTGYM_RESULTS_KEPT", "PAINTGYM_RESULTS_MEGABYTES"}


def test_a_painting_that_took_too_long_names_the_time_limit(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paintgym.webapp.jobs.job.Job.seconds", property(lambda self: 1e9))
    painting = request_painting(client)
    finish(app, painting["id"])
    answer = client.get(painting["links"]["png"], headers=JSON)
    check_refusal(answer, {409})
    assert "took longer than 60 seconds" in answer.get_json()["error"]
    assert named(answer.text) == {"PAINTGYM_TIME_LIMIT"}


def test_a_sentence_names_one_setting_or_several() -> None:
    assert Sentence("watchers", {}, ("threads",)).text().endswith("by PAINTGYM_THREADS.")
    several = Sentence("watchers", {}, ("threads", "batch", "policy"))
    assert several.text().endswith("by PAINTGYM_THREADS, PAINTGYM_BATCH, PAINTGYM_POLICY.")
    assert {"PAINTGYM_THREADS", "PAINTGYM_TRUSTED_PROXIES", "PAINTGYM_URL_PREFIX"} <= VARIABLES


@pytest.mark.slow
@pytest.mark.parametrize("name", AGENTS)
def test_the_agents_said_to_paint_the_same_whatever_the_seed_are_those_that_do(name: str) -> None:
    options = {"iterations": 120} if "gradient" in name or "refine" in name else {}
    agent = load_agent(name, loss="mse", **options)
    pixels = read_upload(PNG, 10**6).picture
    first, second = (agent.paint(pixels, 30, seed=seed).strokes for seed in (1, 2))
    assert (abs(first - second).max() < 1e-3) == (name in SEEDLESS_AGENTS)


def test_the_service_still_takes_a_seed_that_changes_nothing_and_says_so(app: Flask, client: FlaskClient) -> None:
    answers = [
        client.post(
            "/api/paint",
            json={"sample": "fish", "size": 64, "strokes": 8, "seed": seed},
            headers={"Accept": "image/png"},
        )
        for seed in (0, 1, 2**53 - 1)
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.data for answer in answers}) == 1
    description = client.get("/openapi.json").get_json()["components"]["schemas"]["Options"]["properties"]["seed"]
    assert "policy paints the same whatever the seed" in description["description"]


@pytest.mark.parametrize("name", ["main.js", "page.css"])
def test_scripts_and_style_are_asked_for_anew_and_sent_only_where_they_changed(client: FlaskClient, name: str) -> None:
    sent = client.get(f"/static/{name}")
    assert sent.headers["Cache-Control"] == "no-cache"
    again = client.get(f"/static/{name}", headers={"If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"/static/{name}", headers={"If-None-Match": '"another"'}).data == sent.data
