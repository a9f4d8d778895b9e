"""The configurations of nginx and Caddy that the manual prints, run as printed but for ports and names."""

import contextlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.documentation import DOCS, blocks
from helpers.ports import free_port
from helpers.serving import PATIENCE, serving
from helpers.web_service import save_untrained_policy

pytestmark = pytest.mark.slow

NAME = "paint.example.org"
HOSTING = DOCS / "hosting.md"


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="module")
def service(policy: Path) -> Iterator[int]:
    """The port of the page's service behind a proxy."""
    with serving(policy, PAINTGYM_TRUSTED_PROXIES="1", PAINTGYM_TRUSTED_HOSTS=NAME) as (_, port):
        yield port


def configuration(language: str, number: int = 0) -> str:
    return blocks(HOSTING, language)[number].text


@contextlib.contextmanager
def nginx(text: str, port: int, folder: Path) -> Iterator[None]:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    whole = f"pid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
    (folder / "nginx.conf").write_text(whole)
    command = ["nginx", "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]
    with running([*command, "-g", "daemon off; master_process off;"], port):
        yield


@contextlib.contextmanager
def caddy(text: str, port: int, folder: Path) -> Iterator[None]:
    if shutil.which("caddy") is None:
        pytest.skip("Caddy is not installed: apt-get install caddy")
    text = text.replace(f"{NAME} {{", f"http://{NAME}:{port} {{")
    (folder / "Caddyfile").write_text("{\nadmin off\nauto_https off\n}\n" + text)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with running(command, port, HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder)):
        yield


@contextlib.contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    program = subprocess.Popen(command, env={"PATH": "/usr/bin:/usr/sbin", **environment}, stderr=subprocess.PIPE)
    try:
        for _ in range(10 * PATIENCE):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert program.poll() is None, program.stderr.read().decode()
            time.sleep(0.1)
        yield
    finally:
        program.kill()
        program.wait()


PROXIES = {"nginx": nginx, "caddy": caddy}


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    kind = {} if body is None else {"Content-Type": "application/json"}
    content = body if isinstance(body, bytes | None) else json.dumps(body)
    connection.request(method, path, content, {"Host": NAME, "Accept": "application/json", **kind, **headers})
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, text


def follow(port: int, path: str) -> list[tuple[float, str]]:
    """When each event of a painting came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path, headers={"Host": NAME})
    seen = [(time.monotonic(), line[7:].strip().decode()) for line in connection.getresponse() if line[:6] == b"event:"]
    connection.close()
    return seen


@pytest.mark.parametrize("kind", PROXIES)
def test_the_page_is_served_through_the_proxy_as_printed(kind: str, service: int, tmp_path: Path) -> None:
    port = free_port()
    text = configuration(kind).replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    with PROXIES[kind](text, port, tmp_path):
        assert ask(port, "GET", "/healthz")[0] == 200
        assert ask(port, "GET", "/metrics")[0] == 404
        order = {"sample": "fish", "agent": "greedy", "strokes": 200}
        status, text = ask(port, "POST", "/paintings", order)
        assert status == 202, text
        painting = json.loads(text)
        seen = follow(port, painting["links"]["events"])
        assert seen[-1][1] == "finished"
        # Not all at once in the end: nothing on the way gathers them.
        assert seen[-1][0] - seen[0][0] > 0.3
        assert len({round(moment, 2) for moment, _ in seen}) > 3
        status, text = ask(port, "POST", painting["links"]["share"], {"title": "Fish"})
        assert status == 201
        page = ask(port, "GET", json.loads(text)["url"], Accept="text/html")[1]
        assert f'content="http://{NAME}/p/' in page
        status, text = ask(port, "POST", "/paintings", bytes(10_500_000), **{"Content-Type": "image/png"})
        assert (status, "PAINTGYM_UPLOAD_MEGABYTES" in text) == (413, True)


def test_nginx_limits_the_orders_of_an_address(service: int, tmp_path: Path) -> None:
    port = free_port()
    text = configuration("nginx").replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    with nginx(text, port, tmp_path):
        statuses = [ask(port, "POST", "/paintings", {"sample": "nothing"})[0] for _ in range(40)]
        assert set(statuses) == {400, 429}
        assert ask(port, "GET", "/healthz")[0] == 200


def test_nginx_serves_the_page_under_a_path(service: int, tmp_path: Path) -> None:
    port = free_port()
    location = configuration("nginx", 1).replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    with nginx(f"server {{\nlisten 80;\n{location}}}\n", port, tmp_path):
        page = ask(port, "GET", "/paint/", Accept="text/html")[1]
        assert re.search(r'src="/paint/static/\w+\.js', page)
        status, text = ask(port, "POST", "/paint/paintings", {"sample": "fish", "size": 64, "strokes": 3})
        assert status == 202
        links = json.loads(text)["links"]
        assert links["self"].startswith("/paint/paintings/")
        assert follow(port, links["events"])[-1][1] == "finished"


def test_two_processes_behind_one_address_share_what_is_finished(policy: Path, tmp_path: Path) -> None:
    port, store = free_port(), tmp_path / "store"
    settings = {"PAINTGYM_TRUSTED_PROXIES": "1", "PAINTGYM_TRUSTED_HOSTS": NAME, "PAINTGYM_STORE": str(store)}
    with serving(policy, **settings) as (first, own), serving(policy, **settings) as (second, other):
        servers = f"server 127.0.0.1:{own};\n    server 127.0.0.1:{other};"
        text = configuration("nginx").replace("server 127.0.0.1:8000;", servers)
        with nginx(text, port, tmp_path):
            orders = [ask(port, "POST", "/paintings", {"sample": "fish", "size": 64, "strokes": 5}) for _ in range(4)]
            paintings = [json.loads(text) for _, text in orders]
            assert len({painting["id"][:8] for painting in paintings}) == 1  # one visitor, one process
            for painting in paintings:
                assert follow(port, painting["links"]["events"])[-1][1] == "finished"
            shared = json.loads(ask(port, "POST", paintings[0]["links"]["share"], {})[1])
            for process in (own, other):
                assert ask(process, "GET", shared["url"])[0] == 200
            until = time.monotonic() + PATIENCE
            while {ask(process, "GET", paintings[0]["links"]["png"])[0] for process in (own, other)} != {200}:
                assert time.monotonic() < until
                time.sleep(0.2)
            # The one that painted them is gone; the other has them.
            order = json.loads(
                ask(port, "POST", "/paintings", {"sample": "fish", "agent": "greedy", "strokes": 300})[1]
            )
            (first if ask(own, "GET", order["links"]["self"])[0] == 200 else second).kill()
            assert ask(port, "GET", paintings[0]["links"]["png"])[0] == 200
            assert ask(port, "GET", shared["url"])[0] == 200
