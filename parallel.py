"""Processes that paint side by side, each with its share of the cores. What they do, their caller says."""

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import Any, TypeVar

import torch

from .parallel import prepare_worker

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: Callable[[Any], Any] | None = None


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def count_threads(workers: int) -> int:
    """Threads that each of some workers computes with; one worker has those of this process."""
    return torch.get_num_threads() if workers == 1 else max(1, count_cores() // workers)


def work_through(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[tuple[int, Result]]:
    """Give the number of each item and what ``work`` makes of it, as soon as it is made.

    Args:
        work: must survive pickling, with all it holds.
        items: what there is to do.
        workers: processes, 1 or more; with 1 all is done here. With more, a script that calls this needs the usual
            ``if __name__ == "__main__"``.
    """
    if workers == 1:
        yield from ((number, work(item)) for number, item in enumerate(items))
        return
    # Spawned, not forked: a forked copy of a process in which torch has threads can hang. Pickled here, not by the
    # pool: that would put weights into shared memory, of which containers have little.
    pool = ProcessPoolExecutor(
        min(workers, max(1, len(items))),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(pickle.dumps(work), count_threads(workers)),
    )
    others = multiprocessing.active_children()
    waiting = {pool.submit(_do, item): number for number, item in enumerate(items)}
    processes = [process for process in multiprocessing.active_children() if process not in others]
    try:
        while waiting:
            for finished in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(finished), finished.result()
    except BaseException:
        for process in processes:
            process.terminate()  # A painting can take a minute, and who interrupts does not want to wait for it.
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _do(item: Any) -> Any:
    assert _work is not None
    return _work(item)


def _prepare(work: bytes, threads: int) -> None:
    global _work
    prepare_worker()
    torch.set_num_threads(threads)
    _work = pickle.loads(work)
