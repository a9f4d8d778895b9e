"""The page under a path prefix, in every way that it is told of one: all links, scripts, forms and events have it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from helpers.web_service import BROWSER, JSON, UNKNOWN, app, finish, save_untrained_policy, service_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paintgym.errors import InvalidInputError
from paintgym.webapp.application import create_app
from paintgym.webapp.settings import PREFIX_PATTERN, Settings
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

__all__ = ["app"]
pytestmark = pytest.mark.usefixtures("one_thread")
ROOTS = {"", "static", "paintings", "brushes", "openapi.json"}
"""First segments of the page's links, without a prefix."""
STATIC = Path(__file__).parents[2] / "webapp" / "static"


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Flask]]:
    """The application as it is, behind one proxy that is trusted, and with a prefix of its own."""
    policy = str(save_untrained_policy(tmp_path_factory.mktemp("policy")))
    made = {
        "plain": create_app(Settings(policy=policy)),
        "proxied": create_app(Settings(policy=policy, trusted_proxies=1)),
        "prefixed": create_app(Settings(policy=policy, url_prefix="/paint")),
    }
    yield made
    for application in made.values():
        assert service_of(application).close(30)


class Visitor:
    """Asks for addresses as a visitor sees them, all below ``/paint``, in one of the ways they reach the service."""

    def __init__(self, apps: dict[str, Flask], way: str) -> None:
        which = "prefixed" if "setting" in way else "proxied" if "header" in way else "plain"
        self.app = apps[which]
        self._way = way
        nothing = lambda environ, start: (start("404 NOT FOUND", []), [b""])[1]  # noqa: E731
        wsgi = DispatcherMiddleware(nothing, {"/paint": self.app}) if way == "mounted" else self.app
        self._client = Client(wsgi)

    def open(self, address: str, **options: Any) -> Any:
        assert address.startswith("/paint"), address
        if "stripped" in self._way or self._way == "SCRIPT_NAME":
            address = address.removeprefix("/paint") or "/"
        if "header" in self._way:
            options["headers"] = {**options.get("headers", {}), "X-Forwarded-Prefix": "/paint"}
        if self._way == "SCRIPT_NAME":
            options["environ_overrides"] = {"SCRIPT_NAME": "/paint"}
        return self._client.open(address, **options)


WAYS = ["mounted", "SCRIPT_NAME", "header, stripped", "header, kept", "setting, stripped", "setting, kept"]


@pytest.fixture(params=WAYS)
def visitor(apps: dict[str, Flask], request: pytest.FixtureRequest) -> Visitor:
    return Visitor(apps, request.param)


def links_of(page: str) -> list[str]:
    return sorted(set(re.findall(r'(?:href|src|action)="([^"]*)"', page)))


def test_every_link_of_the_page_leads_somewhere_below_the_prefix(visitor: Visitor) -> None:
    page = visitor.open("/paint/").text
    links = links_of(page)
    assert len(links) > 10
    for link in links:
        assert link.startswith("/paint/"), link
        assert visitor.open(link).status_code == (405 if link == "/paint/paintings" else 200), link


@pytest.mark.slow
def test_a_form_leads_to_a_page_whose_links_have_the_prefix(visitor: Visitor) -> None:
    answer = visitor.open("/paint/paintings", method="POST", data={"sample": "fish", "strokes": "4"}, headers=BROWSER)
    assert answer.status_code == 303
    address = answer.headers["Location"]
    finish(visitor.app, address.rsplit("/", 1)[1])
    links = links_of(visitor.open(address, headers=BROWSER).text)
    assert f"{address}.png" in links
    for link in links:
        posted = link in (f"{address}/share", address.rsplit("/", 1)[0])  # to share, and to go on
        assert visitor.open(link).status_code == (405 if posted else 200), link


@pytest.mark.slow
def test_the_addresses_that_programs_are_told_have_the_prefix(visitor: Visitor) -> None:
    answer = visitor.open("/paint/paintings", method="POST", json={"sample": "fish", "strokes": 4}, headers=JSON)
    painting = answer.get_json()
    assert answer.headers["Location"] == painting["links"]["self"] == f"/paint/paintings/{painting['id']}"
    assert b"event: finished" in visitor.open(painting["links"]["events"]).data
    for name, link in painting["links"].items():
        # To share and to stop is asked for by POST.
        assert visitor.open(link, headers=JSON).status_code == (405 if name in ("share", "stop") else 200), link
    assert visitor.open("/paint/openapi.json").get_json()["servers"] == [{"url": "/paint"}]


def test_errors_lead_back_to_the_page_below_the_prefix(visitor: Visitor) -> None:
    for address in ("/paint/nothing", f"/paint/paintings/{UNKNOWN}", "/paint/paintings/"):
        answer = visitor.open(address, headers=BROWSER)
        assert answer.status_code == 404
        assert {link.split("/")[1] for link in links_of(answer.text)} == {"paint"}


def test_without_a_slash_at_its_end_the_prefix_is_the_page_too(visitor: Visitor) -> None:
    answer = visitor.open("/paint")
    assert answer.status_code == 200
    assert '<form id="request"' in answer.text


def test_scripts_and_style_name_no_address_from_the_root() -> None:
    for path in [*STATIC.glob("*.js"), *STATIC.glob("*.css")]:
        assert re.findall(r"""["'`(]/[a-z]""", path.read_text()) == [], path.name


def test_nobody_but_a_trusted_proxy_tells_the_prefix(apps: dict[str, Flask]) -> None:
    for name, root in (("plain", "/"), ("prefixed", "/paint/")):
        headers = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example"}
        page = apps[name].test_client().get("/", headers=headers)
        assert page.status_code == 200
        assert {link[: len(root)] for link in links_of(page.text)} == {root}
        assert "evil" not in page.text


@pytest.mark.parametrize(
    "prefix",
    [
        "//evil.example",
        "/\\evil.example",
        "evil",
        "https://evil.example",
        "/a b",
        "/<script>",
        "/é",
        "/a/../b",
        "/.",
        "/a?b",
        "/a#b",
        "/%2e",
    ],
)
def test_a_prefix_that_is_no_path_is_refused(apps: dict[str, Flask], prefix: str) -> None:
    answer = apps["proxied"].test_client().get("/", headers={**BROWSER, "X-Forwarded-Prefix": prefix})
    assert answer.status_code == 400
    assert "X-Forwarded-Prefix" in answer.text
    assert "PAINTGYM_TRUSTED_PROXIES" in answer.text
    assert {link[:2] for link in links_of(answer.text)} <= {"/", "/s", "/o"}
    with pytest.raises(InvalidInputError, match="PAINTGYM_URL_PREFIX"):
        Settings(url_prefix="/a/./b" if prefix in ("//evil.example", "evil") else prefix)


def test_of_several_proxies_the_nearest_that_is_trusted_tells(apps: dict[str, Flask]) -> None:
    client = apps["proxied"].test_client()
    assert "/near/static/" in client.get("/", headers={"X-Forwarded-Prefix": "/forged, /near"}).text
    assert client.get("/", headers={"X-Forwarded-Host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"X-Forwarded-Host": "localhost", "Host": "10.0.0.1"}).status_code == 200


@given(prefix=st.from_regex(rf"\A{PREFIX_PATTERN}\Z").filter(lambda prefix: len(prefix) < 60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_prefix_is_that_of_all_links(apps: dict[str, Flask], prefix: str) -> None:
    page = apps["proxied"].test_client().get("/", headers={"X-Forwarded-Prefix": prefix})
    assert page.status_code == 200
    assert all(link.startswith(f"{prefix}/") for link in links_of(page.text))


@pytest.mark.parametrize("prefix", ["/paintings", "/static", "/api", "/api/paint", "/metrics", "paintings/", "/ping/x"])
def test_a_prefix_that_is_an_address_of_the_service_is_refused_at_the_start(prefix: str) -> None:
    with pytest.raises(InvalidInputError, match=r"--url-prefix or PAINTGYM_URL_PREFIX"):
        create_app(Settings(url_prefix=prefix))


@pytest.mark.parametrize("prefix", ["paint", "/paint", "paint/", "/paint/", "//paint//"])
def test_slashes_about_a_prefix_do_not_matter(prefix: str) -> None:
    assert Settings.from_environment({"PAINTGYM_URL_PREFIX": prefix}).url_prefix == "/paint"
    assert Settings.from_environment({"PAINTGYM_URL_PREFIX": "/"}).url_prefix == ""


def test_a_proxys_prefix_that_is_an_address_of_the_service_is_not_stripped(apps: dict[str, Flask]) -> None:
    client = apps["proxied"].test_client()
    headers = {**JSON, "X-Forwarded-Prefix": "/paintings"}
    answer = client.post("/paintings", data={"sample": "fish", "strokes": "1"}, headers=headers)
    assert answer.status_code == 202
    assert answer.get_json()["links"]["self"].startswith("/paintings/paintings/")


def test_a_header_that_cannot_be_read_tells_no_prefix(apps: dict[str, Flask]) -> None:
    page = apps["proxied"].test_client().get("/", headers={"X-Forwarded-Prefix": '/"><script>'})
    assert {link.split("/")[1] for link in links_of(page.text)} == ROOTS


def test_without_any_prefix_nothing_changes(app: Flask) -> None:
    client = app.test_client()
    assert {link.split("/")[1] for link in links_of(client.get("/").text)} == ROOTS
    assert client.get("/openapi.json").get_json()["servers"] == [{"url": "/"}]
    assert client.get("/paint/").status_code == 404
