"""The service behind a real server: it ends when told to, and clients who are slow or vanish harm nobody."""

import http.client
import json
import signal
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from helpers.ports import free_port
from helpers.serving import PATIENCE, serving
from helpers.web_service import save_untrained_policy
from paintgym.scripts.commands import load_test
from paintgym.scripts.main import main
from paintgym.scripts.visits.service import Service
from paintgym.scripts.visits.visit import vanish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained_policy(tmp_path_factory.mktemp("policy"))


def ask(port: int, path: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if body is not None:
        request.data, request.headers = json.dumps(body).encode(), {"Content-type": "application/json"}
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def send(port: int, text: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.sendall(text.encode())
    return connection


def watch(port: int, painting: dict[str, Any]) -> socket.socket:
    """Open the stream of a painting's events; a slot that somebody left is free within a second or two."""
    for _ in range(5 * PATIENCE):
        request = f"GET {painting['links']['events']} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection = send(port, request)
        if b"200 OK" in connection.recv(1000):
            return connection
        connection.close()
        time.sleep(0.2)
    raise TimeoutError("no slot was given back")


TAKEN = {"waiting", "painting", "finished"}
"""States of a painting that was not refused: it may be under way before the answer is written."""

TOO_LARGE = "The request is too large; at most 10 MB are taken."


def check_413(port: int, body: bytes, *, length: int | None = None, accept: str = "*/*", more: str = "") -> None:
    """Send a body that is too large, all of it, and read the refusal."""
    kind = "" if "chunked" in more else f"Content-Length: {len(body) if length is None else length}\r\n"
    head = f"POST /paintings HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nAccept: {accept}\r\n{kind}{more}"
    with send(port, f"{head}\r\n") as connection:
        connection.sendall(body)
        check_refusal_of(connection, '<p role="alert">' if "html" in accept else '{"error":')


def check_refusal_of(connection: socket.socket, start: str) -> None:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.status == 413
    assert start in (text := answer.read().decode())
    assert TOO_LARGE in text


def test_too_much_is_refused_in_our_own_words_even_while_it_is_still_being_sent(policy: Path) -> None:
    with serving(policy) as (_, port):
        for megabytes in (11, 25, 60):  # whoever is cut off while sending sees no answer
            check_413(port, bytes(1_000_000 * megabytes))
        check_413(port, bytes(25_000_000), accept="text/html")
        check_413(port, b"", length=25_000_000, more="Expect: 100-continue\r\nConnection: close\r\n")
        check_413(port, b"", length=10**15)
        check_413(port, b"989682\r\n" + bytes(10_000_002), more="Transfer-Encoding: chunked\r\n")
        with send(port, "") as connection:  # a connection that was refused once can be used again
            for _ in range(2):
                lines = (
                    "POST /api/paint HTTP/1.1",
                    "Host: localhost",
                    "Content-Type: image/png",
                    "Content-Length: 11000000",
                )
                connection.sendall("\r\n".join((*lines, "", "")).encode() + bytes(11_000_000))
                check_refusal_of(connection, '{"error":')
        assert ask(port, "/paintings", {"sample": "hills", "strokes": 5})["state"] in TAKEN


def test_slow_and_vanishing_clients_harm_nobody_and_sigterm_ends_what_runs(policy: Path) -> None:
    with serving(policy, PAINTGYM_THREADS="8") as (server, port):
        slow = [
            send(port, "POST /paintings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nx")
            for _ in range(20)
        ]
        slow += [send(port, "GET / HTTP/1.1\r\nHost: loc") for _ in range(20)]
        painting = ask(port, "/paintings", {"sample": "fish", "agent": "greedy", "strokes": 1000})
        for _ in range(12):  # more than there are slots, one after another
            watch(port, painting).close()
        assert ask(port, "/healthz") == {"status": "ok"}
        check_413(port, b"", length=99_999_999_999)
        assert ask(port, "/paintings", {"sample": "hills", "strokes": 5})["state"] in TAKEN
        with watch(port, painting) as watching:
            server.send_signal(signal.SIGTERM)
            assert server.wait(PATIENCE) == 0
            told = b"".join(iter(lambda: watching.recv(100_000), b""))
        assert b"event: cancelled" in told
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()
        for connection in slow:
            connection.close()


def test_sigterm_ends_in_the_middle_of_a_large_painting(policy: Path) -> None:
    with serving(policy, PAINTGYM_MAXIMUM_LARGE_STROKES="100000") as (server, port):
        painting = ask(port, "/paintings", {"sample": "fish", "size": 1024, "strokes": 100_000})
        while ask(port, painting["links"]["self"])["state"] == "waiting":
            time.sleep(0.1)
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0  # to the end it would take minutes more


def test_watchers_who_vanish_leave_the_queue_empty(policy: Path) -> None:
    settings = {"PAINTGYM_UNWATCHED_SECONDS": "1", "PAINTGYM_METRICS_TOKEN": "load-test"}
    with serving(policy, PAINTGYM_TRUSTED_PROXIES="1", **settings) as (process, port):
        with ThreadPoolExecutor(30) as crowd:
            errors = list(crowd.map(lambda person: vanish(port, 5000, 512, person), range(30)))
        assert set(errors) == {""}
        service, started = Service(process, port), time.monotonic()
        while service.waiting():
            assert time.monotonic() - started < PATIENCE
            time.sleep(0.1)


def test_figures_have_a_port_of_their_own(policy: Path) -> None:
    figures = free_port()
    with serving(policy, PAINTGYM_METRICS_PORT=str(figures)) as (_, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{figures}/metrics", timeout=PATIENCE) as answer:
            assert b"paintgym_queue_length" in answer.read()
        for address in (f"http://127.0.0.1:{figures}/", f"http://127.0.0.1:{port}/metrics"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address, timeout=PATIENCE)


def test_a_restart_says_so_and_what_was_finished_is_still_there(policy: Path, tmp_path: Path) -> None:
    settings = {"PAINTGYM_STORE": str(tmp_path / "store")}
    with serving(policy, **settings) as (server, port):
        finished = ask(port, "/paintings", {"sample": "fish", "size": 64, "strokes": 5})
        with watch(port, finished) as watching:
            told = b""
            while b"event: finished" not in told:
                told += watching.recv(100_000)
        painting = ask(port, "/paintings", {"sample": "fish", "agent": "greedy", "strokes": 1000})
        with watch(port, painting) as watching:
            server.send_signal(signal.SIGTERM)
            assert server.wait(PATIENCE) == 0
            assert b"to be started anew" in b"".join(iter(lambda: watching.recv(100_000), b""))
    with serving(policy, port, **settings) as (server, port):
        assert ask(port, finished["links"]["self"])["state"] == "finished"
        with pytest.raises(urllib.error.HTTPError, match="404") as lost:
            ask(port, painting["links"]["events"])
        assert b"started anew" in lost.value.read()


def test_a_port_that_is_taken_is_a_mistake_of_one_line(policy: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("PAINTGYM_POLICY", str(policy))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "--port" in complaint


@pytest.mark.usefixtures("one_thread")
def test_the_load_test_prints_its_figures(policy: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("PAINTGYM_POLICY", str(policy))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("_ALONE", "_LARGE_ALONE", "_ROUNDS", "_REST_SECONDS"):
        monkeypatch.setattr(load_test, name, 1)
    for name in ("_WARMING", "_LARGE_WARMING"):
        monkeypatch.setattr(load_test, name, 2)
    monkeypatch.setenv("PAINTGYM_UNWATCHED_SECONDS", "1")
    sizes = ["--strokes", "8", "--large-strokes", "20", "--people", "2", "--watchers", "3", "--seconds", "1"]
    assert main(["load-test", *sizes]) == 0
    printed = capsys.readouterr().out
    figures = ("first strokes after", "longest", "times as many", "all served within", "0 orders are left", "memory: ")
    for figure in figures:
        assert figure in printed
    assert printed.count(" 0 errors") == 6
