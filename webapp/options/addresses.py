"""Pictures from elsewhere, by their addresses: where the host allows it, from the public network alone.

Whoever names an address must not reach with it what only this machine can: so a name is resolved here, every address it
has is checked, and the connection goes to the address that was checked and no other, again after every redirect.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ..errors import BusyError, ForbiddenError, RequestError, printable
from ..settings import Settings

_MOST_REDIRECTS = 3
_SECONDS = 10.0
"""For all of it: resolving, connecting, redirects, and the picture itself."""
_LONGEST_ADDRESS = 2000
_CHUNK_BYTES = 65_536
_PORTS = {"http": 80, "https": 443}
"""Others are those of services that are no web pages."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
_LEADING_TO_IPV4 = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/32")))
"""Networks of public IPv6 whose addresses stand for some of IPv4, private ones too."""
_OF_THE_HOUSE = ("168.63.129.16",)
"""Looks public, and is where Azure's machines ask about themselves."""
_FETCHES = 4
# Each holds a thread for as long as it lasts.
_slots = threading.Semaphore(_FETCHES)
# Names are resolved aside: the system's own call knows no deadline, and is given up.
_resolvers = ThreadPoolExecutor(_FETCHES, "resolving")


def fetch_picture(address: Any, settings: Settings) -> bytes:
    """The bytes at an address.

    Raises:
        ForbiddenError: the host does not allow it.
        BusyError: many are being fetched.
        RequestError: no address of a picture on the public network, one that takes too long, or that is too large.
    """
    if not settings.fetch_pictures:
        raise ForbiddenError("address_refused", "fetch_pictures")
    if not isinstance(address, str) or len(address) > _LONGEST_ADDRESS:
        raise RequestError("address_long", most=_LONGEST_ADDRESS)
    if not _slots.acquire(blocking=False):
        raise BusyError("address_busy", retry_after=int(_SECONDS))
    deadline = _Deadline()
    try:
        return _follow(address, settings, deadline)
    except RequestError:
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: names that are none
        if deadline.over or isinstance(error, TimeoutError):
            raise RequestError("address_slow", seconds=int(_SECONDS)) from None
        if isinstance(error, ssl.SSLCertVerificationError):
            raise RequestError("address_certificate", problem=error.verify_message.rstrip(".")) from None
        raise RequestError("address_silent") from None
    finally:
        deadline.cancel()
        _slots.release()


class _Deadline:
    """Cuts off the connection when the time is over: whoever sends a letter now and then would hold it for ever."""

    def __init__(self) -> None:
        self.over = False
        self._at = time.monotonic() + _SECONDS
        self._sock: socket.socket | None = None
        self._timer = threading.Timer(_SECONDS, self._end)
        self._timer.daemon = True
        self._timer.start()

    @property
    def left(self) -> float:
        """Seconds, more than 0."""
        return max(0.001, self._at - time.monotonic())

    def cut(self, sock: socket.socket) -> None:
        """Have this one cut off when the time is over."""
        self._sock = sock
        if self.over:
            self._end()

    def cancel(self) -> None:
        """Cut nothing off any more."""
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)


def _follow(address: str, settings: Settings, deadline: _Deadline) -> bytes:
    for _ in range(_MOST_REDIRECTS + 1):
        parts = _split(address)
        connection = _connect(parts, deadline)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Accept": "image/*", "User-Agent": "paintgym", "Accept-Encoding": "identity"}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            if answer.status in _REDIRECTS and (target := answer.getheader("Location")):
                address = urljoin(address, target)
                continue
            if answer.status != 200:
                raise RequestError("address_status", status=answer.status)
            return _read(answer, settings, deadline)
        finally:
            connection.close()
    raise RequestError("address_redirects")


def _split(address: str) -> SplitResult:
    """The parts of an address that may be fetched."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise RequestError("address_wrong", address=printable(address)) from None
    plain = address.isascii() and address.isprintable() and " " not in address
    if not plain or parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise RequestError("address_wrong", address=printable(address))
    if port not in (None, _PORTS[parts.scheme]):
        raise RequestError("address_port")
    return parts


def _connect(parts: SplitResult, deadline: _Deadline) -> http.client.HTTPConnection:
    """A connection to an address that was checked; HTTPS still asks for the name's own certificate."""
    host, port = parts.hostname or "", _PORTS[parts.scheme]
    found = _resolvers.submit(_resolve, host, port).result(deadline.left)
    if not found or not all(map(is_public, found)):
        raise ForbiddenError("address_private", host=printable(host))
    sock = socket.create_connection((found[0], port), timeout=deadline.left)
    deadline.cut(sock)
    try:
        if parts.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
            deadline.cut(sock)
    except BaseException:
        sock.close()
        raise
    connection = http.client.HTTPConnection(host, port)
    connection.default_port = port  # which the header Host then leaves out, as browsers do
    connection.sock = sock
    return connection


def _resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order in which they are to be tried."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an address is one of the public network, by itself and by the one that may be wrapped in it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        wrapped = parsed.ipv4_mapped
        if wrapped is not None:
            return is_public(str(wrapped))
        if parsed not in _PUBLIC_IPV6 or any(parsed in network for network in _LEADING_TO_IPV4):
            return False
    return str(parsed) not in _OF_THE_HOUSE and parsed.is_global and not parsed.is_multicast


def _read(answer: http.client.HTTPResponse, settings: Settings, deadline: _Deadline) -> bytes:
    content = bytearray()
    while chunk := answer.read1(_CHUNK_BYTES):
        content += chunk
        if len(content) > settings.upload_bytes:
            raise RequestError("address_large", "upload_megabytes", megabytes=settings.upload_megabytes)
    if deadline.over:
        raise TimeoutError  # cut off, which may look like an end
    return bytes(content)
