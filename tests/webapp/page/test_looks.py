"""The page in a real browser: its language, its light, the keyboard, and itself as an app on the home screen."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.web_page import browser, marks, open_page, paint, ready, serve, shoot, unfold, wait_until_done
from helpers.web_service import save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.jobs.batching import FAILURE
from paintgym.webapp.page.languages import languages
from paintgym.webapp.settings import Settings

__all__ = ["browser"]
pytestmark = marks


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=5))) as address:
        yield address


@pytest.mark.parametrize("code", languages())
def test_the_page_speaks_the_browsers_language_to_the_last_word(browser: Any, address: str, code: str) -> None:
    texts = languages()[code]
    with open_page(browser, address, locale=code) as page:
        number = {"de": "2.000", "fr": "2\u202f000", "es": "2.000"}.get(code, "2,000")  # as the language writes it
        assert page.inner_text("#preset-hint") == texts["preset.hint"].format(strokes=number, side=512)
        paint(page, strokes="5")
        wait_until_done(page)
        assert page.inner_text("#paint") == texts["order.paint"]
        assert page.inner_text(".further") == texts["easel.further"]
        sign = "," if code in ("de", "es", "fr") else "."
        assert all(sign in page.inner_text(figure) for figure in (".loss", ".seconds"))
        filled = texts["status.finished"].replace("{strokes}", "5")
        assert all(part in page.inner_text("#status") for part in re.split(r"{\w+}", filled))
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        shoot(page, f"language-{code}")


def test_what_the_service_refuses_is_told_in_the_readers_language(
    browser: Any, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"hello")
    monkeypatch.setattr("paintgym.webapp.jobs.worker.Worker._paint", lambda worker, job: job.fail(FAILURE))
    with open_page(browser, address, locale="de") as page:
        page.set_input_files("#picture", tmp_path / "broken.jpg")
        page.wait_for_selector("#picture-problem:has-text('Das ist kein Bild in PNG')")
        assert page.inner_text("#picture-problem").endswith("Das Bild davor bleibt gewählt.")
        paint(page, size="512", strokes="5")
        page.wait_for_selector("#problem:has-text('es liegt an uns')")
        page.evaluate("document.getElementById('request').noValidate = true")
        paint(page, size="512", strokes="5001")
        page.wait_for_selector("#problem:has-text('eine ganze Zahl von 1 bis 5.000')")
        assert "PAINTGYM_MAXIMUM_LARGE_STROKES" in page.inner_text("#problem")
        page.route("**/paintings", lambda route: route.fulfill(status=503, json={"error": "Of a later version."}))
        paint(page, size="512", strokes="5")
        page.wait_for_selector("#problem:text-is('Of a later version.')")


def test_language_and_light_are_chosen_by_hand_and_stay(browser: Any, address: str) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with open_page(browser, address, color_scheme="light") as page:
        light = page.evaluate(background)
        page.select_option("#theme", "dark")
        dark = page.evaluate(background)
        assert dark != light
        page.reload()
        ready(page)
        assert page.evaluate(background) == dark
        page.select_option("#theme", "")
        assert page.evaluate(background) == light
        with page.expect_navigation():
            page.select_option("#language", "fr")
        ready(page)
        assert page.inner_text("#paint") == "Peindre"
        page.goto(f"{address}/nothing")
        assert page.get_attribute("html", "lang") == "fr"


def test_the_keyboard_alone_is_enough(browser: Any, address: str) -> None:
    with open_page(browser, address) as page:
        page.focus("#samples input:checked")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("#chosen[alt*='Moon']")
        page.focus("[name=detail]:checked")
        page.keyboard.press("ArrowLeft")
        assert page.is_checked("[name=detail][value=loose]")
        page.focus("#more summary")
        page.keyboard.press("Enter")
        page.focus("#researchers summary")
        page.keyboard.press("Space")
        page.focus("[name=agent]:checked")
        page.keyboard.press("ArrowDown")
        assert page.is_checked("[name=agent][value='policy+refine']")
        page.keyboard.press("ArrowUp")
        assert page.is_checked("[name=agent][value=policy]")
        page.select_option("#size", "64")
        page.fill("#strokes", "5")
        page.keyboard.press("Enter")  # in a field: the form is sent
        wait_until_done(page)
        assert page.evaluate("document.activeElement.id") == "strokes"
        for slider, key, value in (
            (".compare", "ArrowRight", "1 percent uncovered"),
            (".position", "ArrowLeft", "stroke 4 of 5"),
            (".pace", "Home", "1 strokes a second"),
            ("#strokes-slider", "Home", "1 strokes"),
            ("#least-size", "End", "100 percent"),
        ):
            page.focus(slider)
            page.keyboard.press(key)
            assert page.get_attribute(slider, "aria-valuetext") == value
        unfold(page)
        unnamed = """() => [...document.querySelectorAll("input, select, button, canvas, svg[role], video")].filter(
            element => element.checkVisibility() && !element.labels?.length && !element.ariaLabel
                && !element.getAttribute("aria-labelledby") && !element.innerText && !element.querySelector("img[alt]")
        ).map(element => element.outerHTML)"""
        assert page.evaluate(unnamed) == []


def test_it_can_be_installed(browser: Any, address: str) -> None:
    with open_page(browser, address) as page:
        session = page.context.new_cdp_session(page)
        manifest = session.send("Page.getAppManifest")
        assert manifest["errors"] == []
        described = json.loads(manifest["data"])
        assert described["display"] == "standalone"
        errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert [error for error in errors if error["errorId"] != "in-incognito"] == []  # as all tests are
        for icon in described["icons"]:
            shape = page.evaluate(
                """async address => {
                    const image = new Image();
                    image.src = new URL(address, document.querySelector("link[rel=manifest]").href);
                    await image.decode();
                    return `${image.naturalWidth}x${image.naturalHeight}`;
                }""",
                icon["src"],
            )
            assert icon["sizes"] in ("any", shape)
