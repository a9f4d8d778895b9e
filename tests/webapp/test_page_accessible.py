"""The page in all its states, wide and light, narrow and dark: axe-core finds nothing, and nothing overflows."""

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
VARIANTS = {
    "wide-light": {"viewport": WIDE, "color_scheme": "light"},
    "narrow-dark": {"viewport": NARROW, "color_scheme": "dark", "has_touch": True, "is_mobile": True},
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=60, large_workers=1))) as address:
        yield address


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def check(page: Any, variant: str, state: str) -> None:
    shoot(page, f"{variant}-{state}")
    assert violations(page) == [], state
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], state


def test_nothing_is_found_while_a_picture_is_chosen(browser: Any, address: str, variant: str, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    with open_page(browser, address, **VARIANTS[variant]) as page:
        check(page, variant, "empty")
        unfold(page)
        check(page, variant, "settings")
        page.click("#adjust")
        page.wait_for_selector("#cropper[open]")
        check(page, variant, "crop")
        page.click("#cropper .close")
        page.click("#camera")
        page.wait_for_selector("#viewfinder[open]")
        check(page, variant, "camera")
        page.click("#viewfinder .close")
        page.set_input_files("#picture", tmp_path / "text.png")
        page.wait_for_selector("#picture-problem:not(:empty)")
        check(page, variant, "problem")


def test_nothing_is_found_while_it_is_painted_and_afterwards(browser: Any, address: str, variant: str) -> None:
    options = VARIANTS[variant]
    with open_page(browser, address, **options) as page, open_page(browser, address) as other:
        paint(other, size="1024", strokes="5000")
        other.wait_for_selector(".easel .tools", state="visible")
        paint(page, size="512", strokes="1500")
        page.wait_for_selector("#status:text-is('Yours is next.')")
        check(page, variant, "queued")
        other.click("#stop")
        page.wait_for_selector(".easel .tools", state="visible")
        check(page, variant, "painting")
        wait_until_done(page)
        check(page, variant, "painted")
        page.locator(".compare").fill("50")
        page.evaluate("document.querySelectorAll('.stage details').forEach(details => { details.open = true; })")
        check(page, variant, "saving")
        if page.is_visible(".share"):
            page.click(".share")
            page.wait_for_selector("#sharing .setting", state="visible")
            check(page, variant, "sharing")
            page.click("#sharing .close")
        paint(page, agent="both", strokes="20")
        page.wait_for_function("() => /[1-9]/.test(document.querySelector('.easel:nth-child(2) .count')?.textContent)")
        page.click("#stop")
        page.wait_for_selector(".easel:nth-child(2) .after", state="visible")
        check(page, variant, "side-by-side")


def make_plain(route: Any) -> None:
    """Answer as to a browser without scripts, which axe-core itself needs."""
    if route.request.method != "GET" or not route.request.url.endswith((".css", "/", "/nothing")):
        route.continue_()
        return
    answer = route.fetch()
    text = re.sub(r"<script.*?</script>|<link rel=.modulepreload.*?>|</?noscript[^>]*>", "", answer.text())
    text = text.replace("(scripting: none)", "all")
    route.fulfill(response=answer, body=text)


def test_nothing_is_found_without_scripts(browser: Any, address: str, variant: str, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(picture("PNG", (90, 90)))
    context = browser.new_context(**VARIANTS[variant])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.route("**/*", make_plain)
    page.goto(address)
    unfold(page)
    check(page, variant, "plain-form")
    page.set_input_files("#picture", tmp_path / "photo.png")
    page.select_option("#size", "64")
    page.fill("#strokes", "5")
    page.click("#paint")
    page.wait_for_selector(".pair img")
    check(page, variant, "plain-painted")
    page.goto(f"{address}/nothing")
    check(page, variant, "error")
    context.close()
