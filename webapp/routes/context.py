"""What all request handlers ask: which service serves them, who reads the answer, and whether a thread may be held."""

import ipaddress
from collections.abc import Iterator

from flask import Request, current_app

from ..errors import BusyError
from ..jobs.job import Job
from ..jobs.service import PaintingService


def current_service() -> PaintingService:
    """The service of the application that handles the request."""
    service: PaintingService = current_app.extensions["painting_service"]
    return service


def wants_html(request: Request) -> bool:
    """Whether the answer is for a browser that shows it, rather than for a program."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def client_of(request: Request) -> str:
    """Who asks, for fair shares: an address, or of IPv6 the network of a household, in which addresses are free."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:  # as a server that listens to both kinds sees it
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class StreamSlot:
    """One of the threads that may be held for long: given back when the response is closed, however it ends.

    Args:
        content: what is sent.
        job: the painting that is watched meanwhile.

    Raises:
        BusyError: all are taken.
    """

    def __init__(self, content: Iterator[bytes] | None = None, job: Job | None = None) -> None:
        self._content = content or iter(())
        self._job = job
        self._slots = current_service().stream_slots
        if not self._slots.acquire(blocking=False):
            raise BusyError("watchers", "threads")
        self._held = True
        if job is not None:
            job.watch()

    def __iter__(self) -> Iterator[bytes]:
        return self._content

    def close(self) -> None:
        """Give the slot back; called by the server."""
        if self._held:
            self._held = False
            self._slots.release()
            if self._job is not None:
                self._job.leave()

    def __enter__(self) -> "StreamSlot":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
