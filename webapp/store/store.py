"""What is kept of paintings: small documents with files beside them, as long and as much as the host says."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEY_PATTERN = "[A-Za-z0-9_-]{20,40}"
"""Of what entries are found by; nothing else reaches a file system."""
_NAME = re.compile(r"[a-z0-9]{1,20}\.[a-z0-9]{1,5}")


class StoreError(Exception):
    """Something cannot be kept now; the message says why, for the host's log."""


@dataclass(frozen=True)
class Entry:
    """A painting that is kept.

    Attributes:
        key: what it is found by.
        kind: what it is kept for; those of the kind ``shared`` go last where there is no room.
        facts: what is known of it, as JSON.
        expires: seconds since 1970, after which it is gone; None for never.
        created: the same for when it was put in.
    """

    key: str
    kind: str
    facts: Mapping[str, Any]
    expires: float | None = None
    created: float = field(default_factory=time.time)

    @property
    def expired(self) -> bool:
        """Whether it is gone."""
        return self.expires is not None and self.expires < time.time()


class Store(ABC):
    """Keeps entries with their files. Safe to use from several threads.

    Args:
        most_bytes: of all files; where there are more, the oldest entries go, shared ones last.
    """

    lasting = False
    """Whether entries are there after the process has ended, and for other processes."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes

    @abstractmethod
    def put(self, entry: Entry, files: Mapping[str, bytes]) -> None:
        """Keep an entry and its files, all or nothing.

        Raises:
            StoreError: it cannot be kept.
        """

    @abstractmethod
    def find(self, key: str) -> Entry | None:
        """An entry that has not expired."""

    @abstractmethod
    def read(self, key: str, name: str) -> bytes | None:
        """A file of an entry, if there is one."""

    @abstractmethod
    def add(self, key: str, name: str, content: bytes) -> None:
        """Keep one more file of an entry.

        Raises:
            StoreError: it cannot be kept.
        """

    @abstractmethod
    def drop(self, key: str) -> None:
        """Forget an entry, if it is there."""

    @abstractmethod
    def tidy(self) -> None:
        """Let go of what has expired, and of the oldest where there is too much."""


def check_key(key: str) -> str:
    """A key that may name a folder.

    Raises:
        ValueError: it may not.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        raise ValueError(f"no key of the store: {key[:50]!r}")
    return key


def check_name(name: str) -> str:
    """A name that may name a file.

    Raises:
        ValueError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of a file in the store: {name[:50]!r}")
    return name
