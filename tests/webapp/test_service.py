"""The web service inside: who paints when, in which batch, for how long, and what is kept."""

import platform
import threading
import time

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import (
    JSON,
    app,
    client,
    events,
    finish,
    picture,
    request_painting,
    save_untrained_policy,
    service_of,
)
from paintgym.agents.agent import Agent
from paintgym.agents.policy.config import RevisionConfig
from paintgym.agents.policy_agent import PolicyAgent
from paintgym.memory import give_back
from paintgym.webapp.application import create_app
from paintgym.webapp.jobs import batching
from paintgym.webapp.jobs.job import Job, State
from paintgym.webapp.jobs.queue import JobQueue
from paintgym.webapp.requests import PaintingRequest
from paintgym.webapp.routes.monitoring import resident_bytes
from paintgym.webapp.settings import Settings
from paintgym.webapp.uploads import Upload, read_upload

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


def gray_upload() -> Upload:
    return Upload(np.full((64, 64, 3), 90, np.uint8), b"")


@pytest.mark.parametrize("work", ["_step", "_revise", "_end", "_finish"])
def test_a_failure_fails_its_own_painting_alone(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    step = getattr(batching.PolicyBatcher, work)

    def fail_for_seed_13(self, given, *more) -> None:
        if any(row.job.request.seed == 13 for row in (given if isinstance(given, list) else [given])):
            raise RuntimeError("a secret of the house")
        step(self, given, *more)

    monkeypatch.setattr(batching.PolicyBatcher, work, fail_for_seed_13)
    paintings = [request_painting(client, seed=str(seed)) for seed in (12, 13, 14)]
    told = [events(client.get(painting["links"]["events"]).text) for painting in paintings]
    ends = [one[-1] for one in told]
    assert [kind for _, kind, _ in ends] == ["finished", "failed", "finished"]
    assert [sum(kind == "film" for _, kind, _ in one) for one in (told[0], told[2])] == [1, 1]
    assert "secret" not in str(ends)
    failed = client.get(paintings[1]["links"]["png"])
    assert (failed.status_code, failed.get_json()["error"]) == (409, batching.FAILURE.text())


def test_a_slow_agent_that_fails_tells_no_secrets_and_the_next_one_paints(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the house")

    with monkeypatch.context() as patch:
        patch.setattr(Agent, "paint_many", fail)
        answer = client.post("/api/paint", data={"sample": "fish", "agent": "random"}, headers=JSON)
    assert (answer.status_code, answer.get_json()["error"]) == (409, batching.FAILURE.text())
    assert client.post("/api/paint", data={"sample": "fish", "agent": "random"}).status_code == 200


def test_paintings_of_a_batch_are_those_painted_alone(app: Flask, client: FlaskClient) -> None:
    service = service_of(app)
    requests = [
        PaintingRequest(read_upload(picture(size=(64, 64 + n)), 10**6), strokes=8 + 8 * (n % 2)) for n in range(4)
    ]
    jobs = [service.submit(request) for request in requests]
    agent = PolicyAgent(network=service._network)
    for request, job in zip(requests, jobs, strict=True):
        assert job.wait(60)
        alone = agent.paint(request.upload.picture, request.strokes)
        assert job.painting is not None
        # The same but for how float32 sums are rounded in batches of other sizes.
        np.testing.assert_allclose(job.painting.strokes, alone.strokes, atol=1e-3)
        assert np.abs(job.painting.image.astype(int) - alone.image).max() <= 1
        assert job.painting.loss == pytest.approx(alone.loss, rel=1e-5)


def test_paintings_advance_together_through_one_call_of_the_network(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_sizes = []
    step = batching.PolicyBatcher._step
    gate = threading.Event()

    def record(self, group) -> None:
        gate.wait(30)
        batch_sizes.append(len(group))
        step(self, group)

    revised = []
    revise = batching.revise_rows

    def record_rows(planner, rows, *given) -> None:
        revised.append(len(rows))
        revise(planner, rows, *given)

    monkeypatch.setattr(batching.PolicyBatcher, "_step", record)
    monkeypatch.setattr(batching, "revise_rows", record_rows)
    service = service_of(app)
    together = RevisionConfig().paintings_together(20, on_cpu=True)
    jobs = [service.submit(PaintingRequest(gray_upload(), strokes=20)) for _ in range(5)]
    gate.set()
    assert all(job.wait(60) for job in jobs)
    assert max(batch_sizes) == 5  # the first may have started alone
    assert len(batch_sizes) <= 1 + sum(batch_sizes) / 4
    assert sum(revised) == 5
    assert max(revised) == together > 1


def test_a_full_queue_answers_503_and_when_to_try_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_of(app).slow, "_capacity", 1)
    first = request_painting(client, agent="greedy", strokes="300")
    answer = client.post("/paintings", data={"sample": "fish", "agent": "greedy"}, headers=JSON)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many" in answer.get_json()["error"]
    client.delete(first["links"]["self"])
    finish(app, request_painting(client, agent="random")["id"])


def test_results_expire_by_number_and_by_age(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_of(app)
    old, new = request_painting(client), request_painting(client)
    finish(app, old["id"])
    finish(app, new["id"])
    monkeypatch.setattr(service.find(old["id"]), "over_at", -1e9)
    assert client.get(old["links"]["self"]).status_code == 404
    assert client.get(new["links"]["self"]).status_code == 200
    monkeypatch.setattr(service, "settings", Settings(results_kept=1))
    newest = request_painting(client)
    finish(app, newest["id"])
    assert service.kept() <= 1 + sum(not job.over for job in service._jobs.values())
    assert client.get(newest["links"]["self"]).status_code == 200


@pytest.mark.parametrize(("agent", "end"), [("policy", "failed"), ("greedy", "finished")])
def test_a_painting_that_takes_too_long_is_handed_over_as_far_as_it_came_or_fails_with_a_sentence(
    agent: str, end: str, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = service_of(app).settings.time_limit
    monkeypatch.setattr(Job, "seconds", property(lambda job: 2.0 * limit))
    painting = request_painting(client, agent=agent)
    finish(app, painting["id"])
    told = events(client.get(painting["links"]["events"]).text)
    assert told[-1][1] == end  # the policy had not laid a stroke yet
    assert f"took longer than {limit} seconds" in told[-1][2]["message"]
    if end == "finished":
        assert told[-1][2]["stopped"]
        assert len(client.get(painting["links"]["json"]).get_json()["strokes"]) == told[-1][2]["count"] == 1


def test_closing_cancels_everything_and_refuses_the_next(tmp_path) -> None:
    app = create_app(Settings(policy=str(save_untrained_policy(tmp_path))))
    client = app.test_client()
    paintings = [request_painting(client, agent="greedy", strokes="500"), request_painting(client, strokes="500")]
    assert app.extensions["painting_service"].close(30)
    assert {client.get(painting["links"]["self"]).get_json()["state"] for painting in paintings} == {"cancelled"}
    assert client.post("/paintings", data={"sample": "fish"}).status_code == 503
    assert client.get("/healthz").status_code == client.get("/ping").status_code == 503


def test_cancelled_jobs_leave_their_place_in_the_queue() -> None:
    queue = JobQueue(2, "queue_length")
    jobs = [Job(PaintingRequest(gray_upload())) for _ in range(3)]
    queue.submit(jobs[0])
    queue.submit(jobs[1])
    jobs[0].cancel()
    queue.submit(jobs[2])
    assert queue.take(5, wait=False) == jobs[1:]
    assert [job.state for job in jobs] == [State.CANCELLED, State.PAINTING, State.PAINTING]
    jobs[1].fail(batching.FAILURE)
    jobs[1].cancel()
    assert (jobs[1].state, jobs[1].message, len(queue)) == (State.FAILED, batching.FAILURE, 1)


def test_only_the_last_canvas_is_kept_for_who_reconnects() -> None:
    job = Job(PaintingRequest(gray_upload()))
    job.start()
    for count in (1, 2, 3):
        job.emit("progress", count, {"loss": 0.5})
        job.emit("canvas", count, {"image": ""})
    told = [(event.number, event.kind) for event in job.events_after(0, 0)]
    assert told == [(1, "painting"), (2, "progress"), (4, "progress"), (6, "progress"), (7, "canvas")]


def test_what_has_expired_goes_even_if_nobody_asks(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.webapp.jobs.service._WATCH_INTERVAL_SECONDS", 0.05)
    app = create_app(Settings(policy=str(save_untrained_policy(tmp_path))))
    service = service_of(app)
    try:
        painting = request_painting(app.test_client())
        finish(app, painting["id"])
        service.find(painting["id"]).over_at = -1e9
        for _ in range(600):
            if painting["id"] not in service._jobs:
                break
            time.sleep(0.05)
        assert painting["id"] not in service._jobs
    finally:
        assert service.close(30)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_memory_that_was_freed_goes_back_to_the_system() -> None:
    blocks = [bytes(2000) for _ in range(100_000)]
    pin = bytes(2000)  # lies above them, and keeps the C library from giving back what is below
    del blocks
    before = resident_bytes()
    give_back()
    assert before - resident_bytes() > 100e6
    assert len(pin) == 2000
