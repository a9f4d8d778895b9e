"""The page's service in a process of its own, on a free port of this machine, and what it tells of itself."""

import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InvalidInputError

HOST = "127.0.0.1"
ANSWER_SECONDS = 120
_START_SECONDS = 300


@dataclass(frozen=True)
class Service:
    """One that serves.

    Attributes:
        process: its own.
        port: where it listens.
    """

    process: subprocess.Popen[bytes]
    port: int

    def memory(self) -> float:
        """Bytes that it holds."""
        return self._metric("process_resident_memory_bytes")

    def waiting(self) -> int:
        """Paintings that wait or are under way."""
        return int(self._metric(r"paintgym_queue_length\{[^}]*\}"))

    def _metric(self, pattern: str) -> float:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_SECONDS)
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {_TOKEN}"})
        text = connection.getresponse().read().decode()
        connection.close()
        return sum(float(value) for value in re.findall(rf"^{pattern} (\S+)$", text, re.MULTILINE))


_TOKEN = "load-test"


@contextlib.contextmanager
def serving(port: int = 0, **settings: str | int) -> Iterator[Service]:
    """The service with some settings, such as ``batch=1``; people are told apart by the header X-Forwarded-For.

    Raises:
        InvalidInputError: it does not start.
    """
    if not port:
        with socket.socket() as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
    chosen = {"trusted_proxies": 1, "metrics_token": _TOKEN, **settings}
    environment = {**os.environ, **{f"PAINTGYM_{name.upper()}": str(value) for name, value in chosen.items()}}
    command = [sys.executable, "-m", "paintgym", "serve", "--host", HOST, "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(process, port)
        yield Service(process, port)
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        # It listens before it has warmed up, and answers after that.
        connection = http.client.HTTPConnection(HOST, port, timeout=_START_SECONDS)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise InvalidInputError("the service did not start; 'paintgym serve' tells why")
