"""What the web service tells of itself: its description, its health, its figures, its settings, its headers."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, check_refusal, client, finish, request_painting, service_of
from paintgym.errors import InvalidInputError
from paintgym.webapp.routes.monitoring import metrics
from paintgym.webapp.settings import Settings

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


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
    painting = request_painting(client)
    finish(app, painting["id"])
    assert set(client.get(painting["links"]["self"]).get_json()) == set(described)
    most = document["components"]["schemas"]["Options"]["properties"]["strokes"]["maximum"]
    assert client.post("/paintings", data={"sample": "fish", "strokes": most + 1}).status_code == 400


def test_health_metrics_and_ping(app: Flask, client: FlaskClient) -> None:
    finish(app, request_painting(client)["id"])
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert (client.get("/ping").status_code, client.get("/ping").data) == (200, b"")
    lines = [line for line in metrics(service_of(app)).splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.]+', line) for line in lines)
    counts = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    assert counts['paintgym_paintings_total{agent="policy",state="finished"}'] >= 1
    assert counts["process_resident_memory_bytes"] > 1e7


def test_figures_are_shown_to_who_has_the_token(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_refusal(client.get("/metrics", headers=JSON), {404})
    monkeypatch.setattr(service_of(app), "settings", replace(service_of(app).settings, metrics_token="open sesame"))
    for sent in ("", "open sesame", "Bearer", "Bearer open", "Bearer open sesame!", "Basic open sesame", "Bearer é"):
        check_refusal(client.get("/metrics", headers={**JSON, "Authorization": sent}), {401})
    shown = client.get("/metrics", headers={"Authorization": "Bearer open sesame"})
    assert (shown.status_code, shown.mimetype) == (200, "text/plain")
    assert 'paintgym_queue_length{queue="large"}' in shown.text


def test_every_answer_forbids_inline_scripts_and_other_hosts(client: FlaskClient) -> None:
    for address in ("/", "/nothing", "/static/main.js", "/healthz"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
    page = client.get("/").text
    assert not re.search(
        r"<style|\sstyle=|\son\w+=|javascript:|https?://|<script(?! type=\"module\" src=\"/static/)", page
    )


def test_a_bug_is_answered_with_one_sentence(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.webapp.routes.paintings.read_request", lambda *_: 1 / 0)
    answer = client.post("/paintings", data={"sample": "fish"}, headers=JSON)
    assert answer.status_code == 500
    assert "division" not in answer.text
    assert answer.get_json()["error"].startswith("Something went wrong")


def test_settings_come_from_the_environment_and_are_checked() -> None:
    settings = Settings.from_environment({"PAINTGYM_BATCH": "4", "PAINTGYM_TRUSTED_HOSTS": "a.example, b.example"})
    assert (settings.batch, settings.trusted_hosts) == (4, "a.example, b.example")
    for text in ("0", "-1", "many", "1.5", "٣"):
        with pytest.raises(InvalidInputError, match="PAINTGYM_BATCH"):
            Settings.from_environment({"PAINTGYM_BATCH": text})


def test_too_many_watchers_are_turned_away_and_slots_are_given_back(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client)
    finish(app, painting["id"])
    slots = service_of(app).settings.maximum_streams
    open_streams = [client.get(painting["links"]["events"], buffered=False) for _ in range(slots)]
    assert client.get(painting["links"]["events"]).status_code == 503
    for stream in open_streams:
        stream.close()
    assert client.get(painting["links"]["events"]).status_code == 200
