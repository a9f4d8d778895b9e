"""What a folder holds: pictures as people count, subfolders and links included, and everything else told of."""

import os
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paintgym.agents.folder.listing import check_names, list_folder, list_pictures, natural_key
from paintgym.agents.folder.state import SETTINGS
from paintgym.envs.pictures import PICTURE_SUFFIXES
from paintgym.errors import InvalidInputError

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
WORDS = st.text("abcXYZ -_.", max_size=6)


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"whatever it is, it has a name")


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_pictures(folder)]


@given(WORDS, st.lists(st.integers(0, 10**9), unique=True, max_size=8), WORDS)
def test_numbered_names_are_ordered_by_their_numbers(before: str, numbers: list[int], after: str) -> None:
    frames = [f"{before}{number}{after}" for number in numbers]
    expected = [f"{before}{number}{after}" for number in sorted(numbers)]
    assert sorted(frames, key=natural_key) == expected


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9999)), unique=True, max_size=8))
def test_names_with_two_numbers_are_ordered_by_the_first_then_the_second(pairs: list[tuple[int, int]]) -> None:
    frames = [f"scene {scene} shot {shot}" for scene, shot in pairs]
    assert sorted(frames, key=natural_key) == [f"scene {scene} shot {shot}" for scene, shot in sorted(pairs)]


@given(st.lists(NAMES, unique=True, max_size=8), st.randoms(use_true_random=False))
def test_the_order_is_one_for_any_names_and_does_not_depend_on_how_they_came(
    some: list[str], shuffler: random.Random
) -> None:
    ordered = sorted(some, key=natural_key)
    shuffler.shuffle(some)
    assert sorted(some, key=natural_key) == ordered


@given(st.integers(0, 10**6), st.integers(0, 5))
def test_leading_zeros_do_not_count_but_tell_names_apart(number: int, zeros: int) -> None:
    plain, padded = f"frame{number}", f"frame{'0' * zeros}{number}"
    assert natural_key(plain)[0] == natural_key(padded)[0]
    assert natural_key(padded) < natural_key(f"frame{number + 1}")


def test_frames_come_as_people_count_whatever_their_case(tmp_path: Path) -> None:
    put(tmp_path, *(f"{'Frame' if number % 2 else 'frame'}{number}.png" for number in range(1, 13)))
    assert [Path(name).stem.lower() for name in names(tmp_path)] == [f"frame{number}" for number in range(1, 13)]


def test_pictures_come_before_those_of_subfolders_and_subfolders_as_people_count(tmp_path: Path) -> None:
    put(tmp_path, "z.png", "day10/a.png", "day2/b2.jpg", "day2/b10.jpg", "day2/more/c.webp", "a.PNG")
    assert names(tmp_path) == ["a.PNG", "z.png", "day2/b2.jpg", "day2/b10.jpg", "day2/more/c.webp", "day10/a.png"]


def test_everything_that_is_no_picture_is_told_of_and_what_is_hidden_is_counted(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "notes.txt", "no suffix", "sub/raw.cr2", ".DS_Store", ".thumbnails/b.png", "sub/.c.png")
    os.mkfifo(tmp_path / "pipe")
    os.symlink("nowhere", tmp_path / "broken")
    listing = list_folder(tmp_path)
    assert [path.as_posix() for path in listing.pictures] == ["a.png"]
    told = [line.split(" is not a picture")[0] for line in listing.passed_over]
    assert told == [str(tmp_path / name) for name in ("broken", "no suffix", "notes.txt", "pipe", "sub/raw.cr2")]
    assert listing.hidden == 3


def test_a_folder_with_a_pictures_suffix_is_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "holiday.png/a.jpg", "b.jpg")
    assert names(tmp_path) == ["b.jpg", "holiday.png/a.jpg"]


def test_links_are_followed_and_a_folder_that_comes_again_is_told_of(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "in/sub/b.png", "elsewhere/c.png")
    os.symlink(tmp_path / "elsewhere", tmp_path / "in" / "linked")
    os.symlink(tmp_path / "in", tmp_path / "in" / "sub" / "circle")
    os.symlink(tmp_path / "in" / "a.png", tmp_path / "in" / "again.png")
    os.symlink("loop", tmp_path / "in" / "loop")
    listing = list_folder(tmp_path / "in")
    assert [path.as_posix() for path in listing.pictures] == ["a.png", "again.png", "linked/c.png", "sub/b.png"]
    assert listing.passed_over == [
        f"{tmp_path / 'in' / 'loop'} is not a picture; expected {', '.join(sorted(PICTURE_SUFFIXES))}",
        f"{tmp_path / 'in' / 'sub' / 'circle'} is the folder {tmp_path / 'in'} again",
    ]


def test_folders_of_paintings_are_not_painted_again(tmp_path: Path) -> None:
    put(tmp_path, "a.png", f"painted/{SETTINGS}", "painted/a.png", "new/a.png")
    listing = list_folder(tmp_path, leave_out=tmp_path / "new")
    assert [path.as_posix() for path in listing.pictures] == ["a.png"]
    assert listing.passed_over == [f"{tmp_path / 'painted'} holds paintings of a folder"]


def test_a_subfolder_that_cannot_be_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.png", "closed/b.png")
    listdir = os.listdir

    def refuse(folder: Path) -> list[str]:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", refuse)
    assert list_folder(tmp_path).passed_over == [f"cannot read the folder {tmp_path / 'closed'}: Permission denied"]


@pytest.mark.parametrize("content", [[], ["notes.txt"], [".hidden.png"], ["sub/"]])
def test_a_folder_without_pictures_is_refused(tmp_path: Path, content: list[str]) -> None:
    for name in content:
        (tmp_path / name).mkdir() if name.endswith("/") else put(tmp_path, name)
    with pytest.raises(InvalidInputError, match="holds no pictures"):
        list_pictures(tmp_path)


COLLISIONS = {
    "another suffix": ["a.jpg", "a.png"],
    "another case": ["a.png", "A.png"],
    "the suffix in another case": ["a.png", "a.PNG"],
    "in a subfolder": ["sub/a.jpg", "sub/a.png"],
    "subfolders that differ in case": ["sub/a.jpg", "Sub/a.jpg"],
    "letters composed in another way": [unicodedata.normalize(form, "\u00e9.png") for form in ("NFC", "NFD")],
    "letters that fold to two": ["stra\u00dfe.png", "STRASSE.png"],
    "a folder where a painting would be": ["a.jpg", "a.svg/b.jpg"],
    "such a folder in another case": ["a.jpg", "A.PNG/b.jpg"],
}


@pytest.mark.parametrize("case", COLLISIONS)
def test_paintings_that_would_have_one_name_are_told_of(case: str) -> None:
    with pytest.raises(InvalidInputError, match="rename one of them"):
        check_names([Path(name) for name in COLLISIONS[case]], [".png", ".svg"])


def test_names_of_their_own_are_none_of_these() -> None:
    check_names([Path(name) for name in ("a.png", "a1.png", "sub/a.png", "a/a.png", "a.b.png")], [".png", ".svg"])
