"""The page comes back as it was left: after a reload, Back, another language, and a service that was started anew."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from helpers.web_page import (
    address,
    browser,
    choose_halves,
    count,
    ink,
    marks,
    open_page,
    page,
    paint,
    ready,
    save,
    serve,
    wait_until_done,
)
from helpers.web_service import save_untrained_policy, service_of
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings
from PIL import Image

__all__ = ["address", "browser", "page"]
pytestmark = marks


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    return create_app(Settings(policy=str(policy), time_limit=60))


@pytest.mark.parametrize("size", ["64", "512"])
def test_a_reload_and_back_bring_the_painting_back(page: Any, size: str) -> None:
    paint(page, size=size, strokes="40")
    wait_until_done(page)
    painted = ink(page)
    page.reload()
    ready(page)
    assert (count(page), ink(page)) == (40, painted)
    assert page.inner_text("#status") == "A painting of yours, kept by this browser."
    assert page.inner_text(".play") == "Play"
    page.click("text=For programs")
    page.go_back()
    ready(page)
    assert (count(page), ink(page)) == (40, painted)
    page.locator(".position").fill("10")
    assert count(page) == 10
    assert 0 < ink(page) < painted


def test_each_tab_has_its_own_painting_back(page: Any, address: str) -> None:
    paint(page, size="512", strokes="1500")
    page.wait_for_selector(".easel .tools", state="visible")
    other = page.context.new_page()
    other.goto(address)
    ready(other)
    other.click("#stop")  # of what it found under way
    wait_until_done(other)
    wait_until_done(page)
    paint(page, strokes="11")
    wait_until_done(page)
    paint(other, strokes="12")
    wait_until_done(other)
    for tab, strokes in ((page, 11), (other, 12)):
        tab.reload()
        ready(tab)
        assert count(tab) == strokes
    page.evaluate("sessionStorage.clear()")
    page.reload()
    ready(page)
    assert count(page) == 12  # the newest


def test_a_painting_under_way_is_followed_after_a_reload(page: Any) -> None:
    paint(page, strokes="5")
    wait_until_done(page)
    paint(page, size="512", strokes="1500")
    page.wait_for_function("() => document.querySelector('.easel canvas').width === 512")
    for _ in range(2):
        page.reload()
        ready(page)
    page.wait_for_selector("#stop", state="visible")
    wait_until_done(page)
    assert count(page) == 1500


def test_what_was_painted_stays_when_the_service_is_started_anew_in_the_middle(browser: Any, tmp_path: Path) -> None:
    app = create_app(Settings(policy=str(save_untrained_policy(tmp_path)), time_limit=60))
    with serve(app) as address, open_page(browser, address) as page:
        paint(page, size="1024", strokes="5000")
        page.wait_for_function("() => Number(document.querySelector('.count')?.textContent.replace(',', '')) > 100")
        service_of(app).close()
        page.wait_for_selector("#problem:has-text('to be started anew; order the painting again')")
        assert page.inner_text("#status") == "Painted as far as it came."
        painted = count(page), ink(page)
        assert 100 < painted[0] < 5000
        assert Image.open(save(page, "painting.png")).size == (1024, 768)
        page.reload()
        ready(page)
        assert (count(page), ink(page)) == painted


def test_the_chosen_picture_is_there_after_a_reload_back_and_another_language(page: Any, tmp_path: Path) -> None:
    def go_away_and_back() -> None:
        page.click(".foot a")
        page.go_back()
        ready(page)

    page.check("[name=sample][value=moon]", force=True)
    page.check("[name=patience][value=patient]", force=True)
    page.click("#more summary")
    page.select_option("#paper", "own")
    go_away_and_back()
    page.wait_for_selector("#chosen[alt*=Moon]")
    assert page.is_checked("[name=sample][value=moon]")
    assert page.inner_text("#preset-hint") == "4,000 strokes on 1,024 pixels."  # which is what is chosen
    page.click("#more summary")
    assert page.is_visible("#paper-own")
    choose_halves(page, tmp_path)
    page.click("#adjust")
    page.click("#cropper .turn")
    page.click("#cropper .done")
    page.wait_for_function("() => document.getElementById('chosen').naturalWidth === 100")
    for leave in (page.reload, go_away_and_back, lambda: page.select_option("#language", "de")):
        leave()
        page.wait_for_function("() => document.getElementById('chosen').naturalWidth === 100")
        assert "halves.png" in page.get_attribute("#chosen", "alt")
        assert page.locator("#samples :checked").count() == 0
    paint(page, size="512", strokes="4")
    wait_until_done(page)
    assert page.locator(".easel canvas").evaluate("canvas => [canvas.width, canvas.height]") == [256, 512]
    page.check("[name=sample][value=fish]", force=True)
    page.reload()
    ready(page)
    assert "halves.png" not in page.get_attribute("#chosen", "alt")
    page.select_option("#language", "en")
    ready(page)
    choose_halves(page, tmp_path)
    page.evaluate("sessionStorage.clear()")  # as where nothing may be kept
    go_away_and_back()
    page.wait_for_selector("#samples :checked + img")
    paint(page, strokes="5")
    wait_until_done(page)
