"""Nothing is lost: paintings that are stopped are kept, and finished ones are painted on."""

import base64
import threading
import zlib

import numpy as np
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
    events,
    finish,
    request_painting,
    service_of,
)
from paintgym.agents.agent import Agent
from paintgym.agents.progress import Progress
from paintgym.webapp.jobs import batching
from paintgym.webapp.jobs.publishing import Publisher

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("fields", [{"agent": "greedy", "strokes": "300"}, {"size": "512", "strokes": "300"}])
def test_stopped_at_the_next_step_a_painting_is_finished_with_what_there_is(
    app: Flask, client: FlaskClient, fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Publisher.report

    def stop_first(self: Publisher, progress: Progress) -> None:
        if progress.strokes >= 5 and not self._job.stopping:
            answer = client.post(f"/paintings/{self._job.identity}/stop", headers=JSON)
            assert (answer.status_code, answer.get_json()["state"]) == (202, "painting")
        report(self, progress)

    monkeypatch.setattr(Publisher, "report", stop_first)
    painting = request_painting(client, **fields)
    finish(app, painting["id"])
    described = client.get(painting["links"]["self"], headers=JSON).get_json()
    assert (described["state"], described["stopped"]) == ("finished", True)
    assert 5 <= described["strokes_done"] < 300
    end = events(client.get(painting["links"]["events"]).text)[-1]
    assert (end[1], end[2]["stopped"], end[2]["count"]) == ("finished", True, described["strokes_done"])
    assert len(client.get(painting["links"]["json"]).get_json()["strokes"]) == described["strokes_done"]
    assert client.get(painting["links"]["png"]).status_code == 200


def test_the_policy_stops_between_its_steps(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    step = batching.PolicyBatcher._step

    def stop_after(self, batch) -> None:
        step(self, batch)
        batch[0].job.stop()

    monkeypatch.setattr(batching.PolicyBatcher, "_step", stop_after)
    painting = request_painting(client, strokes="100")
    finish(app, painting["id"])
    described = client.get(painting["links"]["self"], headers=JSON).get_json()
    assert (described["state"], described["stopped"]) == ("finished", True)
    assert 0 < described["strokes_done"] < 100
    laid = [data for _, kind, data in events(client.get(painting["links"]["events"]).text) if kind == "strokes"]
    document = client.get(painting["links"]["json"]).get_json()
    np.testing.assert_allclose(laid[0]["strokes"], document["strokes"], atol=1e-4)


def test_what_waits_and_is_stopped_is_cancelled(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, paint_many = threading.Event(), Agent.paint_many
    monkeypatch.setattr(Agent, "paint_many", lambda *a, **b: (gate.wait(60), paint_many(*a, **b))[1])
    first, second = (request_painting(client, agent="random") for _ in range(2))
    assert client.post(second["links"]["stop"], headers=JSON).get_json()["state"] == "cancelled"
    assert client.post(f"/paintings/{UNKNOWN}/stop").status_code == 404
    gate.set()
    finish(app, first["id"])
    answer = client.post(first["links"]["stop"], headers=BROWSER)  # too late: it is whole
    assert (answer.status_code, answer.headers["Location"]) == (303, first["links"]["self"])
    assert not client.get(first["links"]["self"], headers=JSON).get_json()["stopped"]


@pytest.mark.parametrize(
    "fields",
    [
        {"palette": "4", "paper": "#204060", "brush_sizes": "0.1,0.5"},
        {"agent": "greedy"},
        {"size": "512", "strokes": "40"},
    ],
)
def test_a_finished_painting_is_painted_on(app: Flask, client: FlaskClient, fields: dict[str, str]) -> None:
    first = request_painting(client, **fields)
    finish(app, first["id"])
    answer = client.post("/paintings", json={"continue": first["id"], "strokes": 20}, headers=JSON)
    assert answer.status_code == 202, answer.text
    more = answer.get_json()
    finish(app, more["id"])
    assert (more["strokes"], more["settings"]["continued"]) == (first["strokes"] + 20, first["id"])
    same = ("palette", "paper", "brush_sizes", "size", "agent")
    assert {name: more["settings"][name] for name in same} == {name: first["settings"][name] for name in same}
    before, after = (client.get(painting["links"]["json"]).get_json() for painting in (first, more))
    assert after["strokes"][: len(before["strokes"])] == before["strokes"]
    assert len(after["strokes"]) == more["strokes"]
    assert after["loss"]["value"] < before["loss"]["value"]
    assert after["background"] == before["background"]
    told = events(client.get(more["links"]["events"]).text)
    if fields.get("size") != "512":
        shown = [data for _, kind, data in told if kind in ("strokes", "film")]
        assert len(shown[0]["strokes"]) >= first["strokes"]
        np.testing.assert_allclose(shown[0]["strokes"][: first["strokes"]], before["strokes"], atol=1e-4)
        ink = zlib.decompress(base64.b64decode(shown[0]["ink"]))
        assert len(ink) == 64 * 64 * len(shown[0]["strokes"])


def test_what_cannot_be_continued_is_refused(app: Flask, client: FlaskClient) -> None:
    painting = request_painting(client)
    finish(app, painting["id"])

    def ask(**fields: object) -> object:
        return client.post("/paintings", json={"continue": painting["id"], **fields}, headers=JSON)

    check_refusal(ask(**{"continue": UNKNOWN}), {404})
    for value in ("..", 7, ["a"], "x" * 5000):
        check_refusal(ask(**{"continue": value}), {400})
    check_refusal(ask(strokes=0), {400})
    check_refusal(ask(strokes=293), {400})  # 8 and 293 are more than the 300 that are allowed
    check_refusal(ask(size=512), {400})
    check_refusal(ask(picture="AAAA"), {400})
    check_refusal(ask(agent="nobody"), {400})
    cancelled = request_painting(client, agent="greedy", strokes="300")
    check_refusal(ask(**{"continue": cancelled["id"]}), {409})
    client.delete(cancelled["links"]["self"])
    assert service_of(app).find(painting["id"]).painting is not None
