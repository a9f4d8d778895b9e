"""A store on disk, which several processes may share: files in a folder for each entry, and SQLite to find them by.

The database is an index alone: each folder holds a copy of its entry, and where the database is broken, it is set aside
and made anew from those.
"""

import json
import logging
import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...errors import InvalidInputError
from ...files import make_folder
from .store import Entry, Store, StoreError, check_key, check_name

_log = logging.getLogger(__name__)

_DATABASE, _ENTRY, _UNFINISHED = "paintings.sqlite", "entry.json", ".unfinished-"
_BUSY_SECONDS = 5.0
"""How long one process waits for another that writes: milliseconds are usual."""
_UNFINISHED_SECONDS = 600
"""After which a folder that was never finished is that of a process that ended in the middle."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, facts TEXT NOT NULL, expires REAL, created REAL NOT NULL,
    bytes INTEGER NOT NULL
) WITHOUT ROWID
"""


class DiskStore(Store):
    """Entries in a folder.

    Args:
        folder: made if need be; its content is the store's alone.
        most_bytes: see ``Store``.

    Raises:
        InvalidInputError: nothing can be written there.
    """

    lasting = True

    def __init__(self, folder: Path, most_bytes: int) -> None:
        super().__init__(most_bytes)
        make_folder(folder)
        self._folder = folder.absolute()
        self._local = threading.local()
        try:
            self.tidy()
        except StoreError as error:
            raise InvalidInputError(f"the store in {folder} cannot be used: {error}") from None

    def put(self, entry: Entry, files: Mapping[str, bytes]) -> None:
        """See ``Store``."""
        size = sum(map(len, files.values()))
        if size > self.most_bytes:
            raise StoreError("an entry is larger than the whole store")
        folder, unfinished = self._folder / check_key(entry.key), self._folder / f"{_UNFINISHED}{uuid.uuid4().hex}"
        try:
            unfinished.mkdir()
            for name, content in files.items():
                (unfinished / check_name(name)).write_bytes(content)
            (unfinished / _ENTRY).write_text(json.dumps(vars(entry)), encoding="utf-8")
            unfinished.rename(folder)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise StoreError(f"an entry cannot be written: {error.strerror}") from None
        try:
            with self._database() as database:
                _insert(database, entry, size)
        except StoreError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.tidy()

    def find(self, key: str) -> Entry | None:
        """See ``Store``."""
        with self._database("BEGIN") as database:
            row = database.execute(
                "SELECT key, kind, facts, expires, created FROM entries WHERE key = ?", (check_key(key),)
            ).fetchone()
        if row is None:
            return None
        entry = Entry(row[0], row[1], json.loads(row[2]), row[3], row[4])
        return None if entry.expired else entry

    def read(self, key: str, name: str) -> bytes | None:
        """See ``Store``."""
        if self.find(key) is None:
            return None
        try:
            return (self._folder / key / check_name(name)).read_bytes()
        except OSError:
            return None

    def add(self, key: str, name: str, content: bytes) -> None:
        """See ``Store``."""
        if self.find(key) is None:
            return
        unfinished = self._folder / key / f"{_UNFINISHED}{uuid.uuid4().hex}"
        try:
            unfinished.write_bytes(content)
            unfinished.rename(self._folder / key / check_name(name))
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise StoreError(f"a file cannot be written: {error.strerror}") from None
        with self._database() as database:
            database.execute("UPDATE entries SET bytes = bytes + ? WHERE key = ?", (len(content), key))
        self.tidy()

    def drop(self, key: str) -> None:
        """See ``Store``."""
        with self._database() as database:
            database.execute("DELETE FROM entries WHERE key = ?", (check_key(key),))
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def tidy(self) -> None:
        """See ``Store``."""
        gone = []
        with self._database() as database:
            room, now = self.most_bytes, time.time()
            order = "SELECT key, bytes, expires FROM entries ORDER BY kind = 'shared' DESC, created DESC"
            for key, size, expires in database.execute(order).fetchall():
                room -= size
                if room < 0 or (expires is not None and expires < now):
                    gone.append(key)
            database.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in gone])
        for key in gone:
            shutil.rmtree(self._folder / key, ignore_errors=True)
        for path in self._folder.glob(f"{_UNFINISHED}*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _UNFINISHED_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _database(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """A transaction; a broken database is made anew, and the transaction fails once at most for it."""
        try:
            database = self._connect()
        except sqlite3.OperationalError as error:
            raise StoreError(f"the database cannot be opened: {error}") from None
        except sqlite3.DatabaseError as error:
            database = self._rebuild(error)
        try:
            database.execute(begin)
            yield database
            database.execute("COMMIT")
        except sqlite3.OperationalError as error:  # a full disk, or another process that does not end
            self._roll_back(database)
            raise StoreError(f"the database cannot be written: {error}") from None
        except sqlite3.DatabaseError as error:
            self._roll_back(database)
            self._rebuild(error)
            raise StoreError(f"the database was broken, and was made anew: {error}") from None
        except BaseException:
            self._roll_back(database)
            raise

    def _connect(self) -> sqlite3.Connection:
        """This thread's connection; another one where the file is another."""
        path = self._folder / _DATABASE
        found: tuple[int, sqlite3.Connection] | None = getattr(self._local, "database", None)
        with suppress(OSError):
            if found and found[0] == path.stat().st_ino:
                return found[1]
        if found:
            found[1].close()
        database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(_SCHEMA)
        except BaseException:
            database.close()
            raise
        self._local.database = path.stat().st_ino, database
        return database

    @staticmethod
    def _roll_back(database: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            if database.in_transaction:
                database.execute("ROLLBACK")

    def _rebuild(self, error: Exception) -> sqlite3.Connection:
        """Set the database aside, and make another from what lies in the folders."""
        path = self._folder / _DATABASE
        aside = path.with_name(f"{_DATABASE}.broken-{int(time.time())}")
        _log.error("the store's database is broken (%s); it lies in %s, and is made anew", error, aside)
        try:
            path.rename(aside)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            database = self._connect()
            for folder in self._folder.iterdir():
                with suppress(OSError, ValueError, TypeError, KeyError):
                    entry = Entry(**json.loads((folder / _ENTRY).read_text(encoding="utf-8")))
                    if entry.key == check_key(folder.name):
                        size = sum(file.stat().st_size for file in os.scandir(folder) if file.name != _ENTRY)
                        _insert(database, entry, size)
        except (OSError, sqlite3.Error) as second:
            raise StoreError(f"the database is broken, and cannot be made anew: {second}") from None
        return database


def _insert(database: sqlite3.Connection, entry: Entry, size: int) -> None:
    values: tuple[Any, ...] = (entry.key, entry.kind, json.dumps(entry.facts), entry.expires, entry.created, size)
    database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", values)
