"""The page in all its states, wide and narrow, light and dark: axe-core finds nothing, and nothing overflows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.axe import violations
from helpers.web_page import (
    NARROW,
    PATIENCE,
    WIDE,
    browser,
    marks,
    open_page,
    paint,
    ready,
    serve,
    shoot,
    unfold,
    wait_until_done,
)
from helpers.web_service import picture, save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings

__all__ = ["browser"]
pytestmark = marks


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=60, large_workers=1, fetch_pictures=1))) as address:
        yield address


def check(page: Any, state: str, viewports: tuple[dict[str, int], ...] = (WIDE, NARROW)) -> None:
    """Look at a state in every width and light, in the page that is in it."""
    for viewport in viewports:
        if page.viewport_size != viewport:
            page.set_viewport_size(viewport)
        for light in ("light", "dark"):
            page.emulate_media(color_scheme=light)
            name = f"{state}-{viewport['width']}-{light}"
            shoot(page, name)
            assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], state


def test_nothing_is_found_while_a_picture_is_chosen(browser: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    with open_page(browser, address) as page:
        check(page, "empty")
        unfold(page)
        check(page, "settings")
        page.click("#adjust")
        page.wait_for_selector("#cropper[open]")
        check(page, "crop")
        page.click("#cropper .close")
        page.click("#camera")
        page.wait_for_selector("#viewfinder[open]")
        check(page, "camera")
        page.click("#viewfinder .close")
        page.set_input_files("#picture", tmp_path / "text.png")
        page.wait_for_selector("#picture-problem:not(:empty)")
        check(page, "problem")


def test_nothing_is_found_while_it_is_painted_and_afterwards(browser: Any, address: str) -> None:
    with open_page(browser, address) as page, open_page(browser, address) as other:
        paint(other, size="1024", strokes="5000")
        other.wait_for_selector(".easel .tools", state="visible")
        paint(page, size="1024", strokes="5000")
        page.wait_for_selector("#status:text-is('Yours is next.')")
        check(page, "queued")
        other.click("#stop")
        page.wait_for_selector(".easel .tools", state="visible")
        check(page, "painting")
        page.click("#stop")
        wait_until_done(page)
        check(page, "stopped")
        page.locator(".compare").fill("50")
        page.evaluate("document.querySelectorAll('.stage details').forEach(details => { details.open = true; })")
        check(page, "saving")
        page.click(".share")
        page.wait_for_selector("#sharing .setting", state="visible")
        check(page, "sharing")
        shared = page.input_value("#sharing .link")
        page.click("#sharing .close")
        for viewport in (WIDE, NARROW):
            page.set_viewport_size(viewport)
            page.click(".whole")
            page.wait_for_function("() => document.fullscreenElement")
            check(page, "full-screen", (viewport,))
            page.click(".whole")
            page.wait_for_function("() => !document.fullscreenElement")
        paint(page, agent="both", strokes="20")
        page.wait_for_function("() => /[1-9]/.test(document.querySelector('.easel:nth-child(2) .count')?.textContent)")
        page.click("#stop")
        page.wait_for_selector(".easel:nth-child(2) .after", state="visible")
        check(page, "side-by-side")
        page.route("**/paintings", lambda route: route.fulfill(status=503, json={"error": "Too many; wait 7 s."}))
        paint(page, strokes="5")
        page.wait_for_selector("#problem:not(:empty)")
        check(page, "refused")
        page.reload()
        ready(page)
        check(page, "kept")
        page.goto(shared)
        check(page, "shared")
        page.goto(f"{address}/p/{'0' * 22}")
        check(page, "shared-gone")


def make_plain(route: Any) -> None:
    """Answer as to a browser without scripts, which axe-core itself needs."""
    if route.request.method != "GET" or not route.request.url.endswith((".css", "/", "/nothing")):
        route.continue_()
        return
    answer = route.fetch()
    text = re.sub(r"<script.*?</script>|<link rel=.modulepreload.*?>|</?noscript[^>]*>", "", answer.text())
    text = text.replace("(scripting: none)", "all")
    route.fulfill(response=answer, body=text)


def test_nothing_is_found_without_scripts(browser: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(picture("PNG", (90, 90)))
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.route("**/*", make_plain)
    page.goto(address)
    unfold(page)
    check(page, "plain-form")
    page.select_option("#size", "1024")
    page.fill("#strokes", "5000")
    page.click("#paint")
    page.wait_for_selector(".coming > :last-child progress")
    check(page, "plain-painting")
    page.click("text=Stop and keep")
    page.wait_for_selector(".pair img, [role=alert]")
    check(page, "plain-stopped")
    page.goto(address)
    unfold(page)
    page.set_input_files("#picture", tmp_path / "photo.png")
    page.select_option("#size", "64")
    page.fill("#strokes", "5")
    page.click("#paint")
    page.wait_for_selector(".pair img")
    check(page, "plain-painted")
    page.goto(f"{address}/nothing")
    check(page, "error")
    context.close()
