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
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def open_page(browser: Any, address: str) -> Iterator[Any]:
    """The page, opened; in the end nothing was complained of, and nobody else was asked for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, permissions=["camera"])
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
    yield page
    context.close()
    unexpected = [text for text in complaints if "415" not in text]
    assert not unexpected, unexpected


def shoot(page: Any, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


def ink(page: Any, number: int = 0) -> float:
    """Part of the canvas that is not white paper."""
    script = """number => {
        const canvas = document.querySelectorAll(".easel canvas")[number];
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 < 3 && value < 250).length / data.length;
    }"""
    return page.evaluate(script, number)


def paint(page: Any, **fields: str) -> None:
    for name, value in fields.items():
        if name == "agent":
            page.check(f"[name=agent][value='{value}']")
        else:
            page.fill(f"#{name}", value)
    page.click("#paint")


def wait_until_done(page: Any) -> None:
    page.wait_for_selector("#paint:enabled")
    page.wait_for_selector(".downloads a")


def wait_for_ink(page: Any, enough: Callable[[float], bool]) -> None:
    for _ in range(PATIENCE // 100):
        if enough(ink(page)):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{ink(page)} of the canvas has ink")
