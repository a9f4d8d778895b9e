"""The pictures of BAM that a user has downloaded: which are there, and which of these are whole. No database here."""

import os
import warnings
from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InvalidInputError
from ...pictures import PICTURE_SUFFIXES, Picture, check_picture, fit_picture, load_picture

_LARGEST_NUMBER_LENGTH = 18  # digits that any int64 can hold
_SIGNATURES = ((b"\xff\xd8\xff", b"\xff\xd9"), (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"))


class BamFiles:
    """An index of the files ``<mid>.<suffix>`` at any depth below a folder, made by stroke_list it once.

    A picture that was downloaded for several attributes lies in as many folders. Kept as arrays, since there may be
    millions.

    Attributes:
        mids: (N,) int64, the numbers of the files in ascending order, a number as often as there are files of it.
    """

    def __init__(self, root: Path) -> None:
        places: dict[tuple[str, str], int] = {}
        mids, where = array("q"), array("q")
        visited = set()
        for folder, folders, files in os.walk(root, followlinks=True):
            actual = os.path.realpath(folder)
            if actual in visited:  # links may lead in a circle
                folders.clear()
                continue
            visited.add(actual)
            folders.sort()
            for file in sorted(files):
                stem, suffix = os.path.splitext(file)
                if suffix.lower() in PICTURE_SUFFIXES and _is_number(stem):
                    mids.append(int(stem))
                    where.append(places.setdefault((folder, suffix), len(places)))
        numbers, self._where = np.array(mids, np.int64), np.array(where, np.int64)
        order = np.lexsort((self._where, numbers))
        self.mids: NDArray[np.int64] = numbers[order]
        self._where = self._where[order]
        self._places = list(places)

    def path(self, position: int) -> Path:
        """The file at a position of ``mids``."""
        folder, suffix = self._places[self._where[position]]
        return Path(folder, f"{self.mids[position]}{suffix}")

    def find_whole(self, wanted: NDArray[np.int64], asked: str) -> "BamPictures":
        """The pictures of ``wanted`` (unique, ascending numbers) that are there and look whole.

        Of each file the first and last bytes are read, and more only of those which do not look whole by these.

        Args:
            wanted: (M,) numbers.
            asked: what the numbers are, for messages.

        Raises:
            InvalidInputError: none is left.

        Warns:
            UserWarning: some are missing or broken, with their numbers.
        """
        first = np.searchsorted(self.mids, wanted, "left")
        last = np.searchsorted(self.mids, wanted, "right")
        positions = array("q")
        complaint = None
        broken = 0
        for start, stop in zip(first[first < last].tolist(), last[first < last].tolist(), strict=True):
            for position in range(start, stop):
                try:
                    _check_whole(self.path(position))
                except InvalidInputError as error:
                    complaint = complaint or error
                else:
                    positions.append(position)
                    break
            else:
                broken += 1
        missing = int((first == last).sum())
        skipped = f"{missing:,} are not there" + (f", {broken:,} are broken, the first: {complaint}" if broken else "")
        if not positions:
            raise InvalidInputError(f"none of {len(wanted):,} {asked} can be used: {skipped}")
        if missing or broken:
            warnings.warn(f"skipped {missing + broken:,} of {len(wanted):,} {asked}: {skipped}", stacklevel=5)
        return BamPictures(self, np.array(positions, np.int64))


class BamPictures:
    """Pictures of BAM, numbered from 0 in the order of their numbers in BAM.

    Attributes:
        mids: (N,) int64, the numbers in BAM, unique and ascending.
        channels: see ``PictureSet``.
    """

    channels = 3

    def __init__(self, files: BamFiles, positions: NDArray[np.int64]) -> None:
        self.mids = files.mids[positions]
        self._files = files
        self._positions = positions

    def __len__(self) -> int:
        return len(self.mids)

    def name(self, index: int) -> str:
        """The name of picture ``index``: its number in BAM."""
        return f"bam {self.mids[index]}"

    def square(self, index: int, size: int) -> Picture:
        """The center square of picture ``index``, scaled to (size, size, 3) uint8.

        Raises:
            InvalidInputError: the file turns out to be damaged.
        """
        path = self._files.path(int(self._positions[index]))
        return fit_picture(load_picture(path, enough=size), size)


def _is_number(stem: str) -> bool:
    return (
        stem.isascii()
        and stem.isdecimal()
        and len(stem) <= _LARGEST_NUMBER_LENGTH
        and (stem == "0" or not stem.startswith("0"))
    )


def _check_whole(path: Path) -> None:
    """``check_picture``, ten times faster for JPEG and PNG files that begin and end as they should.

    Raises:
        InvalidInputError: the file is not a whole picture.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(8)
            file.seek(-8, os.SEEK_END)
            tail = file.read(8)
    except OSError:
        head = tail = b""
    if not any(head.startswith(start) and tail.endswith(end) for start, end in _SIGNATURES):
        check_picture(path)
