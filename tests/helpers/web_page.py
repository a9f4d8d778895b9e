"""The page in a real browser, as the tests of it need it."""

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from flask import Flask
from paintgym.webapp.server import make_server
from paintgym.webapp.settings import Settings
from PIL import Image

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (pip install paintgym[dev])"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
marks = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"),
    pytest.mark.usefixtures("one_thread"),
]
PATIENCE = 60_000
"""Milliseconds: for a busy machine."""
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
SCREENSHOTS = os.environ.get("PAINTGYM_SCREENSHOTS")


@contextlib.contextmanager
def serve(app: Flask, settings: Settings | None = None) -> Iterator[str]:
    """Serve the application on a free port; gives its address."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    server = make_server(app, "127.0.0.1", 0, settings or Settings(threads=16))

    def run() -> None:
        with contextlib.suppress(OSError):  # in the end it is closed
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    app.extensions["painting_service"].close(30)
    server.close()
    thread.join(30)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream=device-count=2", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def open_page(browser: Any, address: str, *, motion: bool = False, **options: Any) -> Iterator[Any]:
    """The page, opened; in the end nothing was complained of, and nobody else was asked for anything.

    Without motion, all strokes that there are are shown at once.
    """
    given = {"viewport": WIDE, "permissions": ["camera"], "reduced_motion": "no-preference" if motion else "reduce"}
    context = browser.new_context(**given | options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: complaints.append(request.url) if not request.url.startswith((address, "blob:")) else None,
    )
    page.goto(address)
    ready(page)
    yield page
    context.close()
    # Browsers tell of every answer that is no success; what the page makes of those is for the tests to see.
    unexpected = [text for text in complaints if "Failed to load resource" not in text]
    assert not unexpected, unexpected


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    """Where a module's application is served."""
    with serve(app) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, opened."""
    with open_page(browser, address) as page:
        yield page


def ready(page: Any) -> None:
    """Wait until scripts have taken over what is on the page."""
    page.wait_for_selector("html.ready")


def shoot(page: Any, name: str) -> None:
    if SCREENSHOTS:
        whole = page.evaluate("!document.fullscreenElement")  # which a page that is not whole leaves
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=whole)


def count(page: Any) -> int:
    """Strokes that are told beside the painting."""
    return int(page.inner_text(".count").replace(",", ""))


def ink(page: Any, number: int = 0) -> float:
    """Part of the canvas that is not white paper."""
    script = """number => {
        const canvas = document.querySelectorAll(".easel canvas")[number];
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 < 3 && value < 250).length / data.length;
    }"""
    return page.evaluate(script, number)


def unfold(page: Any) -> None:
    """Show all settings."""
    page.evaluate("document.querySelectorAll('form details').forEach(details => { details.open = true; })")


def paint(page: Any, *, size: str = "64", **fields: str) -> None:
    """Order a painting, by default a small one."""
    unfold(page)
    if agent := fields.pop("agent", None):
        page.check(f"[name=agent][value='{agent}']")
    page.select_option("#size", size)
    for name, value in fields.items():
        page.fill(f"#{name}", value)
    page.click("#paint")


def choose_halves(page: Any, folder: Path) -> None:
    """Give a picture of 200x100 pixels, the left half red and the right half blue."""
    pixels = Image.new("RGB", (200, 100), "red")
    pixels.paste("blue", (100, 0, 200, 100))
    pixels.save(folder / "halves.png")
    page.set_input_files("#picture", folder / "halves.png")
    page.wait_for_selector("#chosen[alt*='halves.png']")


def wait_until_done(page: Any) -> None:
    """Wait until the service has finished, and all of it is on the sheet."""
    page.wait_for_selector("#stop", state="hidden")
    page.wait_for_selector(".easel:last-child .after", state="visible")


def save(page: Any, name: str) -> Path:
    """Take a file of the painting home; gives its path."""
    page.evaluate("document.querySelector('.saving').open = true")
    with page.expect_download() as download:
        page.click(f".downloads a[download='{name}']")
    return Path(download.value.path())


def wait_for_ink(page: Any, enough: Callable[[float], bool]) -> None:
    for _ in range(PATIENCE // 100):
        if enough(ink(page)):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{ink(page)} of the canvas has ink")
