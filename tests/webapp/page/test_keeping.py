"""Nothing is lost on the page: what was painted is kept when an order is stopped, fails, is reloaded, or expires."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from helpers.web_page import (
    NARROW,
    WIDE,
    address,
    browser,
    count,
    ink,
    marks,
    open_page,
    page,
    paint,
    ready,
    save,
    shoot,
    unfold,
    wait_until_done,
)
from helpers.web_service import save_untrained_policy, service_of
from paintgym.webapp.application import create_app
from paintgym.webapp.jobs.batching import FAILURE
from paintgym.webapp.settings import Settings
from PIL import Image

__all__ = ["address", "browser", "page"]
pytestmark = marks


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    return create_app(Settings(policy=str(policy), time_limit=60, large_workers=1))


def wait_until_forgotten(page: Any, app: Flask, identity: str) -> None:
    for _ in range(100):
        if identity not in service_of(app)._jobs:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the service still has it")


def test_escape_stops_and_keeps_what_there_is(page: Any) -> None:
    paint(page, size="1024", strokes="5000")
    page.wait_for_function("() => Number(document.querySelector('.count')?.textContent.replace(',', '')) > 100")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "paint"  # where it was
    wait_until_done(page)
    assert 100 < count(page) < 5000
    assert Image.open(save(page, "painting.png")).size == (1024, 768)
    assert len(json.loads(save(page, "painting.json").read_text())["strokes"]) == count(page)


def test_the_stop_button_gives_the_focus_to_the_painting(page: Any) -> None:
    paint(page, size="1024", strokes="5000")
    page.wait_for_selector(".easel .tools", state="visible")
    page.focus("#stop")
    page.keyboard.press("Enter")
    wait_until_done(page)
    assert page.evaluate("document.activeElement.className") == "button play"


@pytest.mark.parametrize("size", ["64", "512"])
def test_five_hundred_strokes_more(page: Any, size: str) -> None:
    paint(page, size=size, strokes="30")
    wait_until_done(page)
    page.click(".further")
    wait_until_done(page)
    assert count(page) == 530
    page.locator(".position").fill("30")
    assert count(page) == 30
    assert len(json.loads(save(page, "painting.json").read_text())["strokes"]) == 530


def test_a_refused_and_a_failed_order_leave_the_last_painting(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(page, strokes="12")
    wait_until_done(page)
    painted = ink(page)
    page.route("**/paintings", lambda route: route.fulfill(status=503, json={"error": "Too many; try again in 7 s."}))
    paint(page, strokes="5")
    page.wait_for_selector("#problem:text-is('Too many; try again in 7 s.')")
    assert (count(page), ink(page)) == (12, painted)
    page.unroute("**/paintings")
    monkeypatch.setattr("paintgym.webapp.jobs.worker.Worker._paint", lambda worker, job: job.fail(FAILURE))
    paint(page, size="512", strokes="5")
    page.wait_for_selector("#problem:has-text('for a reason of our own')")
    assert (count(page), ink(page)) == (12, painted)
    assert page.is_visible(".after")
    assert page.inner_text("#status") == "Not painted."


def test_what_expired_on_the_service_is_saved_from_the_browser(page: Any, app: Flask) -> None:
    paint(page, size="512", strokes="25")
    wait_until_done(page)
    service_of(app)._jobs.clear()
    assert Image.open(save(page, "painting.png")).size == (512, 384)
    assert len(json.loads(save(page, "painting.json").read_text())["strokes"]) == 25
    assert Image.open(save(page, "painting.webp")).n_frames > 10  # made of the strokes that the browser has
    page.reload()
    ready(page)
    assert Image.open(save(page, "painting.png")).size == (512, 384)
    service_of(app)._jobs.clear()
    page.click(".further")
    page.wait_for_selector(".count:text-is('525')")
    wait_until_done(page)
    assert len(json.loads(save(page, "painting.json").read_text())["strokes"]) == 525
    service_of(app)._jobs.clear()
    page.click(".share")
    page.wait_for_selector("#sharing .setting", state="visible")
    assert page.request.get(page.input_value("#sharing .link")).status == 200
    page.keyboard.press("Escape")
    given = next(iter(service_of(app)._jobs))
    page.locator(".kept .away").first.click()  # which the service then forgets, though it was given it once more
    wait_until_forgotten(page, app, given)


def test_what_is_gone_and_not_taken_back_is_said(page: Any, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(page, strokes="5")
    wait_until_done(page)
    page.evaluate("document.querySelector('.saving').open = true")
    page.route("**/*.gif", lambda route: route.fulfill(status=503, json={"error": "Others are drawn; wait 9 s."}))
    page.click(".downloads a[download='painting.gif']")
    page.wait_for_selector(".saved:text-is('Others are drawn; wait 9 s.')")
    service_of(app)._jobs.clear()
    page.route("**/paintings", lambda route: route.abort())
    page.click(".downloads a[download='painting.webp']")
    page.wait_for_selector(".saved:has-text('still in this browser')")


def test_one_sees_ones_own_paintings_and_throws_them_away(page: Any, tmp_path: Path) -> None:
    for strokes in ("11", "12", "13"):
        paint(page, strokes=strokes)
        page.wait_for_selector(f".kept img[alt^='{strokes} strokes']")
    assert page.locator(".kept li").count() == 3
    page.click(".kept img[alt^='11 strokes']")
    page.wait_for_selector(".count:text-is('11')")
    page.wait_for_function("() => document.querySelector('.frame canvas').getBoundingClientRect().top >= 0")
    shoot(page, "history")
    page.locator(".kept .away").nth(1).click()
    page.wait_for_selector(".kept img[alt^='12 strokes']", state="detached")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#history-empty")
    page.wait_for_selector("#history", state="hidden")
    page.reload()
    ready(page)
    assert page.is_visible("#growing")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_why_nothing_is_painted_is_seen(browser: Any, address: str, viewport: dict[str, int]) -> None:
    seen = """() => {
        const {top, bottom, height} = document.getElementById("problem").getBoundingClientRect();
        return height > 0 && top >= 0 && bottom <= innerHeight;
    }"""
    with open_page(browser, address, viewport=viewport) as page:
        page.route("**/paintings", lambda route: route.fulfill(status=503, json={"error": "Too many; wait 7 s."}))
        for unfolded in (False, True):
            if unfolded:
                unfold(page)
                page.locator("#seed, #painter").first.scroll_into_view_if_needed()
            page.click("#paint")
            page.wait_for_selector("#problem:text-is('Too many; wait 7 s.')")
            page.wait_for_function(seen)


def test_where_the_browser_keeps_nothing_it_is_said(page: Any) -> None:
    page.add_init_script("indexedDB.open = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    page.reload()
    ready(page)
    paint(page, strokes="5")
    wait_until_done(page)
    assert page.inner_text("#status").endswith("This browser keeps no paintings; save what you want to have.")
    assert Image.open(save(page, "painting.png")).size == (512, 512)


def test_what_is_thrown_away_is_forgotten_by_the_service_too_but_for_what_was_shared(page: Any, app: Flask) -> None:
    for strokes in ("11", "12"):
        paint(page, strokes=strokes)
        page.wait_for_selector(f".kept img[alt^='{strokes} strokes']")
    first, second = list(service_of(app)._jobs)[-2:]
    page.click(".share")
    page.wait_for_selector("#sharing .setting", state="visible")
    link = page.input_value("#sharing .link")
    page.keyboard.press("Escape")
    page.locator(".kept .away").first.click()
    wait_until_forgotten(page, app, second)
    assert first in service_of(app)._jobs
    assert page.request.get(link).status == 200
    paint(page, size="1024", strokes="5000")
    page.wait_for_function("() => document.querySelector('.count').textContent.includes(',')")
    under_way = next(reversed(service_of(app)._jobs))
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#history-empty")
    page.wait_for_selector("#status:text-is('Canceled.')")
    wait_until_forgotten(page, app, first)
    wait_until_forgotten(page, app, under_way)
    assert page.is_hidden("#history")
    assert count(page) == 12  # what was on the sheet before
    page.reload()
    ready(page)
    assert page.is_visible("#growing")


def test_the_place_in_the_queue_is_told_and_seconds_count_down(browser: Any, address: str) -> None:
    with open_page(browser, address) as first, open_page(browser, address) as second:
        paint(first, size="1024", strokes="5000")
        first.wait_for_selector(".easel .tools", state="visible")
        paint(second, size="512", strokes="10")
        second.wait_for_selector("#status:text-is('Yours is next.')")
        seconds = "() => Number(document.getElementById('countdown').textContent.match(/\\d+/)?.[0])"
        second.wait_for_function(f"() => ({seconds})() > 0")
        told = second.evaluate(seconds)
        second.wait_for_function(f"() => ({seconds})() < {told} || document.querySelector('.after')?.checkVisibility()")
        shoot(second, "queued")
        first.click("#stop")
        wait_until_done(second)
        assert re.search("10 strokes", second.inner_text("#status"))
        wait_until_done(first)


def test_an_order_that_waits_is_given_up_and_leaves_nothing(browser: Any, address: str) -> None:
    with open_page(browser, address) as first, open_page(browser, address) as second:
        paint(first, size="1024", strokes="5000")
        first.wait_for_selector(".easel .tools", state="visible")
        paint(second, size="512", strokes="10")
        second.wait_for_selector("#status:text-is('Yours is next.')")
        second.click("#stop")
        second.wait_for_selector("#status:text-is('Canceled.')")
        assert second.is_visible("#growing")
        first.click("#stop")
        wait_until_done(first)
