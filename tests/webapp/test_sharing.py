"""Shared paintings: a page for each that says what it is, files in every form, and nothing for who guesses."""

import io
import json
import re
import threading
import time
from dataclasses import replace
from html.parser import HTMLParser

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
    finish,
    request_painting,
    service_of,
)
from paintgym.webapp import encoding
from paintgym.webapp.store.memory import MemoryStore
from paintgym.webapp.store.store import StoreError
from PIL import Image

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")


class Page(HTMLParser):
    """What a page's tags say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        self.links += [value for name, value in given.items() if name in ("href", "src", "poster") and value]
        if tag == "meta":
            self.meta[given.get("property") or given.get("name") or ""] = given.get("content") or ""


@pytest.fixture
def painting(app: Flask, client: FlaskClient) -> dict:
    painting = request_painting(client, strokes="5")
    finish(app, painting["id"])
    return painting


def share(client: FlaskClient, painting: dict, title: str = "") -> dict:
    answer = client.post(painting["links"]["share"], json={"title": title}, headers=JSON)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def test_a_shared_painting_has_a_page_and_files_in_every_form(client: FlaskClient, painting: dict) -> None:
    shared = share(client, painting, "My   cat")
    assert re.fullmatch(r"/p/[A-Za-z0-9_-]{22}", shared["url"])
    assert (shared["title"], shared["expires"], shared["strokes"]) == ("My cat", None, 5)
    assert shared["settings"]["brush"] == "classic/dry_brush"
    text = client.get(shared["url"], headers=BROWSER).text
    page = Page(text)
    assert page.meta["og:title"] == "My cat"
    assert page.meta["og:url"] == f"http://localhost{shared['url']}"
    assert page.meta["og:image"] == f"http://localhost{shared['url']}.png"
    assert "Paint your own" in text
    picture = Image.open(io.BytesIO(client.get(f"{shared['url']}.png").data))
    assert picture.size == (int(page.meta["og:image:width"]), int(page.meta["og:image:height"])) == (512, 512)
    mine = Image.open(io.BytesIO(client.get(painting["links"]["png"]).data))
    assert np.array_equal(np.asarray(picture), np.asarray(mine))
    for address in page.links:
        answer = client.get(address.replace("?size=4096", "?size=96"))
        assert answer.status_code == 200, address
    for name, start in {"webp": b"RIFF", "svg": b"<svg", "json": b"{"}.items():
        for _ in range(2):  # the second time from the store
            answer = client.get(shared["links"][name])
            assert answer.data.startswith(start)
            assert "max-age=3600" in answer.headers["Cache-Control"]
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    for address in (shared["url"], painting["links"]["png"]):
        assert client.get(address).headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert client.get(shared["url"], headers=JSON).get_json() == shared
    assert share(client, painting, "another")["url"] == shared["url"]


def test_a_link_does_not_tell_of_the_painting_that_was_continued(
    app: Flask, client: FlaskClient, painting: dict
) -> None:
    more = client.post("/paintings", json={"continue": painting["id"], "strokes": 2}, headers=JSON).get_json()
    finish(app, more["id"])
    shared = share(client, more)
    service = service_of(app)
    entry = service.store.find(shared["url"].rsplit("/", 1)[1])
    # One that was kept when they were still told.
    facts = {**entry.facts, "settings": {**entry.facts["settings"], "continued": painting["id"]}}
    service.store.put(replace(entry, key="B" * 22, facts=facts), {})
    for document in (entry.facts, shared, client.get("/p/" + "B" * 22, headers=JSON).get_json()):
        assert painting["id"] not in json.dumps(document)


def test_parts_of_a_film_are_answered(client: FlaskClient, painting: dict) -> None:
    address = share(client, painting)["links"]["webp"]
    for _ in range(2):  # made, and from the store
        answer = client.get(address, headers={"Range": "bytes=0-3"})
        assert (answer.status_code, answer.data) == (206, b"RIFF")
    whole = client.get(address)
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert answer.headers["Content-Range"] == f"bytes 0-3/{len(whole.data)}"


def test_films_do_not_hold_all_threads(app: Flask, client: FlaskClient, painting: dict, monkeypatch) -> None:
    links, shared = painting["links"], share(client, painting)["links"]
    monkeypatch.setattr(service_of(app), "stream_slots", threading.Semaphore(0))
    for address in (links["gif"], links["png"] + "?size=96", links["replay"], shared["webp"]):
        check_refusal(client.get(address), {503})
    for address in (links["png"], links["json"], shared["png"], shared["json"]):
        assert client.get(address).status_code == 200


def test_films_are_mp4_where_pyav_is(app: Flask, client: FlaskClient, painting: dict) -> None:
    pytest.importorskip("av")
    shared = share(client, painting)
    for address in (painting["links"]["mp4"], shared["links"]["mp4"]):
        answer = client.get(address)
        assert (answer.mimetype, answer.data[4:8]) == ("video/mp4", b"ftyp")
    assert Page(client.get(shared["url"], headers=BROWSER).text).meta["og:video"].endswith(".mp4")
    stored = service_of(app).store.read(shared["url"].rsplit("/", 1)[1], "film.mp4")
    assert stored == answer.data


def test_where_there_is_no_pyav_nobody_is_led_to_it(
    app: Flask, client: FlaskClient, painting: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_of(app), "has_mp4", False)
    monkeypatch.setattr("paintgym.agents.outputs.forms.importlib.util.find_spec", lambda _: None)
    text = client.get(share(client, painting)["url"], headers=BROWSER).text
    assert "mp4" not in text
    assert "mp4" not in client.get(painting["links"]["self"]).get_json()["links"]
    check_refusal(client.get(f"/paintings/{painting['id']}.mp4"), {404})


def test_strokes_are_drawn_again_for_print(
    client: FlaskClient, painting: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = painting["links"]["png"]
    small, large = (Image.open(io.BytesIO(client.get(f"{address}?size={side}").data)) for side in (64, 1024))
    assert (small.size, large.size) == ((64, 64), (1024, 1024))
    reduced = np.asarray(large.resize((64, 64), Image.Resampling.BOX), float)
    assert np.abs(reduced - np.asarray(small)).mean() < 6
    for size in ("0", "63", "4097", "1e3", "", "x", "9" * 99):
        check_refusal(client.get(f"{address}?size={size}"), {400})
    monkeypatch.setattr(encoding, "_PRINT_PART", 2)
    monkeypatch.setattr(encoding, "_PRINT_SECONDS", 0)
    answer = client.get(f"{address}?size=256")
    check_refusal(answer, {400})
    assert "longer than 0 seconds" in answer.text
    monkeypatch.setattr(encoding, "_print_slot", threading.Semaphore(0))  # others have it
    monkeypatch.setattr(encoding, "_PRINT_WAIT_SECONDS", 1)
    answer = client.get(f"{address}?size=4096")
    check_refusal(answer, {503})
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</title><script>alert(1)</script>",
        "{{ 7 * 7 }}{% raw %}",
        "javascript:alert(1)",
        "a\u202eb\u0000c\x1b[31m",
        "'" * 80,
    ],
)
def test_scripts_in_titles_are_text(client: FlaskClient, app: Flask, title: str) -> None:
    painting = request_painting(client, strokes="1")
    finish(app, painting["id"])
    shared = share(client, painting, title)
    answer = client.get(shared["url"], headers=BROWSER)
    page = Page(answer.text)
    assert page.meta["og:title"] == shared["title"]
    assert all(letter.isprintable() for letter in shared["title"])
    assert "script" not in page.tags
    assert "49" not in shared["title"]
    assert not any(link.startswith("javascript:") or link == "x" for link in page.links)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("body", [{"title": 5}, {"title": "x" * 81}, {"name": "x"}, {"title": ["x"]}, [], "x"])
def test_what_is_no_title_is_refused(client: FlaskClient, painting: dict, body: object) -> None:
    check_refusal(client.post(painting["links"]["share"], json=body, headers=JSON), {400})


def test_what_is_not_finished_or_not_there_is_not_shared(client: FlaskClient) -> None:
    check_refusal(client.post(f"/paintings/{UNKNOWN}/share", headers=JSON), {404})
    painting = request_painting(client, agent="greedy", strokes="300")
    check_refusal(client.post(painting["links"]["share"], headers=JSON), {409})
    client.delete(painting["links"]["self"])
    headers = {**JSON, "Sec-Fetch-Site": "cross-site"}
    check_refusal(client.post(painting["links"]["share"], headers=headers), {403})


def test_guesses_find_nothing_and_hear_nothing(app: Flask, client: FlaskClient, painting: dict) -> None:
    shared = share(client, painting)
    slug = shared["url"].rsplit("/", 1)[1]
    other = slug[:-1] + ("A" if slug[-1] != "A" else "B")
    guesses = [other, slug[:-1], slug + "A", slug.swapcase(), "A" * 22, painting["id"], "..", "%2e%2e%2f" * 3, "*" * 22]
    for guess in guesses:
        for form in ("", ".png", ".json"):
            check_refusal(client.get(f"/p/{guess}{form}", headers=JSON), {404, 308})
    # A painting that is kept for another reason is no shared one.
    service_of(app).store.put(replace(service_of(app).store.find(slug), key=other, kind="result"), {})
    check_refusal(client.get(f"/p/{other}", headers=JSON), {404})
    assert len({share(client, painting)["url"] for _ in range(3)}) == 1


def test_a_link_to_what_is_not_there_leads_to_the_page_as_it_is(
    app: Flask, client: FlaskClient, painting: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = client.get("/", headers=BROWSER).text
    for slug in ("0" * 22, "../../etc/passwd", "<script>", "x" * 5000, ""):
        assert client.get("/", query_string={"like": slug}, headers=BROWSER).text == usual
    slug = share(client, painting)["url"].rsplit("/", 1)[1]
    assert client.get("/", query_string={"like": slug}, headers=BROWSER).text != usual

    def fail(*_: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(service_of(app).store, "find", fail)
    assert client.get("/", query_string={"like": slug}, headers=BROWSER).text == usual


def test_a_form_without_scripts_leads_to_the_page(client: FlaskClient, painting: dict) -> None:
    answer = client.post(painting["links"]["share"], data={"title": "Tree"}, headers=BROWSER)
    assert answer.status_code == 303
    assert "<h1>Tree</h1>" in client.get(answer.headers["Location"], headers=BROWSER).text


def test_where_nothing_can_be_kept_one_sentence_says_so(
    app: Flask, client: FlaskClient, painting: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk of the house is full")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "put", fail)
        answer = client.post(painting["links"]["share"], headers=JSON)
    check_refusal(answer, {503})
    assert "of the house" not in answer.text
    shared = share(client, painting)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "add", fail)  # a film is sent, even if it cannot be kept
        assert client.get(shared["links"]["webp"]).status_code == 200
        patch.setattr(MemoryStore, "find", fail)
        check_refusal(client.get(shared["url"], headers=JSON), {503})


def test_links_last_as_long_as_the_host_says(
    app: Flask, client: FlaskClient, painting: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_of(app), "settings", replace(service_of(app).settings, share_days=7))
    shared = share(client, painting)
    assert shared["expires"][:10] in client.get(shared["url"], headers=BROWSER).text
    now = time.time()
    monkeypatch.setattr("paintgym.webapp.store.store.time.time", lambda: now + 7 * 86_400 + 5)
    answer = client.get(shared["url"], headers=JSON)
    check_refusal(answer, {404})
    assert "PAINTGYM_SHARE_DAYS" in answer.text
