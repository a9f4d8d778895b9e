"""Processes that train together, as torchrun starts them: each of them a real one, whose words are kept apart."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from .ports import free_port


@dataclass
class Rank:
    """One of them."""

    process: "subprocess.Popen[str]"

    def end(self, seconds: float = 60) -> tuple[int, list[str]]:
        """Its exit code, and the lines that it wrote to standard error."""
        _, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, errors.splitlines()


def start_together(words: list[str], count: int = 2, largest_file_of_first: int | None = None) -> list[Rank]:
    """Start a command of paintgym in so many processes.

    Args:
        words: the command.
        count: how many.
        largest_file_of_first: bytes after which the first finds its disk full; the others' disks have room.
    """
    port = free_port()
    ranks = []
    for rank in range(count):
        process = subprocess.Popen(
            [sys.executable, "-m", "paintgym", *words],
            env={**environment(), **told(rank, count, port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if rank == 0 and largest_file_of_first is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest_file_of_first, largest_file_of_first))
        ranks.append(Rank(process))
    return ranks


def told(rank: int, count: int, port: int) -> dict[str, str]:
    """What torchrun tells a process in its environment."""
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_PORT": port}
    return {"MASTER_ADDR": "127.0.0.1", **{name: str(number) for name, number in numbers.items()}}


def run_torchrun(words: list[str], count: int = 2) -> "subprocess.CompletedProcess[str]":
    """What torchrun says of a command of paintgym in so many processes."""
    agent = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={count}", f"--master-port={free_port()}"]
    command = [*agent, "-m", "paintgym", *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300, check=False)


def environment() -> dict[str, str]:
    """One thread each, as torchrun has it."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def wait_for(event: Callable[[], bool], ranks: list[Rank]) -> None:
    """Wait for an event, as long as the processes live."""
    while not event():
        assert all(rank.process.poll() is None for rank in ranks), [rank.end() for rank in ranks]
        time.sleep(0.01)
