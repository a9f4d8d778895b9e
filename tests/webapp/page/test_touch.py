"""The page by fingers alone, on a telephone: taps and drags that Chromium itself takes for those of a touch screen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.web_page import (
    NARROW,
    address,
    browser,
    choose_halves,
    marks,
    open_page,
    ready,
    shoot,
    unfold,
    wait_until_done,
)
from helpers.web_service import save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings

__all__ = ["address", "browser"]
pytestmark = marks
TELEPHONE = {"viewport": NARROW, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
SHAPE = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    return create_app(Settings(policy=str(policy), time_limit=20))


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    with open_page(browser, address, **TELEPHONE) as page:
        yield page


def drag(page: Any, element: str, start: tuple[float, float], way: tuple[float, float], steps: int = 6) -> None:
    """Put a finger on an element, at parts of its width and height, and move it by parts of them."""
    page.locator(element).scroll_into_view_if_needed()
    box = page.locator(element).bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, part: float) -> None:
        x, y = (start[i] + part * way[i] for i in (0, 1))
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else [point]})

    touch("touchStart", 0)
    for step in range(steps):
        touch("touchMove", (step + 1) / steps)
    page.wait_for_timeout(100)  # a finger that is lifted while it moves flings, and the next tap would stop that alone
    touch("touchEnd", 1)
    session.detach()


def paint_small(page: Any, strokes: str = "12") -> None:
    unfold(page)
    page.select_option("#size", "64")
    page.fill("#strokes", strokes)
    page.tap("#paint")
    wait_until_done(page)


def test_a_finger_on_the_painting_uncovers_the_picture_and_one_that_goes_down_scrolls(page: Any) -> None:
    def uncovered() -> int:
        return int(page.input_value(".compare"))

    paint_small(page)
    drag(page, ".compare", (0.02, 0.4), (0.58, 0.02))
    assert 52 <= uncovered() <= 68
    assert page.get_attribute(".compare", "aria-valuetext") == f"{uncovered()} percent uncovered"
    left = page.locator(".handle").evaluate("handle => parseFloat(getComputedStyle(handle).left)")
    box = page.locator(".easel .frame").bounding_box()
    assert abs(left / box["width"] - 0.6) < 0.1  # where the finger is
    drag(page, ".compare", (0.6, 0.6), (-0.3, 0.0))
    assert 22 <= uncovered() <= 38
    before, scrolled = uncovered(), page.evaluate("scrollY")
    drag(page, ".compare", (0.3, 0.8), (0.0, -0.7))
    page.wait_for_function(f"() => scrollY > {scrolled} + 50")
    assert uncovered() == before


def test_a_finger_moves_every_slider(page: Any) -> None:
    paint_small(page, "40")
    drag(page, ".position", (0.97, 0.5), (-0.72, 0.0))
    assert 6 <= int(page.inner_text(".count")) <= 14
    pace = page.inner_text(".pace-output")
    drag(page, ".pace", (0.62, 0.5), (-0.5, 0.0))
    assert page.inner_text(".pace-output") != pace
    drag(page, "#strokes-slider", (0.5, 0.5), (-0.3, 0.0))
    assert 1 <= int(page.input_value("#strokes")) < 40
    drag(page, "#least-size", (0.05, 0.5), (0.5, 0.0))
    drag(page, "#most-size", (0.95, 0.5), (-0.6, 0.0))
    least, most = (int(page.input_value(f"#{name}-size")) for name in ("least", "most"))
    assert 25 <= least <= most <= 50  # neither passes the other


def test_a_finger_crops_and_moves_what_is_painted(page: Any, tmp_path: Path) -> None:
    choose_halves(page, tmp_path)
    page.tap("#adjust")
    page.wait_for_selector("#cropper[open]")
    picture = page.locator("#cropper canvas").bounding_box()
    size = page.locator("#cropper .corner.se").bounding_box()["width"]
    for corner, (x, y) in {"se": (-0.5, 0.0), "nw": (0.1, 0.2)}.items():
        way = x * picture["width"] / size, y * picture["height"] / size
        drag(page, f"#cropper .corner.{corner}", (0.5, 0.5), way)
    shoot(page, "touch-crop")
    drag(page, "#cropper .crop-box", (0.5, 0.5), (1.1, 0.0))
    assert page.evaluate("scrollY") == 0  # the finger moved the frame, not the page
    page.tap("#cropper .done")
    page.wait_for_function("() => document.getElementById('chosen').naturalWidth < 100")
    width, height = page.locator("#chosen").evaluate(SHAPE)
    assert (abs(width - 80) < 8, abs(height - 80) < 8) == (True, True)
    middle = """image => {
        const context = new OffscreenCanvas(1, 1).getContext("2d");
        context.drawImage(image, 0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }"""
    red, _, blue = page.locator("#chosen").evaluate(middle)
    assert blue > red  # the frame lies mostly over the right half


def test_taps_alone_paint_stop_share_and_throw_away(page: Any) -> None:
    page.tap("#samples label:nth-child(3)")
    page.tap("[name=detail][value=sketch] + span")
    assert page.input_value("#strokes") == "300"
    page.tap(".brushes label:nth-child(2)")
    assert page.is_checked(".brushes label:nth-child(2) input")
    assert page.inner_text("#brush-name") == page.get_attribute(".brushes label:nth-child(2)", "title")
    page.tap("#more summary")
    page.select_option("#size", "1024")
    page.fill("#strokes", "5000")
    page.tap("#paint")
    page.wait_for_selector(".easel .tools", state="visible")
    page.tap("#stop")
    wait_until_done(page)
    page.tap(".share")
    page.wait_for_selector("#sharing .setting", state="visible")
    page.tap("#sharing .close")
    page.tap(".whole")
    page.wait_for_function("() => document.fullscreenElement")
    page.tap(".whole")
    page.wait_for_function("() => !document.fullscreenElement")
    page.on("dialog", lambda dialog: dialog.accept())
    page.tap("#history-empty")
    page.wait_for_selector("#history", state="hidden")
    page.reload()
    ready(page)
    page.tap(".wall li:nth-child(3) .use")
    assert page.is_checked("[name=sample][value=moon]")
