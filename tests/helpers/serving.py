"""The web service in a process of its own."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .ports import free_port

PATIENCE = 90
"""Seconds: for a busy machine."""


@contextlib.contextmanager
def serving(policy: Path, port: int = 0, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = port or free_port()
    environment = {**os.environ, "PAINTGYM_POLICY": str(policy), "OMP_NUM_THREADS": "1", **settings}
    command = [sys.executable, "-m", "paintgym.scripts.main", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            assert f"http://127.0.0.1:{port}" in server.stdout.readline()
            yield server, port
        finally:
            server.kill()
