"""Waiting: lanes, fair shares, a true outlook, and what happens when nobody waits any more."""

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, client, finish, request_painting, service_of
from paintgym.agents.agent import Agent
from paintgym.webapp.errors import BusyError
from paintgym.webapp.jobs.estimates import Circumstances, Estimates
from paintgym.webapp.jobs.job import Job, State
from paintgym.webapp.jobs.queue import JobQueue
from paintgym.webapp.jobs.service import PaintingService
from paintgym.webapp.jobs.streaming import event_stream
from paintgym.webapp.requests import PaintingRequest
from paintgym.webapp.routes.context import client_of
from paintgym.webapp.settings import Settings
from paintgym.webapp.uploads import Upload

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


def wanted(strokes: int = 100, side: int = 64, agent: str = "policy") -> PaintingRequest:
    return PaintingRequest(Upload(np.full((side, side, 3), 90, np.uint8), b""), agent=agent, strokes=strokes)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Agents paint only once it is set."""
    opened, paint_many = threading.Event(), Agent.paint_many

    def paint(self: Agent, *arguments, **options):
        opened.wait(60)
        return paint_many(self, *arguments, **options)

    monkeypatch.setattr(Agent, "paint_many", paint)
    yield opened
    opened.set()


def test_nobody_stands_behind_the_paintings_of_another_lane(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, paint_many = threading.Event(), Agent.paint_many

    def paint(self: Agent, *arguments, **options):
        if self.name != "policy":
            opened.wait(60)
        return paint_many(self, *arguments, **options)

    monkeypatch.setattr(Agent, "paint_many", paint)
    slow = [request_painting(client, agent="random") for _ in range(3)]
    for fields in ({"size": "64"}, {"size": "512"}):
        finish(app, request_painting(client, **fields)["id"])
    assert {service_of(app).find(painting["id"]).over for painting in slow} == {False}
    opened.set()
    for painting in slow:
        finish(app, painting["id"])


def test_each_client_has_its_turn_after_the_others() -> None:
    lane = JobQueue(20, "queue_length")
    greedy = [Job(wanted(), client="greedy") for _ in range(4)]
    late = [Job(wanted(), client=name) for name in ("late", "later", "late")]
    for job in (*greedy, *late):
        lane.submit(job)
    order = [greedy[0], late[0], late[1], greedy[1], late[2], greedy[2], greedy[3]]
    assert [lane.outlook(job).position for job in order] == [1, 2, 3, 4, 5, 6, 7]
    assert lane.take(2, wait=False) == order[:2]
    # Those under way count: the one who has none comes first.
    assert lane.take(1, wait=False) == [late[1]]


def test_one_client_takes_half_of_the_places_at_most() -> None:
    lane = JobQueue(6, "queue_length")
    for _ in range(3):
        lane.submit(Job(wanted(), client="greedy"))
    with pytest.raises(BusyError, match="of yours"):
        lane.submit(Job(wanted(), client="greedy"))
    for number in range(3):
        lane.submit(Job(wanted(), client=f"another {number}"))
    with pytest.raises(BusyError, match="Too many paintings are"):
        lane.submit(Job(wanted(), client="one more"))


def test_the_outlook_is_that_of_several_painters_and_retry_after_that_of_the_first_place() -> None:
    estimates = Estimates(60)
    for company in (False, True):
        estimates.note(wanted(100), Circumstances(company), 8.0)
    lane = JobQueue(5, "queue_length", 2, estimates)
    jobs = [Job(wanted(100), client=str(number)) for number in range(5)]
    for job in jobs:
        lane.submit(job)
    lane.take(1, wait=False)
    lane.take(1, wait=False)
    ends = [round(lane.outlook(job).expected_seconds) for job in jobs]
    assert ends == [8, 8, 16, 16, 24]
    assert [lane.outlook(job).position for job in jobs] == [0, 0, 1, 2, 3]
    jobs[0].started_at -= 5
    with pytest.raises(BusyError) as refusal:
        lane.submit(Job(wanted()))
    assert refusal.value.retry_after == 3
    jobs[1].started_at -= 20  # longer than expected: it is not said to end at once
    assert 3 < lane.outlook(jobs[1]).expected_seconds < 6


def test_where_many_wait_paintings_are_hurried_and_the_outlook_knows_it() -> None:
    estimates = Estimates(60)
    for company in (False, True):
        estimates.note(wanted(100), Circumstances(company), 8.0)
        estimates.note(wanted(100), Circumstances(company, hurried=True), 4.0)
    lane = JobQueue(20, "queue_length", 1, estimates, patience=20)
    jobs = [Job(wanted(100)) for _ in range(4)]
    for job in jobs:
        lane.submit(job)
    # 32 and 24 seconds of work are more than 20; 16 are not.
    assert [round(lane.outlook(job).expected_seconds) for job in jobs] == [4, 8, 16, 24]
    for hurried in (True, True, False, False):
        (job,) = lane.take(1, wait=False) or []
        assert job.circumstances.hurried == hurried
        job.cancel()


def test_estimates_learn_what_is_alike_first() -> None:
    estimates = Estimates(60)
    guess = estimates.expect(wanted(1000, 512), Circumstances())
    assert 0 < guess < 60
    assert estimates.expect(wanted(1000, 512), Circumstances(company=True)) > guess
    assert estimates.expect(wanted(1000, agent="gradient"), Circumstances()) == pytest.approx(50)
    assert estimates.expect(wanted(5000, agent="gradient"), Circumstances()) == 60
    for _ in range(20):
        estimates.note(wanted(100, 512), Circumstances(), 1.0)
    assert estimates.expect(wanted(1000, 512), Circumstances()) == pytest.approx(10)
    assert estimates.expect(wanted(1000, 512), Circumstances(company=True)) > 10
    assert estimates.expect(wanted(1000), Circumstances()) == pytest.approx(guess)


def test_one_short_painting_does_not_have_all_others_hurried_for_good() -> None:
    estimates = Estimates(60)
    guess = estimates.expect(wanted(100, 512), Circumstances())
    estimates.note(wanted(1, 512), Circumstances(), 1.0)  # nearly all of it what every painting costs
    assert estimates.expect(wanted(100, 512), Circumstances()) < 3 * guess
    for _ in range(20):
        estimates.note(wanted(100, 512), Circumstances(), 50.0)
    for _ in range(20):
        estimates.note(wanted(100, 512), Circumstances(hurried=True), 1.0)
    assert estimates.expect(wanted(100, 512), Circumstances()) == pytest.approx(2, rel=0.1)


def test_events_tell_place_and_seconds_about_once_a_second(
    app: Flask, client: FlaskClient, gate: threading.Event
) -> None:
    first, second = (request_painting(client, agent="random") for _ in range(2))
    service, told = service_of(app), []
    wait_until(lambda: service.find(first["id"]).state is State.PAINTING)

    def follow() -> None:
        for piece in event_stream(service.find(second["id"]), 0, service.outlook):
            told.append((time.monotonic(), piece.decode()))

    follower = threading.Thread(target=follow)
    follower.start()
    described = client.get(second["links"]["self"], headers=JSON).get_json()
    assert described["position"] == 1
    assert 0 <= described["starts_in"] <= described["expected_seconds"]
    time.sleep(2.5)
    gate.set()
    follower.join(60)
    queued = [(moment, text) for moment, text in told if "event: queued" in text]
    assert len(queued) >= 3
    assert '"position": 1' in queued[0][1]
    assert not any(text.startswith("id:") for _, text in queued)
    moments = [moment for moment, _ in told]
    assert max(b - a for a, b in pairwise(moments)) < 1.3
    assert "event: finished" in told[-1][1]
    assert client.get(second["links"]["self"], headers=JSON).get_json()["position"] is None
    finish(app, first["id"])


def test_a_painting_under_way_is_told_of_every_second_even_by_an_agent_that_says_nothing(
    app: Flask, client: FlaskClient, gate: threading.Event
) -> None:
    painting = request_painting(client, agent="random")
    job = service_of(app).find(painting["id"])
    wait_until(lambda: job.state is State.PAINTING)
    pieces = event_stream(job, 0, service_of(app).outlook)
    started = time.monotonic()
    told = [next(pieces).decode() for _ in range(5)]
    assert time.monotonic() - started < 4
    moments = [text for text in told if text.startswith("event: progress")]
    assert len(moments) >= 2
    assert all(re.search(r'"seconds": [\d.]+', text) and '"expected_seconds"' in text for text in moments)


def test_what_nobody_watches_any_more_is_stopped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paintgym.webapp.jobs.service._WATCH_INTERVAL_SECONDS", 0.05)
    service = PaintingService(Settings(policy=service_of(app).settings.policy, unwatched_seconds=1))
    try:
        jobs = [service.submit(wanted(300, agent="greedy")) for _ in range(4)]
        never_watched, watched, left, waiting = jobs
        for job in jobs[1:]:
            job.watch()
        for job in (left, waiting):
            job.leave()
        wait_until(lambda: waiting.over)
        assert waiting.state is State.CANCELLED
        assert "Nobody watched" in waiting.message.text()
        assert (watched.over, never_watched.over) == (False, False)
        never_watched.cancel()
        watched.watch()
        wait_until(lambda: watched.state is State.PAINTING and watched.strokes_done > 0)
        watched.leave()
        time.sleep(1.5)
        assert not watched.stopping  # one of its two watchers is still there
        watched.leave()
        wait_until(lambda: watched.over)
        assert (watched.state, watched.stopped) == (State.FINISHED, True)
    finally:
        assert service.close(30)


def test_a_stream_that_breaks_is_a_watcher_who_left_and_a_look_keeps_the_painting(
    app: Flask, client: FlaskClient, gate: threading.Event
) -> None:
    painting = request_painting(client, agent="random")
    job = service_of(app).find(painting["id"])
    stream = client.get(painting["links"]["events"], buffered=False)
    assert not job.is_abandoned(-math.inf)
    stream.close()
    assert job.is_abandoned(0)
    time.sleep(0.3)
    assert job.is_abandoned(0.2)
    client.get(painting["links"]["self"])
    assert not job.is_abandoned(0.2)
    gate.set()
    finish(app, painting["id"])
    assert not job.is_abandoned(0)


def test_clients_are_told_apart_by_address_and_households_by_their_network(app: Flask) -> None:
    def client_at(address: str) -> str:
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": address}) as context:
            return client_of(context.request)

    assert client_at("192.0.2.1") != client_at("192.0.2.2")
    assert client_at("2001:db8::1") == client_at("2001:db8::ffff:1") != client_at("2001:db8:0:1::1")
    assert client_at("::ffff:192.0.2.1") == client_at("192.0.2.1")
    assert client_at("nobody") == ""
