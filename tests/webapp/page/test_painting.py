"""The page in a real browser: a picture is given and painted to be watched, compared, replayed, and taken home."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.web_page import (
    NARROW,
    browser,
    ink,
    marks,
    open_page,
    page,
    paint,
    save,
    serve,
    shoot,
    unfold,
    wait_for_ink,
    wait_until_done,
)
from helpers.web_service import picture, save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.options.choices import AGENTS
from paintgym.webapp.settings import Settings
from PIL import Image

__all__ = ["browser", "page"]
pytestmark = marks


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=3))) as address:
        yield address


def test_the_best_is_the_default_and_presets_are_words(page: Any) -> None:
    def chosen() -> tuple[str, str]:
        return page.input_value("#size"), page.input_value("#strokes")

    assert chosen() == ("512", "2000")
    page.check("[name=detail][value=sketch]", force=True)
    assert chosen() == ("512", "300")
    page.check("[name=patience][value=patient]", force=True)
    assert chosen() == ("1024", "600")
    page.check("[name=detail][value=fine]", force=True)
    assert chosen() == ("1024", "4000")
    assert page.inner_text("#preset-hint") == "4,000 strokes on 1,024 pixels."
    unfold(page)
    page.fill("#strokes", "777")  # by hand: no word for it
    assert page.locator("[name=detail]:checked").count() == 0
    page.fill("#strokes", "1600")
    assert page.is_checked("[name=detail][value=loose]")
    shown = page.inner_text("main")
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = false; })")
    for word in ("policy", "gradient", "GAN", "seed"):
        assert word.lower() not in page.inner_text("main").lower()
        assert word.lower() in shown.lower() or word == "seed"


def test_a_whole_picture_is_painted_slowly_enough_to_be_watched(browser: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "wide.jpg").write_bytes(picture("JPEG", (640, 320)))
    with open_page(browser, address, motion=True) as page:
        page.set_input_files("#picture", tmp_path / "wide.jpg")
        paint(page, size="512", strokes="400")
        page.wait_for_selector(".easel .tools", state="visible")
        page.locator(".pace").fill("50")  # 22 strokes a second
        page.wait_for_selector("#stop", state="hidden")
        early = int(page.inner_text(".count"))
        assert early < 350  # the service is done, the sheet is not
        page.wait_for_timeout(500)
        assert 3 <= int(page.inner_text(".count")) - early <= 40
        page.click(".at-once")
        page.wait_for_selector(".count:text-is('400')")
        assert page.locator(".easel canvas").evaluate("canvas => [canvas.width, canvas.height]") == [512, 256]
        painted = ink(page)
        page.locator(".position").fill("0")
        wait_for_ink(page, lambda part: part == 0)
        page.locator(".position").fill("399")
        wait_for_ink(page, lambda part: part > painted / 2)
        page.locator(".position").fill("400")
        wait_for_ink(page, lambda part: part == painted)
        page.click(".play")  # from the beginning
        page.wait_for_function("() => Number(document.querySelector('.count').textContent) < 100")
        page.keyboard.press("Escape")
        assert page.inner_text(".play") == "Play"
        assert Image.open(save(page, "painting.png")).size == (512, 256)


def test_a_small_painting_is_replayed_with_its_figures_and_fetched(page: Any, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(picture("JPEG", (640, 480)))
    page.set_input_files("#picture", tmp_path / "photo.jpg")
    page.wait_for_selector("#chosen[alt*='photo.jpg']")
    paint(page, strokes="60")
    wait_until_done(page)
    assert re.search(r"60 strokes in [\d.]+ seconds", page.inner_text("#status"))
    assert page.inner_text(".count") == "60"
    assert ink(page) > 0.1
    finished, error = ink(page), float(page.inner_text(".loss"))
    page.locator(".position").fill("10")
    assert page.inner_text(".count") == "10"
    assert page.get_attribute(".position", "aria-valuetext") == "stroke 10 of 60"
    assert float(page.inner_text(".loss")) > error
    assert 0 < ink(page) < finished
    page.click(".play")
    page.wait_for_selector(".count:text-is('60')")
    assert ink(page) == pytest.approx(finished)
    page.click("#curve summary")
    assert page.locator(".curve polyline").get_attribute("points").count(",") > 3
    if page.is_visible(".real"):
        page.click(".real")
        page.wait_for_selector(".real[aria-pressed=true]")
        assert ink(page) > 0.05
    for form in ("png", "webp", "gif"):
        assert Image.open(save(page, f"painting.{form}")).format == form.upper()
    assert len(json.loads(save(page, "painting.json").read_text())["strokes"]) == 60
    assert all("\n" in text for text in page.locator(".downloads a").all_inner_texts())  # a name, and what it is
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_the_picture_is_compared_by_dragging_on_the_painting(browser: Any, address: str) -> None:
    uncovered = "() => getComputedStyle(document.querySelector('.target')).clipPath"
    for options in ({}, {"viewport": NARROW, "has_touch": True, "is_mobile": True}):
        with open_page(browser, address, **options) as page:
            paint(page, strokes="5")
            wait_until_done(page)
            page.wait_for_selector(".compare", state="visible")
            page.locator(".easel .frame").scroll_into_view_if_needed()
            box = page.locator(".compare").bounding_box()
            x, y = box["x"] + 0.25 * box["width"], box["y"] + 0.3 * box["height"]
            if options:
                page.touchscreen.tap(x, y)
            else:
                page.mouse.move(box["x"] + 3, y)
                page.mouse.down()
                page.mouse.move(x, y, steps=4)
                page.mouse.up()
            assert 20 <= int(page.input_value(".compare")) <= 30
            part = float(re.search(r"inset\(0(?:px)? ([\d.]+)%|calc", page.evaluate(uncovered))[1] or 0)
            assert 70 <= part <= 80
            page.focus(".compare")
            page.keyboard.press("End")
            assert page.get_attribute(".compare", "aria-valuetext") == "100 percent uncovered"


def test_what_is_cut_off_by_the_time_limit_is_handed_over_and_said(page: Any) -> None:
    paint(page, size="1024", strokes="5000", agent="policy")
    wait_until_done(page)
    strokes = int(page.inner_text(".count").replace(",", ""))
    assert 0 < strokes < 5000
    assert "longer than 3 seconds" in page.inner_text("#status")
    assert "PAINTGYM_TIME_LIMIT" in page.inner_text("#status")
    assert len(json.loads(save(page, "painting.json").read_text())["strokes"]) == strokes


def test_the_empty_sheet_shows_a_painting_that_grows(browser: Any, address: str) -> None:
    with open_page(browser, address, motion=True) as page:
        page.wait_for_function("() => document.querySelector('#growing video').currentTime > 0.3")


def test_a_painting_can_be_seen_at_once_in_a_low_window(browser: Any, address: str) -> None:
    low = {"width": 844, "height": 390}  # a telephone that lies
    with open_page(browser, address, viewport=low, has_touch=True, is_mobile=True) as page:
        for size in ("64", "512"):
            paint(page, size=size, strokes="5")
            wait_until_done(page)
            assert page.locator(".easel canvas").bounding_box()["height"] <= 0.75 * low["height"]


def test_the_painting_fills_the_screen(page: Any) -> None:
    paint(page, strokes="5")
    wait_until_done(page)
    page.click(".whole")
    page.wait_for_function("() => document.fullscreenElement?.className === 'frame'")
    page.wait_for_selector(".whole:text-is('Leave full screen')")
    shoot(page, "full-screen")
    page.click(".whole")
    page.wait_for_function("() => document.fullscreenElement === null")


def test_every_agent_of_the_page_is_one_of_the_service(page: Any) -> None:
    offered = page.locator("[name=agent]").evaluate_all("inputs => inputs.map(input => input.value)")
    assert offered == ["policy", "policy+refine", "gradient", "both"]
    assert {*offered} - {"both"} <= {*AGENTS}


def test_agents_that_paint_small_choose_the_size_and_a_seed_is_asked_for_where_it_matters(page: Any) -> None:
    unfold(page)
    for agent in ("policy", "policy+refine", "gradient", "both", "policy"):
        page.check(f"[name=agent][value='{agent}']")
        assert page.is_visible("#seed") == (agent != "policy")
        assert page.input_value("#size") == ("512" if agent == "policy" and not page.is_visible("#seed") else "64") or (
            agent == "policy"
        )
    page.check("[name=agent][value=gradient]")
    assert page.input_value("#strokes") == "200"
    page.select_option("#size", "512")  # which the policy alone paints
    assert page.is_checked("[name=agent][value=policy]")
    assert page.input_value("#strokes") == "2000"


def test_two_agents_paint_side_by_side_with_equal_strokes(page: Any) -> None:
    paint(page, agent="both", strokes="20")
    page.wait_for_selector(".easel:nth-child(2) .after", state="visible")
    wait_until_done(page)
    assert page.locator(".easel h2").all_inner_texts() == ["Policy", "Gradient"]
    assert page.locator(".count").all_inner_texts() == ["20", "20"]
    assert min(ink(page, 0), ink(page, 1)) > 0.02
    assert page.locator(".curve polyline").count() == 2
    page.locator(".position").nth(1).fill("5")
    assert page.locator(".count").all_inner_texts() == ["20", "5"]


def test_of_two_agents_with_one_refused_the_other_is_canceled(page: Any) -> None:
    def refuse(route: Any) -> None:
        if b"gradient" in route.request.post_data_buffer:
            route.fulfill(status=503, json={"error": "Too many; try again in 7 s."})
        else:
            route.continue_()

    page.route("**/paintings", refuse)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as canceled:
        paint(page, agent="both", strokes="200")
    assert canceled.value.status == 204
    page.wait_for_selector("#problem:text-is('Too many; try again in 7 s.')")
    assert page.is_hidden("#stop")
    assert page.is_visible("#growing")


def test_an_example_of_the_wall_is_played_and_its_settings_are_taken(page: Any) -> None:
    example = page.locator(".wall li").nth(2)
    example.locator(".toggle").click()
    page.wait_for_function("() => document.querySelectorAll('.wall video')[2].currentTime > 0.2")
    example.locator(".toggle").click()
    assert example.locator("video").evaluate("video => video.paused")
    for image in page.locator(".wall video").all():
        assert image.evaluate("async video => (await fetch(video.poster)).ok && (await fetch(video.src)).ok")
    example.locator(".use").click()
    assert page.is_checked("[name=sample][value=moon]")
    assert page.is_checked("[name=brush][value='deevad/chalk']")
    assert (page.input_value("#paper"), page.input_value("#strokes")) == ("#1b1a1d", "2000")
    assert page.evaluate("document.activeElement.id") == "paint"
