"""Where target pictures come from: sets of them in memory, in files and in MNIST, found by name, folder or file."""

import csv
import hashlib
import importlib.util
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ...errors import InvalidInputError, MissingDataError
from ...files import data_directory
from ..decoding import FORMAT_NAMES, PICTURE_SUFFIXES
from ..pictures import Picture, PictureSource, check_picture, fit_picture, load_picture
from .names import Split

_TEST_ARTISTS_ONE_IN = 6

# Photographs that come inside the wheels of well-known packages: package, path inside it. Nothing here trains on them.
_PHOTOGRAPHS = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "temple": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "admiral": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
}


class PictureSet(Protocol):
    """Pictures, numbered from 0. Sets are sent to other processes, so they hold data and no functions.

    Attributes:
        channels: how many numbers a pixel takes in memory: 1 where pictures are gray, and views of one channel.
    """

    channels: int

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """The name of picture ``index``."""

    def square(self, index: int, size: int) -> Picture:
        """The center square of picture ``index``, scaled to (size, size, 3) uint8."""


@dataclass(frozen=True, eq=False)
class PictureFiles:
    """Pictures in files, decoded when they are asked for.

    Attributes:
        paths: of the files; absolute, so that they are found from any working directory.
        names: of the pictures.
    """

    paths: list[Path]
    names: list[str]
    channels = 3

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """The name of picture ``index``."""
        return self.names[index]

    def square(self, index: int, size: int) -> Picture:
        """See ``PictureSet``."""
        return fit_picture(load_picture(self.paths[index], enough=size), size)


@dataclass(frozen=True, eq=False)
class GivenPictures:
    """Pictures that a caller gave.

    Attributes:
        pictures: copies of those in memory, (H, W, 3) uint8, and absolute paths.
        names: of the pictures.
        listed: whether they were given as a list.
    """

    pictures: list[Picture | Path]
    names: list[str]
    listed: bool
    channels = 3

    @classmethod
    def of(cls, sources: Sequence[PictureSource], *, enough: int, listed: bool = False) -> "GivenPictures":
        """What ``load_picture`` reads, with ``enough`` pixels a side; files are looked at now and decoded later.

        Raises:
            InvalidInputError: no pictures, or one that cannot be read.
        """
        if not len(sources):
            raise InvalidInputError("the list of targets is empty; expected at least one picture")
        pictures: list[Picture | Path] = []
        names = []
        for index, source in enumerate(sources):
            if isinstance(source, str | Path):
                path = Path(source).expanduser()
                check_picture(path)
                pictures.append(path.absolute())
                names.append(path.stem)
            else:
                pictures.append(load_picture(source, enough=enough))
                names.append(f"array {index}")
        return cls(pictures, names, listed)

    def __len__(self) -> int:
        return len(self.pictures)

    def name(self, index: int) -> str:
        """The name of picture ``index``."""
        return self.names[index]

    def square(self, index: int, size: int) -> Picture:
        """See ``PictureSet``."""
        return fit_picture(load_picture(self.pictures[index], enough=size), size)


@dataclass(frozen=True, eq=False)
class Digits:
    """MNIST's digits as dark ink on white paper.

    Attributes:
        ink: (N, 28, 28) uint8, 255 where the ink is.
        labels: the N digits.
        split: which part of MNIST they are.
    """

    ink: NDArray[np.uint8]
    labels: list[int]
    split: Split
    channels = 1

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """The name of picture ``index``."""
        return f"digit {self.labels[index]}, {self.split} {index}"

    def square(self, index: int, size: int) -> Picture:
        """See ``PictureSet``; what ``fit_picture`` makes of three equal channels, in half the time."""
        gray = Image.fromarray(255 - self.ink[index])
        scaled = np.asarray(
            gray if gray.size == (size, size) else ImageOps.fit(gray, (size, size), Image.Resampling.BICUBIC)
        )
        return np.broadcast_to(scaled[:, :, None], (size, size, 3))


def find_folder(folder: Path) -> PictureFiles:
    """All pictures of a folder and those below it, in sorted order.

    Raises:
        InvalidInputError: there are none that can be read.

    Warns:
        UserWarning: some had to be skipped, with their number.
    """
    candidates = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    paths = []
    complaint = None
    for path in candidates:
        try:
            check_picture(path)
        except InvalidInputError as error:
            complaint = complaint or error
        else:
            paths.append(path)
    if not paths:
        reason = f"the first of {len(candidates)} fails: {complaint}" if complaint else "there are none"
        raise InvalidInputError(f"{folder} holds no {FORMAT_NAMES} pictures that can be read ({reason})")
    if complaint:
        skipped = len(candidates) - len(paths)
        warnings.warn(
            f"{folder}: skipped {skipped} of {len(candidates)} pictures; the first: {complaint}", stacklevel=4
        )
    names = [str(path.relative_to(folder).with_suffix("")) for path in paths]
    return PictureFiles([path.absolute() for path in paths], names)


def find_digits(split: Split) -> Digits:
    """MNIST, from ``MNIST/raw`` in the data folder.

    Raises:
        MissingDataError: it is not there.
    """
    from torchvision.datasets import MNIST  # costs more than a second: only when it is needed

    root = data_directory()
    try:
        digits = MNIST(str(root), train=split == "train", download=False)
    except (RuntimeError, OSError, ValueError) as error:
        raise MissingDataError(
            f"the MNIST digits were looked for in {root / 'MNIST' / 'raw'} ({error}): set PAINTGYM_DATA to the folder "
            f'that holds MNIST/raw, or download them with torchvision.datasets.MNIST("{root}", download=True)'
        ) from None
    return Digits(digits.data.numpy(), digits.targets.tolist(), split)


def find_paintings(split: Split) -> PictureFiles:
    """The paintings of the data folder, those of an artist all in one part.

    Raises:
        MissingDataError: they are not there.
        InvalidInputError: their catalogue cannot be read, or lists none for the split.
    """
    folder = data_directory() / "paintings"
    catalogue = folder / "paintings.csv"
    try:
        with open(catalogue, encoding="utf-8", newline="") as file:
            rows = [(row["file"], row["artist"], row["title"]) for row in csv.DictReader(file)]
    except OSError:
        raise MissingDataError(
            f"the paintings were looked for in {folder}, with {catalogue.name} (columns file, artist, title): set "
            "PAINTGYM_DATA to the folder that holds paintings/, or name a folder of pictures of your own as the target"
        ) from None
    except (KeyError, UnicodeDecodeError, csv.Error):
        raise InvalidInputError(
            f"{catalogue} cannot be read; expected UTF-8 with columns file, artist, title"
        ) from None
    chosen = sorted(row for row in rows if _is_test_artist(row[1]) == (split == "test"))
    if not chosen:
        raise InvalidInputError(f"{catalogue} lists no paintings for the split {split!r}; add more artists")
    paths = [folder.absolute() / file for file, _, _ in chosen]
    return PictureFiles(paths, [f"{artist}: {title}" for _, artist, title in chosen])


def _is_test_artist(artist: str) -> bool:
    """By a hash of the name, so that new paintings never move an artist from one part to the other."""
    return int.from_bytes(hashlib.sha256(artist.encode()).digest()[:4], "big") % _TEST_ARTISTS_ONE_IN == 0


def find_photographs() -> PictureFiles:
    """Eight photographs from packages.

    Raises:
        MissingDataError: the packages are not installed.
    """
    paths = []
    for package, inside in _PHOTOGRAPHS.values():
        specification = importlib.util.find_spec(package)  # finds the package without importing it
        folders = (specification.submodule_search_locations if specification else None) or []
        found = [Path(folder) / inside for folder in folders if (Path(folder) / inside).is_file()]
        if not found:
            raise MissingDataError(
                f"the photograph {inside} of the package {package} was not found; 'pip install paintgym[photographs]' "
                "installs the packages that bring the photographs"
            )
        paths.append(found[0].absolute())
    return PictureFiles(paths, list(_PHOTOGRAPHS))
