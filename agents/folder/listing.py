"""What a folder and its subfolders hold: pictures in the order in which people count, and all that is none."""

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...envs.pictures import PICTURE_SUFFIXES
from ...errors import InvalidInputError
from .state import SETTINGS

_NUMBER = re.compile(r"(\d+)")


@dataclass
class FolderListing:
    """What is in a folder.

    Attributes:
        pictures: by their paths from the folder; those of each folder in natural order, then those of its subfolders.
        passed_over: a line for everything else that is not hidden, such as ``"notes.txt is not a picture"``.
        hidden: files and folders whose names begin with a dot.
    """

    pictures: list[Path] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    hidden: int = 0

    def add_file(self, path: Path, name: str) -> None:
        """Take in a file that is not hidden, by its path, and what messages call it."""
        if path.suffix.lower() in PICTURE_SUFFIXES:
            self.pictures.append(path)
        else:
            self.passed_over.append(f"{name} is not a picture; expected {_expected()}")

    def of(self, name: str) -> "FolderListing":
        """The same, which is to hold pictures.

        Raises:
            InvalidInputError: it holds none.
        """
        if not self.pictures:
            others = f" among {len(self.passed_over)} other things" if self.passed_over else ""
            raise InvalidInputError(f"{name} holds no pictures{others}; expected {_expected()} files")
        return self


def natural_key(name: str) -> tuple[list[str | int], str]:
    """The key that sorts names as people count: frame2 before frame10, whatever their case.

    Names that count alike, such as frame1 and frame01, are told apart as text.

    Examples:
        >>> sorted(["frame10", "Frame2", "frame1"], key=natural_key)
        ['frame1', 'Frame2', 'frame10']
    """
    parts = _NUMBER.split(_fold(name))  # Texts and numbers in turn, a text first, though it may be empty.
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def tree_key(path: Path) -> list[tuple[object, ...]]:
    """The key that sorts paths as folders are looked through: files of a folder before those of its subfolders."""
    return [(path.parts[:-1] != path.parts[:depth], *_path_key(Path(part))) for depth, part in enumerate(path.parts)]


def list_pictures(folder: Path) -> list[Path]:
    """The pictures of a folder and its subfolders in natural order; hidden ones are not meant.

    Raises:
        InvalidInputError: it cannot be read, or holds none.
    """
    return [folder / path for path in list_folder(folder).pictures]


def list_folder(folder: Path, leave_out: Path | None = None) -> FolderListing:
    """Look through a folder and its subfolders, links included; each folder is looked through once.

    Args:
        folder: where to look.
        leave_out: a folder in it that is not looked at, such as the one for the paintings.

    Raises:
        InvalidInputError: it cannot be read, holds no pictures, or is the folder for the paintings itself.
    """
    listing, known = FolderListing(), {_identity(folder): folder}
    left_out = None if leave_out is None or not leave_out.is_dir() else _identity(leave_out)
    if left_out in known:
        raise InvalidInputError(f"{leave_out} holds the pictures themselves; name another folder for the paintings")
    waiting = [Path()]
    while waiting:
        here = waiting.pop()
        try:
            paths = sorted((here / name for name in os.listdir(folder / here)), key=_path_key)
        except OSError as error:
            if here == Path():
                raise InvalidInputError(f"cannot read the folder {folder}: {error.strerror}") from None
            listing.passed_over.append(f"cannot read the folder {folder / here}: {error.strerror}")
            continue
        folders = []
        for path in paths:
            whole = folder / path
            if path.name.startswith("."):
                listing.hidden += 1
            elif whole.is_dir():
                identity = _identity(whole)
                if identity == left_out:
                    continue
                if identity in known:
                    listing.passed_over.append(f"{whole} is the folder {known[identity]} again")
                elif (whole / SETTINGS).is_file():
                    listing.passed_over.append(f"{whole} holds paintings of a folder")
                else:
                    known[identity] = whole
                    folders.append(path)
            else:
                listing.add_file(path, str(whole))
        waiting += reversed(folders)
    return listing.of(f"the folder {folder}")


def check_names(pictures: Sequence[Path], suffixes: Sequence[str]) -> None:
    """Find out whether all paintings have names of their own, on file systems too that know no case.

    Args:
        pictures: their paths.
        suffixes: of the files that are written for each, beside one another.

    Raises:
        InvalidInputError: two would be one file, or one where a folder must be.
    """
    known: dict[str, Path] = {}
    folders = {_fold(str(parent)): path for path in pictures for parent in path.parents}
    for path in pictures:
        other = known.setdefault(_fold(str(path.parent / path.stem)), path)
        if other is not path:
            raise InvalidInputError(f"{other} and {path} would be painted into one file; rename one of them")
        for suffix in suffixes:
            inside = folders.get(_fold(str(path.parent / f"{path.stem}{suffix}")))
            if inside is not None:
                raise InvalidInputError(
                    f"{path} would be painted into a file of the name of the folder of {inside}; rename one of them"
                )


def _path_key(path: Path) -> tuple[object, ...]:
    return natural_key(path.stem), natural_key(path.suffix)


def _fold(text: str) -> str:
    """Names that some file system takes for the same, made equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _expected() -> str:
    return ", ".join(sorted(PICTURE_SUFFIXES))
