"""Work that a Ray cluster does: a process of its own is the cluster's driver, and this one feeds it and is answered.

Ray ends a driver whose cluster it lost by a crash, or lets it wait for good, and prints what it thinks. In a process of
its own that is one clear end for whoever asked, and what was answered before is kept. Ray is imported there alone.
"""

import importlib.util
import logging
import multiprocessing
import os
import pickle
import socket
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from .errors import InvalidInputError, MissingLibraryError, PaintgymError
from .parallel import count_cores, prepare_worker

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_CLIENT = "ray://"
_CLIENT_PORT, _PORT = 10001, 6379
"""Of Ray's client server and of its head, usually."""
_REACH_SECONDS, _JOIN_SECONDS = 10.0, 40.0
"""How long the machine at an address may take to answer, and the cluster to take a driver in: a minute in all."""
_LOOK_SECONDS, _LOST_SECONDS = 3.0, 20.0
"""How often a driver looks after its cluster, and after how long without a sign that it did it is taken for lost."""
_LEAVE_SECONDS, _BREAK_OFF_SECONDS = 10.0, 3.0
"""How long a driver may take to leave its cluster before it is killed: when all is done, and before that."""
_room_seconds = 600.0
"""How long a cluster may take to have a node that can hold a worker; one that was started here has no others."""


def check_ray(address: str) -> None:
    """Find out, before any work, whether there is Ray, and somebody at an address.

    Args:
        address: ``"local"`` for a cluster on this machine that is started for the work, ``"auto"`` for the one that
            this machine is part of, ``"host:6379"`` for its head, or ``"ray://host:10001"`` for a cluster elsewhere.

    Raises:
        MissingLibraryError: Ray is not installed.
        InvalidInputError: nobody answers at the address, or it is none.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingLibraryError("work on a Ray cluster needs Ray; 'pip install paintgym[ray]' brings it")
    if address not in ("local", "auto") and (trouble := _try(*_split(address))):
        raise InvalidInputError(
            f"no Ray cluster answers at {address} ({trouble}); 'ray status' on the head's machine says whether one runs"
        )


def through_ray(
    address: str, work: Callable[[Iterator[Item]], Iterator[Answer]], items: Iterator[Item]
) -> Iterator[Answer]:
    """Let ``work`` run in a process that is connected to a Ray cluster, and give what it gives.

    Args:
        address: see ``check_ray``.
        work: from items to answers; it may use ``ray`` as it likes, and must survive pickling.
        items: each is asked for when the work wants it, and pickled.

    Raises:
        MissingLibraryError: Ray is not installed.
        InvalidInputError: nobody answers at the address, or no more.
        PaintgymError: the work raised it, on whichever machine.
    """
    check_ray(address)
    number, name = tempfile.mkstemp(prefix="paintgym-ray-", suffix=".log")
    os.close(number)
    log = Path(name)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # Pickled here: multiprocessing would put weights into shared memory, of which containers have little.
    process = context.Process(target=_drive, args=(theirs, address, pickle.dumps(work), log))
    process.start()
    theirs.close()
    named = False
    try:
        yield from _converse(ours, address, items, log)
        process.join(_LEAVE_SECONDS)
    except InvalidInputError as error:
        named = str(log) in str(error)
        raise
    finally:
        ours.close()
        process.terminate()  # Ray's answer to this is to leave the cluster.
        process.join(_BREAK_OFF_SECONDS)
        process.kill()
        process.join()
        if not named:
            log.unlink()


def wait_for_room(cores: int, gpus: int = 0) -> None:
    """Let the work of ``through_ray`` wait for a node that can hold one of its workers, and warn of that.

    Warns:
        UserWarning: no node is as large, or all are at work.

    Raises:
        InvalidInputError: none is as large, and for ten minutes none comes, as one does where clusters grow.
    """
    import ray

    asked, ends, warned = {"CPU": cores, "GPU": gpus}, time.monotonic() + _room_seconds, False

    def has_room(there: dict[str, float]) -> bool:
        return all(there.get(name, 0) >= count for name, count in asked.items())

    while True:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if any(map(has_room, nodes)):
            break
        sizes = Counter(map(_size, nodes))
        there = ", ".join(f"{count} with {size}" for size, count in sizes.items())
        lacks = f"each worker takes {_size(asked)}, and no node of the Ray cluster has that ({there})"
        minutes = f"{_room_seconds / 60:g} minutes"
        if time.monotonic() >= ends:
            raise InvalidInputError(lacks + f", nor did one come in {minutes}" * bool(_room_seconds))
        if not warned:
            warnings.warn(f"{lacks}; waiting for one, up to {minutes}", stacklevel=2)
        warned = True
        time.sleep(_LOOK_SECONDS)
    if has_room(ray.available_resources()):
        return
    time.sleep(_LOOK_SECONDS)  # Who has just left is still counted.
    if not has_room(ray.available_resources()):
        warnings.warn(
            f"each worker takes {_size(asked)}, and the Ray cluster is at work for others; waiting until they are done",
            stacklevel=2,
        )


def name_node() -> str:
    """What messages call the machine of a cluster that this is."""
    import ray

    return f"the cluster's node {ray.util.get_node_ip_address()}"


def _size(resources: Mapping[str, float]) -> str:
    cores, gpus = resources.get("CPU", 0), resources.get("GPU", 0)
    return f"{cores:g} core{'s' * (cores != 1)}" + f" and {gpus:g} GPU{'s' * (gpus != 1)}" * bool(gpus)


def _converse(driver: Connection, address: str, items: Iterator[Item], log: Path) -> Iterator[Any]:
    joined = False
    while True:
        if not driver.poll(_LOST_SECONDS if joined else _JOIN_SECONDS):
            raise _lost(address, log) if joined else _not_joined(address, "it does not answer", log)
        try:
            kind, value = driver.recv()
            if kind == "more":
                driver.send(next(items, None))
        except (EOFError, ConnectionError):
            raise _lost(address, log) from None
        if kind == "joined":
            joined = True
        elif kind == "answer":
            yield value
        elif kind == "warning":
            warnings.warn(value, stacklevel=3)
        elif kind == "refused":
            raise _not_joined(address, value, log)
        elif kind == "mistake":
            raise value
        elif kind == "trouble":
            raise InvalidInputError(f"the Ray cluster at {address} could not go on: {value} ({_what_is_kept(log)})")
        elif kind == "end":
            return


def _lost(address: str, log: Path) -> InvalidInputError:
    return InvalidInputError(f"the Ray cluster at {address} was lost ({_what_is_kept(log)})")


def _what_is_kept(log: Path) -> str:
    return f"what was finished is kept; run the same again to go on; Ray's own words: {log}"


def _not_joined(address: str, why: str, log: Path) -> InvalidInputError:
    # Ray shows a token only where that is set, and does not say that it lacks one.
    hint = "" if address == "local" else "; where it wants a token, set RAY_AUTH_MODE=token"
    return InvalidInputError(f"cannot join a Ray cluster at {address}: {why}{hint} (Ray's own words: {log})")


def _try(host: str, port: int) -> str:
    """What is wrong with a machine at an address; nothing where it answers."""
    try:
        socket.create_connection((host, port), _REACH_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not host or "/" in host or not port.isdigit():
        raise InvalidInputError(
            f"{address!r} is no address of a Ray cluster; expected local, auto, host:{_PORT} or "
            f"{_CLIENT}host:{_CLIENT_PORT}"
        )
    return host.strip("[]"), int(port)


def _drive(parent: Connection, address: str, work: bytes, log: Path) -> None:
    """The process that is the cluster's driver."""
    global _room_seconds
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    prepare_worker()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would tell its makers of every cluster it starts.
    import ray

    lock = threading.Lock()

    def tell(kind: str, value: Any = None) -> None:
        with lock:
            parent.send((kind, value))

    def pass_on(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if category is UserWarning:
            tell("warning", str(message))

    warnings.showwarning = pass_on
    try:
        if address == "local":
            _room_seconds = 0.0
            ray.init(address, num_cpus=count_cores(), include_dashboard=False)
        else:
            ray.init(address)
    except Exception as error:  # Ray's are of many kinds
        tell("refused", _one_line(error))
        return
    tell("joined")
    threading.Thread(target=_look_after, args=(address, tell), daemon=True).start()

    def items() -> Iterator[Any]:
        while True:
            tell("more")
            item = parent.recv()
            if item is None:
                return
            yield item

    try:
        for answer in pickle.loads(work)(items()):
            tell("answer", answer)
    except ConnectionError:
        logging.exception("the cluster was lost")  # To the log; to end without a word is what crashed drivers do too.
        return
    except Exception as error:
        logging.exception("the work ended")
        mistake = _mistake_in(error)
        tell(*(("mistake", mistake) if mistake else ("trouble", _one_line(error))))
    else:
        tell("end")
    with suppress(Exception):
        ray.shutdown()


def _look_after(address: str, tell: Callable[[str], None]) -> None:
    """Tell that the cluster answers, and end the driver of one whose head forgot it, as a head that was restarted."""
    import ray

    own = None if address.startswith(_CLIENT) else ray.get_runtime_context().get_node_id()
    with suppress(Exception):  # Then nothing is told any more.
        while own in [None, *(node["NodeID"] for node in ray.nodes())]:
            tell("there")
            time.sleep(_LOOK_SECONDS)
        os._exit(1)


def _mistake_in(error: BaseException | None) -> PaintgymError | None:
    """What paintgym raised on another machine, from what Ray made of it."""
    while error is not None:
        inner = getattr(error, "cause", None)
        for one in (inner, error):  # The outer one may be both, and say it in Ray's words.
            if isinstance(one, PaintgymError):
                return one
        error = inner if isinstance(inner, BaseException) else error.__cause__
    return None


def _one_line(error: Exception) -> str:
    """The last line of an error that says something: Ray's begin with traces of other processes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
