"""The page in a real browser: a picture is given, strokes arrive, agents are compared, replayed, fetched, canceled."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.web_page import (
    PATIENCE,
    browser,
    ink,
    marks,
    open_page,
    paint,
    serve,
    shoot,
    wait_for_ink,
    wait_until_done,
)
from helpers.web_service import picture, save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.options.choices import AGENTS
from paintgym.webapp.settings import Settings
from paintgym.webapp.uploads import Upload, read_upload
from PIL import Image

__all__ = ["browser"]
pytestmark = marks


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    with serve(create_app(Settings(policy=str(policy), time_limit=3))) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    with open_page(browser, address) as page:
        yield page


def test_an_uploaded_photograph_is_painted_replayed_and_fetched(page: Any, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(picture("JPEG", (640, 480)))
    page.set_input_files("#picture", tmp_path / "photo.jpg")
    assert "photo.jpg" in page.get_attribute("#chosen", "alt")
    assert ink(page) == 0
    paint(page, strokes="60")
    wait_until_done(page)
    assert re.search(r"60 strokes in [\d.]+ seconds", page.inner_text("#status"))
    assert page.inner_text(".count") == "60"
    assert ink(page) > 0.1
    assert page.locator(".curve polyline").get_attribute("points").count(",") > 3
    page.locator(".compare").fill("50")
    assert page.locator(".target").evaluate("image => getComputedStyle(image).clipPath").startswith("inset(0")
    shoot(page, "wide")
    finished = ink(page)
    page.locator(".position").fill("10")
    assert page.inner_text(".count") == "10"
    assert 0 < ink(page) < finished
    page.locator(".pace").fill("100")
    page.click(".play")
    page.wait_for_selector(".count:text-is('60')")
    assert ink(page) == pytest.approx(finished)
    if page.is_visible(".real"):
        page.click(".real")
        page.wait_for_selector(".real[aria-pressed=true]")
        assert ink(page) > 0.05
        shoot(page, "mypaint")
    for form in ("png", "webp", "gif", "json"):
        with page.expect_download() as download:
            page.click(f".downloads a[download='painting.{form}']")
        path = download.value.path()
        if form == "json":
            assert len(json.loads(path.read_text())["strokes"]) == 60
        else:
            assert Image.open(path).format == form.upper()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "narrow")


def test_every_agent_of_the_page_is_one_of_the_service(page: Any) -> None:
    offered = page.locator("[name=agent]").evaluate_all("inputs => inputs.map(input => input.value)")
    assert offered == ["policy", "policy+refine", "gradient", "both"]
    assert {*offered} - {"both"} <= {*AGENTS}


def test_a_seed_is_asked_for_where_it_changes_something(page: Any) -> None:
    for agent in ("policy", "policy+refine", "gradient", "both", "policy"):
        page.check(f"[name=agent][value='{agent}']")
        assert page.is_visible("#seed") == (agent != "policy")
    page.check("[name=agent][value=gradient]")
    page.select_option("#size", "512")  # which the policy alone paints
    assert not page.is_visible("#seed")


def test_a_picture_that_the_browser_cannot_show_is_painted_and_compared(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(content: bytes, *limits: int) -> Upload:
        png = io.BytesIO()
        Image.open(io.BytesIO(content)).save(png, "PNG")
        return read_upload(png.getvalue(), *limits)

    monkeypatch.setattr("paintgym.webapp.requests.read_upload", read)
    (tmp_path / "scan.tiff").write_bytes(picture("TIFF", (90, 90)))
    page.set_input_files("#picture", tmp_path / "scan.tiff")
    paint(page, strokes="5")
    wait_until_done(page)
    page.wait_for_function("document.querySelector('.target').naturalWidth === 320")
    assert page.get_attribute(".target", "src").endswith("/picture.jpg")


def test_two_agents_paint_side_by_side_with_equal_strokes(page: Any) -> None:
    paint(page, agent="both", strokes="20")
    page.wait_for_selector(".easel:nth-child(2) .downloads a")
    wait_until_done(page)
    assert page.locator(".easel h2").all_inner_texts() == ["Policy", "Gradient"]
    assert page.locator(".count").all_inner_texts() == ["20", "20"]
    assert min(ink(page, 0), ink(page, 1)) > 0.02
    assert page.locator(".curve polyline").count() == 2
    page.locator(".position").nth(1).fill("5")
    assert page.locator(".count").all_inner_texts() == ["20", "5"]
    shoot(page, "side-by-side")


def test_a_whole_picture_is_painted_large_and_replayed(page: Any, tmp_path: Path) -> None:
    (tmp_path / "wide.jpg").write_bytes(picture("JPEG", (640, 320)))
    page.set_input_files("#picture", tmp_path / "wide.jpg")
    page.check("[name=agent][value=gradient]")
    page.select_option("#size", "512")
    assert page.is_checked("[name=agent][value=policy]")
    assert page.is_disabled("[name=agent][value=gradient]")
    assert page.input_value("#strokes") == "2000"
    paint(page, strokes="60")
    wait_until_done(page)
    shape = "canvas => [canvas.width, canvas.height]"
    assert page.locator(".easel canvas").evaluate(shape) == [512, 256]
    painted = ink(page)
    assert painted > 0.02
    page.locator(".position").fill("0")
    page.wait_for_selector(".easel canvas")
    wait_for_ink(page, lambda part: part == 0)
    page.locator(".position").fill("59")
    wait_for_ink(page, lambda part: part > painted / 2)
    page.locator(".position").fill("60")
    wait_for_ink(page, lambda part: part == painted)
    with page.expect_download() as download:
        page.click(".downloads a[download='painting.png']")
    assert Image.open(download.value.path()).size == (512, 256)
    shoot(page, "large")
    page.select_option("#size", "64")
    assert page.input_value("#strokes") == "60"
    assert page.is_enabled("[name=agent][value=gradient]")


def test_a_painting_is_cancelled_and_the_next_one_painted(page: Any) -> None:
    paint(page, agent="gradient", strokes="300")
    page.click("#cancel")
    page.wait_for_selector("#status:text-is('Canceled.')")
    paint(page, agent="policy", strokes="5")
    wait_until_done(page)
    assert page.inner_text(".count") == "5"


def test_pictures_are_dropped_pasted_and_taken_and_mistakes_are_told(page: Any) -> None:
    give = """([kind, event]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["hello"], `${event}.${kind.split("/")[1]}`, {type: kind}));
        const [type, field] = event === "drop" ? [DragEvent, "dataTransfer"] : [ClipboardEvent, "clipboardData"];
        window.dispatchEvent(new type(event, {[field]: transfer, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(give, ["text/plain", "drop"])
    assert "not a picture" in page.inner_text("#problem")
    page.evaluate(give.replace("{type: kind}", "{}"), ["image/HEIC", "drop"])  # as systems without a type for it
    assert "drop.HEIC" in page.get_attribute("#chosen", "alt")
    page.evaluate(give, ["image/png", "drop"])
    assert "drop.png" in page.get_attribute("#chosen", "alt")
    page.evaluate(give, ["image/png", "paste"])
    assert "paste.png" in page.get_attribute("#chosen", "alt")
    paint(page, strokes="5")
    page.wait_for_selector("#problem:has-text('This is not a PNG, JPEG or WebP picture')")
    page.click("#camera")
    page.wait_for_selector("#viewfinder[open]")
    page.wait_for_timeout(500)
    page.click("#viewfinder .take")
    page.wait_for_selector("#chosen[alt*='camera.jpg']")
    paint(page, strokes="5")
    wait_until_done(page)
    assert page.inner_text("#problem") == ""


def test_the_keyboard_alone_is_enough(page: Any) -> None:
    page.focus("[name=agent]:checked")
    page.keyboard.press("ArrowDown")
    page.focus("#seed")
    page.keyboard.type("7")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "paint"
    page.focus("[name=agent]:checked")
    page.keyboard.press("ArrowUp")
    assert page.is_checked("[name=agent][value=policy]")
    page.focus("#samples input:checked")
    page.keyboard.press("ArrowRight")
    assert "ahlia" in page.get_attribute("#chosen", "alt")
    page.fill("#strokes", "5")
    page.focus("#paint")
    page.keyboard.press("Enter")
    wait_until_done(page)
    unnamed = """() => [...document.querySelectorAll("input, select, button, canvas, svg[role]")].filter(
        element => element.checkVisibility() && !element.labels?.length && !element.ariaLabel
            && !element.getAttribute("aria-label") && !element.innerText).map(element => element.outerHTML)"""
    assert page.evaluate(unnamed) == []


def test_without_javascript_a_form_is_enough(browser: Any, address: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.webp")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    assert not page.is_visible("[value=both]")
    assert page.locator("#size option").count() == 3
    page.set_input_files("#picture", tmp_path / "photo.webp")
    page.fill("#strokes", "10")
    shoot(page, "plain-form")
    page.click("#paint")
    page.wait_for_selector("img[alt='The painting']")
    assert "10 strokes by policy" in page.inner_text("[role=status]")
    shoot(page, "plain")
    with page.expect_download() as download:
        page.click("text=Strokes, JSON")
    assert len(json.loads(download.value.path().read_text())["strokes"]) == 10
    context.close()
