"""Real Ray clusters on this machine: a head and nodes, each a raylet of its own, whose workers and nodes are killed."""

import importlib.util
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NEEDS_RAY = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray: pip install paintgym[ray]")

STORE = 80 * 2**20
"""Bytes of a node's object store: the least that Ray takes is 75 MiB."""


@contextmanager
def cluster_of(nodes: int, **options: Any) -> Iterator[Any]:
    """A cluster of nodes with a core each."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": STORE, **options}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**node)
        yield cluster
    finally:
        cluster.shutdown()


@contextmanager
def meanwhile(*steps: tuple[Callable[[], bool], Callable[[], object]]) -> Iterator[None]:
    """While the block runs, do each thing as soon as it is time for it, one after the other; all must be done."""
    done, over = [], threading.Event()

    def watch() -> None:
        for is_time, do in steps:
            while not is_time():
                if over.wait(0.02):
                    return
            do()
            done.append(do)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert len(done) == len(steps)


def kill_worker(kind: str) -> None:
    """Kill a worker process that Ray started, by the name that Ray gives it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                name = path.read_bytes()
            except OSError:
                continue
            if name.startswith(b"ray::" + kind.encode()):
                os.kill(int(path.parent.name), signal.SIGKILL)
                return
    raise AssertionError(f"there is no worker ray::{kind}")
