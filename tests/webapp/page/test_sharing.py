"""A painting is shared from the page: by a link, by the telephone's own menu, as a file of every form."""

from collections.abc import Iterator
from typing import Any

import pytest
from helpers.axe import violations
from helpers.web_page import NARROW, browser, marks, open_page, paint, ready, save, serve, shoot, wait_until_done
from helpers.web_service import save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings
from PIL import Image

__all__ = ["browser"]
pytestmark = marks
HANDS_OVER = """() => {
    window.handed = [];
    navigator.canShare = ({files}) => files.every(file => file.size > 0);
    navigator.share = async data => { window.handed.push([data.text, ...data.files.map(file => file.type)]); };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=5, share_days=3))) as address:
        yield address


def test_a_link_leads_to_a_page_of_its_own_and_from_there_to_ones_own_picture(browser: Any, address: str) -> None:
    with open_page(browser, address, color_scheme="dark") as page:
        page.click("#more summary")
        page.check("[name=brush][value='deevad/chalk']", force=True)
        page.select_option("#palette", "5")
        page.select_option("#paper", "#f3e6cc")
        paint(page, size="512", strokes="60")
        wait_until_done(page)
        page.click(".share")
        page.wait_for_selector("#sharing .setting", state="visible")
        assert "until" in page.inner_text("#sharing .words")
        link = page.input_value("#sharing .link")
        assert link.startswith(f"{address}/p/")
        page.click("#sharing .copy")
        page.wait_for_selector("#sharing .words:text-is('Copied.')")
        shoot(page, "sharing")
        with page.context.expect_page() as seen:
            page.click("#sharing .see")
        seen.value.wait_for_selector("video.film, img.film")
        assert seen.value.url == link
        seen.value.close()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.className").endswith("share")
    for name, options in (("narrow", {"viewport": NARROW, "locale": "de"}), ("wide", {"color_scheme": "dark"})):
        context = browser.new_context(**options)
        page = context.new_page()
        page.goto(link)
        shoot(page, f"shared-{name}")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        assert page.locator("html").get_attribute("lang") == options.get("locale", "en")
        page.click(".own")
        ready(page)
        assert page.is_checked("[name=brush][value='deevad/chalk']")
        taken = [page.input_value(f"#{name}") for name in ("size", "strokes", "palette", "paper")]
        assert taken == ["512", "60", "5", "#f3e6cc"]
        context.close()


def test_a_telephone_hands_the_film_over(browser: Any, address: str) -> None:
    with open_page(browser, address, viewport=NARROW, has_touch=True, is_mobile=True) as page:
        page.evaluate(HANDS_OVER)
        paint(page, strokes="5")
        wait_until_done(page)
        page.tap(".share")
        page.wait_for_selector("#sharing .send", state="visible")
        page.tap("#sharing .send")
        page.wait_for_function("() => window.handed.length === 1")
        text, kind = page.evaluate("window.handed[0]")
        assert text.startswith(f"{address}/p/")
        assert kind in ("video/mp4", "image/png")


def test_every_form_is_saved_and_said(browser: Any, address: str) -> None:
    with open_page(browser, address) as page:
        paint(page, size="512", strokes="20")
        wait_until_done(page)
        assert Image.open(save(page, "painting-large.png")).size == (4096, 3072)
        assert save(page, "painting.svg").read_text().lstrip().startswith("<")
        if page.locator(".downloads a[download='painting.mp4']").count():
            assert save(page, "painting.mp4").read_bytes()[4:8] == b"ftyp"
        page.wait_for_selector(".saved:has-text('Saved')")
        said = page.locator(".downloads a").all_inner_texts()
        assert "PNG, 512" in said[0]
        assert "4,096 pixels" in said[1]
