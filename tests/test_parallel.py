"""Processes and threads that work side by side: in order, ended with who breaks off, and told of when killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from paintgym.errors import LostProcessError
from paintgym.parallel import prepare_worker, start_pool, work_ahead, work_through


def kill_oneself(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_process_is_one_line() -> None:
    with pytest.raises(LostProcessError, match="one of 2 processes was killed, as where memory is short"):
        list(work_through(kill_oneself, [0, 1, 2], 2))


@pytest.mark.slow
def test_processes_end_at_once_with_who_breaks_off() -> None:
    began = time.monotonic()

    def break_off() -> None:
        with start_pool(2, prepare_worker) as pool:
            pool.submit(abs, -1).result()
            pool.submit(time.sleep, 60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_ctrl_c_ends_a_plan_that_is_starting_its_workers_with_one_line() -> None:
    words = ["-m", "paintgym", "plan", "--strokes", "20000", "--size", "1024", "--processes", "2"]
    # What runs in the background of a shell, as these tests may, begins deaf to it.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while len(children.read_text().split()) < 2:
        time.sleep(0.01)
    time.sleep(0.05)  # Python is up in them, and paintgym is not.
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    assert process.communicate(timeout=60) == ("", "paintgym: interrupted\n")
    assert process.returncode == 130
    assert time.monotonic() - began < 20


def test_threads_work_ahead_in_order_and_not_further_than_they_are_to() -> None:
    asked, started = [], threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(20):
            asked.append(number)
            yield number

    def work(number: int) -> int:
        started.release()
        time.sleep(0.01 * (number % 3))
        return number * number

    results = work_ahead(work, items(), 4)
    assert next(results) == (0, 0)
    assert asked == [0, 1, 2, 3, 4]
    for _ in range(5):
        assert started.acquire(timeout=10)
    assert list(results) == [(number, number * number) for number in range(1, 20)]
    with pytest.raises(ZeroDivisionError):
        list(work_ahead(lambda number: 1 // number, [1, 0, 1], 2))
