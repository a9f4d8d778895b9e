"""Files are written whole or not at all, and only what could not be written is said not to have been."""

import errno
from pathlib import Path

import pytest
from paintgym.errors import InvalidInputError
from paintgym.files import write_whole


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with write_whole(path) as temporary:
        temporary.write_text("new")
        assert temporary.suffix == ".txt"
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail() -> None:
        with write_whole(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["missing/file.txt", "folder"])
def test_a_place_that_cannot_be_written_is_named(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInputError, match=f"cannot write .*{place}"), write_whole(tmp_path / place) as temporary:
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInputError, match=r"cannot write .*file\.txt: No space left"),
        write_whole(tmp_path / "file.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_another_files_absence_is_not_called_a_failure_to_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="picture"), write_whole(tmp_path / "file.txt"):
        (tmp_path / "picture").read_bytes()


def test_a_file_taken_for_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="cannot write"), write_whole(tmp_path / "file" / "new.png"):
        pass
