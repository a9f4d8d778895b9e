"""The page in a real browser behind a proxy that serves it under a prefix: it paints, replays and is fetched there."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.web_page import browser, ink, marks, open_page, paint, save, serve, wait_until_done
from helpers.web_service import picture, save_untrained_policy
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import Settings

__all__ = ["browser"]
pytestmark = marks
PREFIX = "/art/paint"


@contextlib.contextmanager
def proxy(upstream: str, *, strip: bool, tell: bool) -> Iterator[str]:
    """A proxy that passes on what is asked for below the prefix alone, as it comes; gives the page's address."""
    host = upstream.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name != "Connection"}
            headers |= {"X-Forwarded-Prefix": PREFIX} if tell else {}
            connection = http.client.HTTPConnection(host, timeout=60)
            try:
                path = self.path.removeprefix(PREFIX) if strip else self.path
                connection.request(self.command, path, body, headers)
                answer = connection.getresponse()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.end_headers()
                while part := answer.read1(65536):  # events pass at once
                    self.wfile.write(part)
            except ConnectionError:  # the browser has gone
                pass
            finally:
                connection.close()

        do_GET = do_POST = do_DELETE = forward

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", params=["header, stripped", "header, kept", "setting, stripped", "setting, kept"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    policy = save_untrained_policy(tmp_path_factory.mktemp("policy"))
    tell = request.param.startswith("header")
    prefix: dict[str, Any] = {"trusted_proxies": 1} if tell else {"url_prefix": PREFIX}
    settings = Settings(policy=str(policy), threads=16, **prefix)
    with (
        serve(create_app(settings), settings) as upstream,
        proxy(upstream, strip=request.param.endswith("stripped"), tell=tell) as address,
    ):
        yield address


def test_the_page_paints_replays_and_is_fetched_below_the_prefix(browser: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(picture("PNG", (90, 90)))
    with open_page(browser, address) as page:
        for image in page.locator(".samples img").all():
            image.evaluate("image => image.decode()")  # which fails where there is none
        page.set_input_files("#picture", tmp_path / "photo.png")
        paint(page, strokes="12")
        wait_until_done(page)
        assert page.inner_text(".count") == "12"
        assert ink(page) > 0.02
        assert save(page, "painting.gif").read_bytes().startswith(b"GIF89a")
        paint(page, size="512", strokes="20")
        page.wait_for_selector("#status:has-text('20 strokes in')")
        page.locator(".position").fill("19")  # whose strokes are fetched by their own address
        page.wait_for_selector(".count:text-is('19')")
        page.click(".share")
        page.wait_for_selector("#sharing .setting", state="visible")
        shared = page.input_value("#sharing .link")
        assert shared.startswith(f"{address}p/")
        page.keyboard.press("Escape")
        described = page.evaluate("fetch(document.querySelector('.foot a').href).then(answer => answer.json())")
        assert described["servers"] == [{"url": PREFIX}]
        page.goto(shared)
        page.click(".own")  # back to the page, with its settings
        page.wait_for_selector("html.ready")
        assert page.input_value("#strokes") == "20"


def test_without_scripts_the_form_leads_to_the_painting_below_the_prefix(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.click("#more summary")
    page.fill("#strokes", "5")
    page.click("#paint")
    page.wait_for_selector("img[alt='The painting']")
    for image in page.locator("img").all():
        image.evaluate("image => image.decode()")  # which fails where there is none
    assert PREFIX in page.url
    page.click("text=Paint another picture")
    assert page.url == address
    context.close()
