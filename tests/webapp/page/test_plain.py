"""The page without scripts: a form is enough, the painting comes on a page of its own, and is shared there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.web_page import PATIENCE, browser, marks, serve, shoot
from helpers.web_service import picture, save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings
from PIL import Image

__all__ = ["browser"]
pytestmark = marks


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=30))) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    yield page
    context.close()


def test_a_form_is_enough(page: Any, tmp_path: Path) -> None:
    (tmp_path / "photo.webp").write_bytes(picture("WEBP", (90, 60)))
    assert not page.is_visible("[value=both]")
    assert not page.is_visible("[name=detail]")
    page.set_input_files("#picture", tmp_path / "photo.webp")
    page.click("#more summary")
    page.fill("#strokes", "10")
    page.select_option("#palette", "2")
    colors = Image.new("RGB", (40, 40), "#ff0000")
    colors.paste("#0000ff", (20, 0, 40, 40))
    colors.save(tmp_path / "colors.png")
    page.set_input_files("#palette-picture", tmp_path / "colors.png")
    page.select_option("#brush-sizes", "0,0.4")
    page.select_option("#rotate", "90")
    page.select_option("#paper", "mean")
    shoot(page, "plain-form")
    page.click("#paint")
    page.wait_for_selector("img[alt='The painting']")
    assert re.search(r"^10 strokes in [\d.]+ seconds, error", page.inner_text("[role=status]"))
    assert "policy" not in page.inner_text("main")
    assert page.locator(".pair img").first.get_attribute("height") == "512"  # it stands upright now
    shoot(page, "plain")
    with page.expect_download() as download:
        page.click("text=JSON, to be painted again")
    assert len(json.loads(download.value.path().read_text())["strokes"]) == 10
    page.click("text=500 strokes more")
    page.wait_for_selector(".result [role=status]:has-text('510 strokes')")
    page.click("text=Share")
    page.wait_for_selector("text=Paint your own")
    assert "/p/" in page.url
    facts = {*re.split(r"[\s,]+", page.inner_text(".facts"))}
    assert {"#ff0000", "#0000ff"} <= facts
    page.click("text=Paint your own")
    assert [page.input_value(f"#{name}") for name in ("size", "strokes", "palette")] == ["512", "510", "2"]
    assert page.input_value("#paper") in facts  # the mean color of that picture
    assert page.is_checked("[name=brush][value='classic/dry_brush']")


def test_the_best_is_the_default_here_too_comes_as_it_is_painted_and_is_stopped(page: Any) -> None:
    page.click("#paint")
    page.wait_for_selector(".coming > :last-child:has-text(' of 2,000 strokes.')")
    page.wait_for_selector(".result img[alt='The painting']")  # on the same page, which was never loaded anew
    assert page.is_hidden(".under-way")
    page.go_back()
    page.click("#more summary")
    page.select_option("#size", "1024")
    page.fill("#strokes", "5000")
    page.click("#paint")
    page.wait_for_selector(".coming > :nth-child(3):visible")
    assert page.locator(".coming > :visible").count() == 1
    page.click("text=Stop and keep")
    page.wait_for_selector("img[alt='The painting']")


def test_without_scripts_in_another_language(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="de")
    page = context.new_page()
    page.goto(address)
    assert page.inner_text("#paint") == "Malen"
    page.goto(f"{address}/nothing")
    assert page.inner_text("h1") == "Das ging nicht"
    context.close()
