"""Which host names the page may be asked for by: everybody who can reach it is served, other sites' names are not."""

import contextlib
import http.client
import ipaddress
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from helpers.web_service import JSON, app, check_refusal, client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paintgym.errors import InvalidInputError
from paintgym.webapp.hosts import TrustedHosts
from paintgym.webapp.server import make_server
from paintgym.webapp.settings import Settings

__all__ = ["app", "client"]
pytestmark = pytest.mark.usefixtures("one_thread")

NAME = socket.gethostname().lower()
OWN = [
    *("localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:8000", "192.168.1.5", "[::1]:80"),
    *(NAME, f"{NAME}:8000", f"{NAME.partition('.')[0]}.local"),
]
FOREIGN = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost", "10.0.0.1.nip.io"]
MALFORMED = ["", "a b", "[::1", "::1", "localhost:99999", "localhost:x", "a@localhost", "<script>", "localhost/x", "é"]


@pytest.mark.parametrize("listening", ["0.0.0.0", "::", "", "192.168.1.5"])
@pytest.mark.parametrize("host", OWN)
def test_beyond_this_machine_every_address_and_its_own_names_are_trusted(listening: str, host: str) -> None:
    assert host in TrustedHosts("", listening)


@pytest.mark.parametrize("listening", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"])
@pytest.mark.parametrize("host", FOREIGN + MALFORMED)
def test_other_names_and_what_is_none_are_never_trusted(listening: str, host: str) -> None:
    assert host not in TrustedHosts("", listening)


@pytest.mark.parametrize(
    ("setting", "trusted", "refused"),
    [
        ("*", ["evil.example", "a.b", "10.0.0.1", "[::1]"], []),
        (
            "paint.example.org",
            ["paint.example.org", "PAINT.example.org:80"],
            ["localhost", "127.0.0.1", "example.org"],
        ),
        (".example.org", ["example.org", "a.example.org", "a.b.example.org"], ["badexample.org", "example.org.evil"]),
        (" a.example , b.example,", ["a.example", "b.example"], ["c.example", "a.example.evil"]),
        ("127.0.0.1,localhost,[::1]", ["127.0.0.1", "localhost", "[::1]:8000"], ["10.0.0.1", "[::2]", NAME]),
        ("bücher.example", ["xn--bcher-kva.example"], ["bucher.example"]),
    ],
)
def test_the_setting_alone_decides_where_it_is_set(setting: str, trusted: list[str], refused: list[str]) -> None:
    hosts = TrustedHosts(setting, "0.0.0.0")
    assert [host for host in trusted if host not in hosts] == []
    assert [host for host in refused if host in hosts] == []


@given(
    address=st.ip_addresses().map(lambda address: f"[{address}]" if address.version == 6 else str(address)),
    port=st.just("") | st.integers(1, 65535).map(lambda port: f":{port}"),
    listening=st.sampled_from(["127.0.0.1", "0.0.0.0", "::"]),
)
@settings(max_examples=200)
def test_any_address_is_trusted_because_nobody_can_make_one_lead_here(address: str, port: str, listening: str) -> None:
    assert address + port in TrustedHosts("", listening)


@given(host=st.text(max_size=30) | st.from_regex(r"\A[a-z0-9.:\[\]-]{0,30}\Z"))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_host_is_trusted_or_not_and_is_then_an_address_or_ours(host: str) -> None:
    if host in TrustedHosts("", "127.0.0.1"):
        name = (
            host.lower().rpartition("]")[0] + "]" if "]" in host else host.lower().partition(":")[0].removesuffix(".")
        )
        assert name == "localhost" or ipaddress.ip_address(name.strip("[]"))


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/", "/nothing", "/static/page.css", "/paintings", "/healthz"])
def test_a_refusal_names_the_host_and_the_setting_to_make(client: FlaskClient, host: str, path: str) -> None:
    answer = client.get(path, headers={**JSON, "Host": host})
    check_refusal(answer, {400})
    assert host in answer.get_json()["error"]
    assert "PAINTGYM_TRUSTED_HOSTS" in answer.get_json()["error"]
    page = client.get(path, headers={"Accept": "text/html", "Host": host})
    assert page.status_code == 400
    assert "PAINTGYM_TRUSTED_HOSTS" in page.text


@pytest.mark.parametrize("name", ["http://x", "a b", "a@b", "a..b", "x" * 70, "a/b", "ok.example, x y"])
def test_a_setting_that_is_no_host_name_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(InvalidInputError, match="PAINTGYM_TRUSTED_HOSTS names"):
        Settings.from_environment({"PAINTGYM_TRUSTED_HOSTS": name})


@pytest.mark.parametrize("count", ["-1", "one", "1.5", "9" * 30])
def test_a_number_of_proxies_that_is_none_is_refused_at_the_start(count: str) -> None:
    with pytest.raises(InvalidInputError, match="PAINTGYM_TRUSTED_PROXIES"):
        Settings.from_environment({"PAINTGYM_TRUSTED_PROXIES": count})
    assert Settings.from_environment({"PAINTGYM_TRUSTED_PROXIES": "0"}).trusted_proxies == 0


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    """Of a server for everybody who can reach this machine."""
    before = app.extensions["trusted_hosts"]
    server = make_server(app, "0.0.0.0", 0, Settings())

    def run() -> None:
        with contextlib.suppress(OSError):  # in the end it is closed
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(30)
    app.extensions["trusted_hosts"] = before


def fetch(port: int, lines: str) -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"{lines}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode()


def test_a_server_for_everybody_serves_everybody_who_can_reach_it(port: int) -> None:
    for host in ("127.0.0.1", f"127.0.0.1:{port}", "203.0.113.9", "[2001:db8::1]:80", NAME, f"{NAME}:{port}"):
        assert fetch(port, f"GET /healthz HTTP/1.1\r\nHost: {host}")[0] == 200, host
    # Health checks of the first HTTP, which browsers do not speak, name no host.
    assert fetch(port, "GET /healthz HTTP/1.0")[0] == 200
    status, text = fetch(port, "GET /healthz HTTP/1.1\r\nHost: evil.example")
    assert status == 400
    assert "PAINTGYM_TRUSTED_HOSTS" in text


def test_what_is_trusted_can_be_told(app: Flask, port: int) -> None:
    told = str(app.extensions["trusted_hosts"])
    assert told.startswith("localhost, ")
    assert NAME in told
    assert told.endswith(" and all addresses")
    assert str(TrustedHosts("a.example,b.example")) == "a.example, b.example"
    assert str(TrustedHosts("a.example,*")) == "all hosts"


def test_where_the_server_listens_on_a_name_that_name_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda *_: "studio.example.org")
    hosts: Any = TrustedHosts("", "paint.example.org")
    assert "paint.example.org:8000" in hosts
    assert "studio.example.org" in hosts
    assert "example.org" not in hosts
