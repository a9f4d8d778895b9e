"""A store in the memory of one process, gone with it."""

import threading
from collections.abc import Mapping

from .store import Entry, Store, StoreError


class MemoryStore(Store):
    """Entries in dictionaries."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes)
        self._entries: dict[str, Entry] = {}
        self._files: dict[str, dict[str, bytes]] = {}
        self._lock = threading.Lock()

    def put(self, entry: Entry, files: Mapping[str, bytes]) -> None:
        """See ``Store``."""
        self._check_room(files)
        with self._lock:
            self._entries[entry.key], self._files[entry.key] = entry, dict(files)
        self.tidy()

    def find(self, key: str) -> Entry | None:
        """See ``Store``."""
        entry = self._entries.get(key)
        return None if entry is None or entry.expired else entry

    def read(self, key: str, name: str) -> bytes | None:
        """See ``Store``."""
        return self._files.get(key, {}).get(name) if self.find(key) else None

    def add(self, key: str, name: str, content: bytes) -> None:
        """See ``Store``."""
        with self._lock:
            if key in self._files:
                self._check_room({**self._files[key], name: content})
                self._files[key][name] = content
        self.tidy()

    def drop(self, key: str) -> None:
        """See ``Store``."""
        with self._lock:
            self._entries.pop(key, None)
            self._files.pop(key, None)

    def tidy(self) -> None:
        """See ``Store``."""
        with self._lock:
            room = self.most_bytes
            for entry in sorted(self._entries.values(), key=lambda one: (one.kind == "shared", one.created))[::-1]:
                room -= 0 if entry.expired else sum(map(len, self._files[entry.key].values()))
                if room < 0 or entry.expired:
                    del self._entries[entry.key], self._files[entry.key]

    def _check_room(self, files: Mapping[str, bytes]) -> None:
        if sum(map(len, files.values())) > self.most_bytes:
            raise StoreError("an entry is larger than the whole store")
