"""A store on disk, which several processes may share: files in a folder for each entry, and SQLite to find them by.

The database is an index alone: each folder holds a copy of its entry, and where the database is broken or missing, it
is made anew from those.
"""

import json
import logging
import os
import re
import shutil
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...errors import InvalidInputError
from ...files import make_folder
from .store import KEY_PATTERN, Entry, Store, StoreError, check_key, check_name

if sys.platform != "win32":
    import fcntl

_log = logging.getLogger(__name__)

_DATABASE, _ENTRY, _UNFINISHED, _LOCK = "paintings.sqlite", "entry.json", ".unfinished-", ".lock"
_PASSING = (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.IntegrityError)
"""A full disk, another process that does not end, or a fault of ours: the database itself is whole."""
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
        self._making = threading.Lock()
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
            with self._database() as database:  # counted anew: it may take the place of the same file of another
                size = _size(self._folder / key)
                database.execute("UPDATE entries SET bytes = ? WHERE key = ?", (size, key))
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise StoreError(f"a file cannot be written: {error.strerror}") from None
        self.tidy()

    def drop(self, key: str) -> None:
        """See ``Store``."""
        with self._database() as database:
            database.execute("DELETE FROM entries WHERE key = ?", (check_key(key),))
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def tidy(self) -> None:
        """See ``Store``."""
        gone, kept = [], set()
        with self._database() as database:
            room, now = self.most_bytes, time.time()
            order = "SELECT key, bytes, expires FROM entries ORDER BY kind = 'shared' DESC, created DESC"
            for key, size, expires in database.execute(order).fetchall():
                expired = expires is not None and expires < now
                room -= 0 if expired else size
                if expired or room < 0:
                    gone.append(key)
                else:
                    kept.add(key)
            database.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in gone])
        for key in gone:
            shutil.rmtree(self._folder / key, ignore_errors=True)
        for path in self._folder.iterdir():
            unknown = re.fullmatch(KEY_PATTERN, path.name) and path.name not in kept
            if unknown or path.name.startswith(_UNFINISHED):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _UNFINISHED_SECONDS:
                        shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _database(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """A transaction; a broken database is made anew, and the transaction fails once at most for it."""
        broken = self._inode()
        try:
            database = self._connect()
        except (OSError, *_PASSING) as error:
            raise StoreError(f"the database cannot be opened: {error}") from None
        except sqlite3.DatabaseError as error:
            database = self._rebuild(error, broken)
        broken = self._local.database[0]
        try:
            database.execute(begin)
            yield database
            database.execute("COMMIT")
        except _PASSING as error:
            self._roll_back(database)
            raise StoreError(f"the database cannot be written: {error}") from None
        except sqlite3.DatabaseError as error:
            self._roll_back(database)
            self._rebuild(error, broken)
            raise StoreError(f"the database was broken, and was made anew: {error}") from None
        except BaseException:
            self._roll_back(database)
            raise

    def _connect(self) -> sqlite3.Connection:
        """This thread's connection; another one where the file is another."""
        path, inode = self._folder / _DATABASE, self._inode()
        found: tuple[int, sqlite3.Connection] | None = getattr(self._local, "database", None)
        if found and found[0] == inode:
            return found[1]
        if found:
            found[1].close()
        if inode is None:
            self._make(None)
        # Of a kind that makes no empty one while another process puts a new one there.
        database = sqlite3.connect(f"{path.as_uri()}?mode=rw", _BUSY_SECONDS, isolation_level=None, uri=True)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(_SCHEMA)
        except BaseException:
            database.close()
            raise
        self._local.database = path.stat().st_ino, database
        return database

    def _inode(self) -> int | None:
        """What tells one database from another that takes its place; None where there is none."""
        try:
            return (self._folder / _DATABASE).stat().st_ino
        except FileNotFoundError:
            return None

    @staticmethod
    def _roll_back(database: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            if database.in_transaction:
                database.execute("ROLLBACK")

    def _rebuild(self, error: Exception, broken: int | None) -> sqlite3.Connection:
        """Another database in place of a broken one."""
        _log.error("the store's database is broken: %s", error)
        try:
            self._make(broken)
            return self._connect()
        except (OSError, sqlite3.Error) as second:
            raise StoreError(f"the database is broken, and cannot be made anew: {second}") from None

    def _make(self, broken: int | None) -> None:
        """Make a database from what lies in the folders, and set the ``broken`` one aside, if there is any.

        One thread of one process does so: for the others the database is not the broken one any more.
        """
        path = self._folder / _DATABASE
        with self._making, (self._folder / _LOCK).open("w") as lock:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            if self._inode() != broken:
                return
            new = path.with_name(f"{_DATABASE}.new")
            new.unlink(missing_ok=True)
            database = sqlite3.connect(new)
            try:
                database.execute(_SCHEMA)
                for folder in self._folder.iterdir():
                    with suppress(OSError, ValueError, TypeError, KeyError):
                        entry = Entry(**json.loads((folder / _ENTRY).read_text(encoding="utf-8")))
                        if entry.key == check_key(folder.name):
                            _insert(database, entry, _size(folder))
                database.commit()
            finally:
                database.close()
            if broken is not None:
                aside = path.with_name(f"{_DATABASE}.broken-{int(time.time())}")
                path.rename(aside)
                _log.error("the broken database lies in %s; it was made anew", aside)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            new.replace(path)


def _size(folder: Path) -> int:
    """Bytes of an entry's files."""
    files = (file for file in os.scandir(folder) if file.name != _ENTRY and not file.name.startswith(_UNFINISHED))
    return sum(file.stat().st_size for file in files)


def _insert(database: sqlite3.Connection, entry: Entry, size: int) -> None:
    values: tuple[Any, ...] = (entry.key, entry.kind, json.dumps(entry.facts), entry.expires, entry.created, size)
    database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", values)
