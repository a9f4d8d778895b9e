"""Processes that work side by side: what each begins with, and how work is given out among them.

Nothing large is imported here, so that processes that draw strokes do not wait for torch.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from .errors import LostProcessError

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: Callable[[Any], Any] | None = None


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def count_threads(workers: int) -> int:
    """Threads that torch computes with in each of some workers; one worker has those of this process."""
    if workers > 1:
        return max(1, count_cores() // workers)
    import torch

    return torch.get_num_threads()


class _Pool(ProcessPoolExecutor):
    def submit(self, work: Callable[..., Result], /, *arguments: Any, **options: Any) -> Future[Result]:
        """Give out work, and start a process if need be; who breaks off does so after that, not within."""
        with _interrupts_held():
            return super().submit(work, *arguments, **options)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the block is done, and does nothing in processes that it starts: their parent ends them."""
    came: list[int] = []
    resource_tracker.ensure_running()  # which else is started with the first process, and lets Ctrl-C through again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    # Other threads take signals too, and Python then interrupts the first one wherever it is.
    first = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if first else None
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if first:
            signal.signal(signal.SIGINT, handler or signal.default_int_handler)
        if came and callable(handler):
            handler(signal.SIGINT, None)


@contextmanager
def start_pool(workers: int, prepare: Callable[..., None], *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """Processes that each begin with ``prepare(*arguments)``, which is to call ``prepare_worker``.

    Spawned, not forked: a forked copy of a process in which torch has threads can hang. Where the block fails, they
    are ended whatever they do.

    Raises:
        LostProcessError: one of them was killed.
    """
    others = multiprocessing.active_children()
    pool = _Pool(workers, multiprocessing.get_context("spawn"), prepare, arguments)
    try:
        yield pool
    except BrokenProcessPool:
        raise LostProcessError(
            f"one of {workers} processes was killed, as where memory is short; try fewer, or smaller work"
        ) from None
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()  # A painting can take a minute, and who interrupts does not want to wait for it.
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def prepare_worker() -> None:
    """What every worker process begins with: it ends with its parent, and Ctrl-C is its parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    # Workers wait on a pipe of which each holds both ends: without this, a killed parent would leave them waiting.
    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def work_through(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[tuple[int, Result]]:
    """Give the number of each item and what ``work`` makes of it, as soon as it is made.

    Args:
        work: must survive pickling, with all it holds.
        items: what there is to do.
        workers: processes, 1 or more; with 1 all is done here. With more, a script that calls this needs the usual
            ``if __name__ == "__main__"``.

    Raises:
        LostProcessError: a process was killed.
    """
    if workers == 1:
        yield from ((number, work(item)) for number, item in enumerate(items))
        return
    # Pickled here, not by the pool: that would put weights into shared memory, of which containers have little.
    arguments = pickle.dumps(work), count_threads(workers)
    with start_pool(min(workers, max(1, len(items))), _prepare, *arguments) as pool:
        waiting = {pool.submit(_do, item): number for number, item in enumerate(items)}
        while waiting:
            for finished in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(finished), finished.result()


def work_ahead(work: Callable[[Item], Result], items: Iterable[Item], count: int) -> Iterator[tuple[Item, Result]]:
    """Give each item, in their order, and what ``work`` makes of it, while threads work on the next ``count``."""
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(count) as pool:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > count:
                first, made = waiting.popleft()
                yield first, made.result()
        yield from ((first, made.result()) for first, made in waiting)


def _do(item: Any) -> Any:
    assert _work is not None
    return _work(item)


def _prepare(work: bytes, threads: int) -> None:
    global _work
    prepare_worker()
    _work = pickle.loads(work)
    if "torch" in sys.modules:  # Where the work needs it, it was imported with the work.
        sys.modules["torch"].set_num_threads(threads)
