"""The built manual: strictly built, whole, and loading nothing from elsewhere."""

import dataclasses
import importlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import paintgym
import pytest
from helpers.documentation import DOCS, ROOT
from paintgym.scripts.main import COMMANDS

pytest.importorskip("mkdocs", reason="needs MkDocs: pip install .[docs]")
pytestmark = pytest.mark.slow

LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MODULES = [
    "agents.config",
    "agents.search.config",
    "agents.policy.config",
    "agents.training.config",
    "painters.training.config",
]
ELSEWHERE = re.compile(r"^(https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manual, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("manual")
    (folder / "paintgym").symlink_to(ROOT)
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--config-file",
            ROOT / "mkdocs.yml",
            "-d",
            folder / "site",
        ],
        env=os.environ | {"PYTHONPATH": str(folder), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "WARNING" not in built.stderr
    return folder / "site"


class Loads(HTMLParser):
    """What a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag in LOADING:
            self.found.append(values.get(LOADING[tag]) or "")
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev"):
            self.found.append(values.get("href") or "")


def loads(page: Path) -> list[str]:
    parser = Loads()
    parser.feed(page.read_text())
    return [address for address in parser.found if address]


def test_every_page_of_the_manual_is_built(site: Path) -> None:
    pages = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    assert pages <= {str(path.relative_to(site)) for path in site.rglob("*.html")}
    assert not list(site.rglob("*.md"))


def test_no_page_or_style_loads_anything_from_another_host(site: Path) -> None:
    addresses = {address for page in site.rglob("*.html") for address in loads(page)}
    assert any(address.endswith(".css") for address in addresses)
    assert [address for address in addresses if ELSEWHERE.match(address)] == []
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)\"']*", styles) == []


def test_what_pages_load_is_there(site: Path) -> None:
    for page in site.rglob("*.html"):
        if page.name != "404.html":  # its addresses begin at the root of wherever the site is put
            for address in loads(page):
                if not address.startswith("data:"):
                    assert (page.parent / re.split("[?#]", address)[0]).exists(), (page, address)


def test_figures_files_and_help_stand_where_pages_ask_for_them(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not re.search(r"<!-- (table|file|page|commands)\b", page.read_text()), page
    commands = (site / "reference" / "commands.html").read_text()
    assert [name for name in COMMANDS if f'id="paintgym-{name}"' not in commands] == []
    assert "--palette-from" in commands
    example = (ROOT / "scripts" / "examples" / "sb3_ppo.py").read_text().splitlines()[-1]
    assert example.strip() in "".join(re.split(r"<[^>]+>", (site / "training.html").read_text()))
    assert (site / "pictures" / "painted.jpg").stat().st_size == (ROOT / "scripts/pictures/painted.jpg").stat().st_size


def test_every_public_name_has_its_entry(site: Path) -> None:
    text = "".join(page.read_text() for page in site.rglob("*.html"))
    assert [name for name in paintgym.__all__ if f'id="paintgym.{name}"' not in text] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_setting_has_its_sentence(site: Path, module: str) -> None:
    name = f"paintgym.{module}"
    found = vars(importlib.import_module(name)).values()
    configs = [value for value in found if dataclasses.is_dataclass(value) and value.__module__ == name]
    assert configs
    settings = [
        f"{name}.{config.__name__}.{field}" for config in configs for field in vars(config).get("__annotations__", {})
    ]
    text = "".join((site / page).read_text() for page in ("agents.html", "reference/settings.html"))
    # Without a docstring a setting is not shown at all.
    assert [setting for setting in settings if f'id="{setting}"' not in text] == []


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
def test_a_browser_asks_no_other_host_and_finds_what_it_searches_for(site: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with serving(site) as address, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        for name in ("index.html", "training.html", "reference/agents.html"):
            page.goto(f"{address}/{name}", wait_until="networkidle")
        page.locator("input.md-search__input").press_sequentially("matching pursuit")
        page.wait_for_selector(".md-search-result__item", state="attached")
        browser.close()
    assert errors == []
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
