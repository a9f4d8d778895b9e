"""Files are written whole or not at all, and only what could not be written is said not to have been."""

import errno
import os
from pathlib import Path

import pytest
from paintgym.errors import InvalidInputError
from paintgym.files import check_can_write, check_is_no_input, write_whole


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


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with write_whole(link) as temporary:
        assert temporary.parent == target.parent
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["target.txt"]


def test_a_link_to_what_is_not_there_yet_and_a_link_to_a_link_are_followed(tmp_path):
    (tmp_path / "second").symlink_to("third.txt")
    (tmp_path / "first").symlink_to("second")
    with write_whole(tmp_path / "first") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "third.txt").read_text() == "new"
    assert not (tmp_path / "third.txt").is_symlink()
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "second").is_symlink()


@pytest.mark.parametrize("target", ["missing/target.txt", "link.txt"])
def test_a_link_that_leads_nowhere_is_told_of_and_stays(tmp_path, target):
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    with pytest.raises(InvalidInputError, match=r"cannot write .*link\.txt"), write_whole(link) as temporary:
        temporary.write_text("new")
    with pytest.raises(InvalidInputError, match=r"cannot write .*link\.txt"):
        check_can_write(link)
    assert link.is_symlink()
    assert list(tmp_path.iterdir()) == [link]


@pytest.mark.parametrize("stem", ["x" * 250, "\u00e9" * 125, "\U0001f3a8" * 62])
def test_names_as_long_as_they_may_be_are_written(tmp_path, stem):
    with write_whole(tmp_path / f"{stem}.txt") as temporary:
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == [f"{stem}.txt"]


def test_an_output_that_is_an_input_is_found_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    Path("input.txt").write_text("input")
    Path("link.txt").symlink_to("input.txt")
    os.link("input.txt", "hard.txt")
    for name in ("input.txt", "./input.txt", "sub/../input.txt", str(tmp_path / "input.txt"), "link.txt", "hard.txt"):
        with pytest.raises(InvalidInputError, match="name another file"):
            check_is_no_input(["new.txt", name], ["other.txt", "input.txt"])
    Path("copy.txt").write_text("input")
    check_is_no_input(["copy.txt", "new.txt", "missing/new.txt"], ["input.txt", "missing.txt"])
