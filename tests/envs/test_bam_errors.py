"""BAM: what is missing, broken or asked for in vain is told in one line."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from helpers.bam_database import mids, row, write_database, write_picture
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError, MissingDataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    return tmp_path / "bam"


def test_a_database_that_is_being_written_is_refused(folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(1)])
    write_picture(folder / "1.png", 0)
    writer = sqlite3.connect(folder / "bam.sqlite")
    writer.execute("PRAGMA journal_mode=wal")
    writer.execute("UPDATE modules SET mature_content = 1")
    writer.commit()
    with pytest.raises(InvalidInputError, match=r"is being changed \(bam\.sqlite-wal is there\)"):
        load_targets("bam")
    writer.close()
    assert mids() == set()


def test_unusable_databases_are_refused_in_one_line(folder: Path) -> None:
    folder.mkdir(parents=True)
    path = folder / "bam.sqlite"

    def refused(message: str) -> None:
        with pytest.raises(InvalidInputError, match=message) as caught:
            load_targets("bam")
        assert "\n" not in str(caught.value)
        assert str(folder) in str(caught.value)

    path.write_bytes(b"")
    refused("is not BAM's: it has no table modules")
    path.write_text("<html>not found</html>" * 100)
    refused("cannot be read as BAM's SQLite database .*download it again")
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE modules(mid, src)")
    connection.close()
    refused("no table modules with mature_content, mid, project_id")
    path.unlink()
    write_database(path, [row(mid, scores={"media_comic": 1.0}) for mid in range(5_000)])
    write_picture(folder / "1.png", 0)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused("cannot be read as BAM's SQLite database")
    path.write_bytes(whole[:4096] + bytes(255 - byte for byte in whole[4096:]))
    refused("cannot be read as BAM's SQLite database")
    path.write_bytes(whole)
    write_database(folder / "second.db", [])
    refused(r"holds 2 databases \(bam.sqlite, second.db\), expected one")


def test_what_is_missing_is_reported_with_place_and_remedy(folder: Path) -> None:
    for message in ("BAM was looked for in", "no pictures of BAM"):
        if message.startswith("no"):
            write_database(folder / "bam.sqlite", [row(1)])
        with pytest.raises(MissingDataError, match=message) as caught:
            load_targets("bam")
        for part in (str(folder), "https://bam-dataset.org", "images/<attribute>/<mid>.jpg", "PAINTGYM_DATA"):
            assert part in str(caught.value)
        assert "\n" not in str(caught.value)


def test_filters_that_leave_nothing_say_what_is_left(folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(1, scores={"media_comic": 0.5}), row(2, mature=1)])
    write_picture(folder / "2.png", 0)
    with pytest.raises(InvalidInputError, match=r"has no pictures that match 'media_comic>0\.6', leaving aside"):
        load_targets("bam", bam_filter="media_comic>0.6")
    for split in ("train", "test"):
        with pytest.raises(InvalidInputError, match=r"none of 1 pictures .* 1 are not there|none of them in the part"):
            load_targets("bam", split=split)


def test_filters_need_the_table_they_ask(folder: Path) -> None:
    write_database(folder / "bam.sqlite", [row(1)])
    write_picture(folder / "1.png", 0)
    connection = sqlite3.connect(folder / "bam.sqlite")
    connection.execute("DROP TABLE scores")
    connection.execute("DROP TABLE crowd_labels")
    connection.close()
    with pytest.raises(InvalidInputError, match=r"no scores of media_comic; filter by label instead"):
        load_targets("bam", bam_filter="media_comic>0.5")
    with pytest.raises(InvalidInputError, match=r"no labels of media_comic; filter by score instead"):
        load_targets("bam", bam_filter="media_comic=positive")
    assert mids() == {1}


def test_a_filter_for_other_targets_raises() -> None:
    array = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(InvalidInputError, match="bam_filter is 'media_comic>0', which chooses among BAM's pictures"):
        load_targets(array, bam_filter="media_comic>0")
