"""The host names that the page may be asked for by.

Any name can be made to lead to this machine by whoever owns it, and then a page of theirs reads ours in its visitor's
browser as if it were their own: DNS rebinding. So names are taken only if they are known. Addresses are no names.
"""

import ipaddress
import socket

from werkzeug.sansio.utils import host_is_trusted

LOOPBACK = "127.0.0.1"


class TrustedHosts:
    """What the setting ``trusted_hosts`` says or, where it is not set, what leads to this machine.

    Without the setting all addresses are trusted, ``localhost``, and, where others can reach the page, the names of
    this machine and the one that it listens by.

    Args:
        setting: names separated by commas; ``*`` for any, ``.example.org`` for all below it.
        listening: address or name that the server listens on.
    """

    def __init__(self, setting: str, listening: str = LOOPBACK) -> None:
        self._names = [name.strip().lower() for name in setting.split(",") if name.strip()]
        self._all = "*" in self._names
        self._addresses = not self._names
        if not self._names:
            self._names = ["localhost"] if _is_loopback(listening) else ["localhost", *_own_names(listening)]

    def __contains__(self, host: str) -> bool:
        """Whether a ``Host`` header, with a port or without, is trusted; IPv6 addresses stand there as ``[::1]``."""
        if self._all:
            return True
        host = host.lower()
        if not host_is_trusted(host):  # malformed
            return False
        name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0].removesuffix(".")
        if self._addresses and _is_address(name):
            return True
        # What is in brackets cannot be compared by Werkzeug, for which the port begins at the first colon.
        return name in self._names or (not name.startswith("[") and host_is_trusted(name, self._names))

    def __str__(self) -> str:
        """For whoever starts the service, such as ``localhost, studio, studio.local and all addresses``."""
        if self._all:
            return "all hosts"
        return ", ".join(self._names) + (" and all addresses" if self._addresses else "")


def _own_names(listening: str) -> list[str]:
    host = socket.gethostname().lower()
    names = [host, socket.getfqdn().lower(), f"{host.partition('.')[0]}.local"]
    if listening and not _is_address(listening) and not _is_address(f"[{listening}]"):
        names.append(listening.lower())
    return [name for name in dict.fromkeys(names) if name and name != "localhost" and not _is_address(name)]


def _is_loopback(listening: str) -> bool:
    try:
        return ipaddress.ip_address(listening).is_loopback
    except ValueError:
        return listening == "localhost"


def _is_address(name: str) -> bool:
    """Whether a name as it stands in a ``Host`` header is an address."""
    try:
        if name.startswith("["):
            ipaddress.IPv6Address(name[1:-1])
        else:
            ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
