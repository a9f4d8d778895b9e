"""Stores: bounded, whole or not at all, and none the worse for a full disk, a broken database or a second process."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from paintgym.errors import InvalidInputError
from paintgym.webapp.settings import Settings
from paintgym.webapp.store.choice import make_store
from paintgym.webapp.store.disk import DiskStore
from paintgym.webapp.store.memory import MemoryStore
from paintgym.webapp.store.store import Entry, Store, StoreError

FILES = {"strokes.json": b"{}", "canvas.png": bytes(1000)}
SIZE = sum(map(len, FILES.values()))


def key(number: int) -> str:
    return f"{number:022d}"


def entry(number: int, kind: str = "shared", **more: object) -> Entry:
    # The clock is coarse, and the order is to be that of the numbers.
    return Entry(key(number), kind, {"title": f"'; DROP TABLE entries; -- {number}"}, created=1e9 + number, **more)


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    folder = str(tmp_path / "store") if request.param == "disk" else ""
    return make_store(Settings(store=folder, store_megabytes=1))


def test_what_is_put_in_is_found_and_read(store: Store) -> None:
    store.put(entry(1), FILES)
    found = store.find(key(1))
    assert found == entry(1)
    assert store.read(key(1), "canvas.png") == bytes(1000)
    assert store.read(key(1), "film.mp4") is None
    store.add(key(1), "film.mp4", b"film")
    assert store.read(key(1), "film.mp4") == b"film"
    assert store.find(key(2)) is None
    assert store.read(key(2), "canvas.png") is None
    store.add(key(2), "film.mp4", b"nobody's")
    assert store.read(key(2), "film.mp4") is None
    store.drop(key(1))
    store.drop(key(1))
    assert store.find(key(1)) is store.read(key(1), "canvas.png") is None


def test_the_oldest_go_where_there_is_no_room_and_shared_ones_last(store: Store) -> None:
    store.most_bytes = 3 * SIZE
    store.put(entry(1), FILES)
    for number in (2, 3, 4):
        store.put(entry(number, "result"), FILES)
    assert [number for number in range(1, 5) if store.find(key(number))] == [1, 3, 4]
    store.put(entry(5), FILES)
    assert [number for number in range(1, 6) if store.find(key(number))] == [1, 4, 5]
    store.add(key(5), "film.mp4", bytes(SIZE))
    assert [number for number in range(1, 6) if store.find(key(number))] == [1, 5]
    with pytest.raises(StoreError, match="larger"):
        store.put(entry(6), {"canvas.png": bytes(3 * SIZE + 1)})
    assert store.find(key(6)) is None


def test_a_file_that_is_put_in_again_is_counted_once(store: Store) -> None:
    store.most_bytes = 4 * SIZE
    store.put(entry(1), FILES)
    store.put(entry(2), FILES)
    for _ in range(10):
        store.add(key(2), "film.mp4", bytes(SIZE))
    assert store.find(key(1))
    assert store.find(key(2))


def test_what_has_expired_takes_no_room(store: Store) -> None:
    store.most_bytes = SIZE
    store.put(entry(1), FILES)
    store.put(entry(2, expires=time.time() - 1), FILES)
    assert store.find(key(1))


def test_what_has_expired_is_gone(store: Store) -> None:
    store.put(entry(1, expires=time.time() + 0.3), FILES)
    store.put(entry(2), FILES)
    assert store.find(key(1))
    time.sleep(0.35)
    assert store.find(key(1)) is store.read(key(1), "canvas.png") is None
    store.tidy()
    assert store.find(key(2))


@pytest.mark.parametrize("wrong", ["..", "../../etc/passwd", "a" * 19, "a" * 41, "a/" * 11, "a" * 21 + "\0", "ä" * 22])
def test_no_key_leaves_the_folder(tmp_path: Path, wrong: str) -> None:
    store = DiskStore(tmp_path / "store", 10**6)
    for use in (
        lambda: store.find(wrong),
        lambda: store.drop(wrong),
        lambda: store.put(Entry(wrong, "shared", {}), FILES),
        lambda: store.read(wrong, "canvas.png"),
    ):
        with pytest.raises(ValueError, match="no key"):
            use()
    store.put(entry(1), FILES)
    with pytest.raises(ValueError, match="no name"):
        store.read(key(1), "../paintings.sqlite")


def test_on_disk_it_is_there_for_the_next_process(tmp_path: Path) -> None:
    DiskStore(tmp_path / "store", 10**6).put(entry(1), FILES)
    again = DiskStore(tmp_path / "store", 10**6)
    assert again.lasting
    assert again.find(key(1)) == entry(1)
    assert again.read(key(1), "canvas.png") == FILES["canvas.png"]
    assert not MemoryStore(10).lasting


def test_a_full_disk_keeps_nothing_of_an_entry_and_harms_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskStore(tmp_path / "store", 10**6)
    store.put(entry(1), FILES)
    write = Path.write_bytes

    def fill(path: Path, content: bytes) -> int:
        if len(content) > 500:
            write(path, content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fill)
        with pytest.raises(StoreError, match="No space"):
            store.put(entry(2), FILES)
        with pytest.raises(StoreError, match="No space"):
            store.add(key(1), "film.mp4", bytes(1000))
    with store._database() as database:  # the database cannot grow: SQLite's own error
        database.execute("COMMIT")
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")
        database.execute("BEGIN")

    def put_many() -> None:
        for number in range(3, 300):
            store.put(entry(number), FILES)

    with pytest.raises(StoreError, match="full"):
        put_many()
    left = {path.name for path in store._folder.iterdir() if path.is_dir()}
    assert left == {key(number) for number in range(1, 300) if store.find(key(number))}
    assert key(1) in left
    assert key(2) not in left
    assert store.read(key(1), "canvas.png") == FILES["canvas.png"]


def test_a_broken_database_is_set_aside_and_made_anew_for_all_who_use_it(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = DiskStore(folder, 10**6)
    store.put(entry(1), FILES)
    (folder / "paintings.sqlite").write_bytes(b"no database at all" * 1000)
    for suffix in ("-wal", "-shm"):
        (folder / f"paintings.sqlite{suffix}").unlink(missing_ok=True)
    another = DiskStore(folder, 10**6)
    assert another.find(key(1)) == entry(1)
    assert list(folder.glob("paintings.sqlite.broken-*"))
    another.put(entry(2), FILES)
    assert store.find(key(1)) == entry(1)
    assert store.find(key(2)) == entry(2)
    store.put(entry(3), FILES)
    assert another.find(key(3)) == entry(3)


def test_a_database_that_breaks_under_a_transaction_fails_that_one_alone(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store", 10**6)
    store.put(entry(1), FILES)
    with pytest.raises(StoreError, match="made anew"), store._database():
        raise sqlite3.DatabaseError("database disk image is malformed")
    assert store.find(key(1)) == entry(1)
    store.put(entry(2), FILES)
    assert store.find(key(2)) == entry(2)


def test_threads_that_find_it_broken_at_once_make_it_anew_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store, mistakes = DiskStore(folder, 10**6), []
    for number in range(20):
        store.put(entry(number), FILES)
    (folder / "paintings.sqlite").unlink()
    (folder / "paintings.sqlite").write_bytes(b"no database at all" * 1000)
    start = threading.Barrier(8)

    def look() -> None:
        start.wait()
        try:
            assert all(store.find(key(number)) for number in range(20))
        except BaseException as error:
            mistakes.append(error)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mistakes
    assert len(list(folder.glob("paintings.sqlite.broken-*"))) == 1


def test_a_database_that_is_missing_is_made_anew_and_one_that_is_whole_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = DiskStore(folder, 10**6)
    store.put(entry(1), FILES)
    with pytest.raises(StoreError, match="UNIQUE"), store._database():
        raise sqlite3.IntegrityError("UNIQUE constraint failed")
    assert not list(folder.glob("paintings.sqlite.broken-*"))
    (folder / "paintings.sqlite").unlink()
    assert store.find(key(1)) == entry(1)


def test_folders_that_nobody_knows_go_after_a_while(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store", 10**6)
    store.put(entry(1), FILES)
    for name in (key(2), key(3), "lost+found"):
        (store._folder / name).mkdir()
    for name in (key(1), key(2), "lost+found"):
        os.utime(store._folder / name, (1e9, 1e9))
    store.tidy()
    assert {path.name for path in store._folder.iterdir() if path.is_dir()} == {key(1), key(3), "lost+found"}


def test_a_folder_that_holds_nonsense_is_passed_over_when_the_database_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = DiskStore(folder, 10**6)
    store.put(entry(1), FILES)
    for number, text in enumerate(("[]", "{", json.dumps({"key": "../x"}), ""), 5):
        (folder / key(number)).mkdir()
        (folder / key(number) / "entry.json").write_text(text)
    (folder / "paintings.sqlite").write_bytes(b"x" * 5000)
    again = DiskStore(folder, 10**6)
    assert again.find(key(1))
    assert not any(again.find(key(number)) for number in range(5, 9))


def test_a_store_that_cannot_be_is_a_mistake_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError) as mistake:
        make_store(Settings(store=str(tmp_path / "file" / "store")))
    assert "\n" not in str(mistake.value)


WRITER = """
import sys
from pathlib import Path
from paintgym.webapp.store.disk import DiskStore
from paintgym.webapp.store.store import Entry
store = DiskStore(Path(sys.argv[1]), 10**7)
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
    store.put(Entry(f"{number:022d}", "shared", {}), {"canvas.png": bytes(100)})
    assert store.find(f"{number:022d}")
    store.add(f"{number:022d}", "film.mp4", bytes(10))
"""


def test_two_processes_and_several_threads_share_one(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(first)]) for first in (1000, 2000)]
    store, mistakes = DiskStore(folder, 10**7), []

    def write(first: int) -> None:
        try:
            for number in range(first, first + 20):
                store.put(entry(number), FILES)
        except Exception as error:
            mistakes.append(error)

    threads = [threading.Thread(target=write, args=(first,)) for first in (3000, 4000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert not mistakes
    for first, count in ((1000, 40), (2000, 40), (3000, 20), (4000, 20)):
        assert all(store.find(key(number)) for number in range(first, first + count))
    store.most_bytes = 5 * SIZE
    store.tidy()
    assert sum(store.find(key(number)) is not None for number in range(1000, 4100)) <= 50
