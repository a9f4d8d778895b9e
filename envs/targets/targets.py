"""Targets: the pictures to be painted, found by name, folder, file or array, and loaded when first asked for."""

import csv
import hashlib
import importlib.util
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ...errors import InvalidInputError, MissingDataError
from ...files import data_directory
from ..decoding import FORMAT_NAMES, PICTURE_SUFFIXES
from ..pictures import Picture, PictureSource, check_picture, fit_picture, is_in_memory, load_picture
from .bam.database import Bam
from .names import Split, check_target

TargetSource: TypeAlias = "PictureSource | Sequence[PictureSource]"

_CACHED_PICTURES = 128
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


class Targets:
    """Square target pictures, numbered from 0, each with a name.

    Args:
        count: how many there are.
        name: gives the name of picture ``i``.
        load: gives picture ``i`` as (H, W, 3) uint8; called when a picture is first asked for. The last
            pictures are kept.
        size: side of the pictures in pixels.
    """

    def __init__(self, count: int, name: Callable[[int], str], load: Callable[[int], Picture], size: int) -> None:
        self.size = size
        self._count = count
        self._name = name
        self._load = load
        self._cached = lru_cache(_CACHED_PICTURES)(self._fit)

    def __len__(self) -> int:
        return self._count

    def name(self, index: int) -> str:
        """The name of picture ``index``.

        Raises:
            InvalidInputError: there is no such picture.
        """
        return self._name(self._check(index))

    def picture(self, index: int) -> Picture:
        """Picture ``index`` as (size, size, 3) uint8: the center square of the original; not to be written into.

        Raises:
            InvalidInputError: there is no such picture, or its file turns out to be damaged.
        """
        return self._cached(self._check(index))

    def _fit(self, index: int) -> Picture:
        picture = fit_picture(self._load(index), self.size).view()
        picture.flags.writeable = False
        return picture

    def _check(self, index: int) -> int:
        if not isinstance(index, int | np.integer) or not 0 <= index < len(self):
            raise InvalidInputError(f"there is no target {index!r}; expected a number from 0 to {len(self) - 1}")
        return int(index)


def load_targets(
    source: TargetSource, size: int = 64, *, split: Split = "train", bam_filter: str | None = None
) -> Targets:
    """Find the pictures to be painted.

    Args:
        source: ``"mnist"`` (digits as dark ink on white paper, from ``MNIST/raw`` in the data folder),
            ``"paintings"`` (``paintings/paintings.csv`` in the data folder), ``"photographs"`` (eight, from the
            packages of ``pip install paintgym[photographs]``), ``"bam"`` (a database and pictures in ``bam`` in the
            data folder, see ``envs.bam.Bam``), a folder (searched recursively, in sorted order), a picture file or
            whatever else ``load_picture`` reads, or a list of such.
        size: side of the targets in pixels.
        split: ``"train"`` or ``"test"``: MNIST's own split; an artist of the paintings, or a project of BAM, has all
            pictures in one part. Sources without parts give all their pictures either way.
        bam_filter: which of BAM's pictures to take, such as
            ``"media_oilpaint>=0.9 and content_people=positive"``: scores compare with ``>=``, ``>``, ``<=`` and
            ``<``, labels are ``positive``, ``negative`` or ``unsure``; ``and``, ``or`` and parentheses combine them.
            Without ``with mature`` at its end, nothing that is flagged as mature is taken.

    Raises:
        MissingDataError: the data that belong to a name are not there.
        InvalidInputError: unknown source or split, bad size or filter, no pictures, or pictures that cannot be read.

    Warns:
        UserWarning: pictures of a folder or of BAM had to be skipped, with their number.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise InvalidInputError(f"target size is {size!r}, expected a whole number of pixels, at least 1")
    if split not in ("train", "test"):
        raise InvalidInputError(f"split is {split!r}, expected 'train' or 'test'")
    if bam_filter is not None and not (isinstance(source, str) and source == "bam"):
        raise InvalidInputError(f"bam_filter is {bam_filter!r}, which chooses among BAM's pictures; pass target='bam'")
    if isinstance(source, list | tuple):
        return _from_pictures(source, size)
    if is_in_memory(source):
        return _from_pictures([source], size)  # type: ignore[list-item]
    if not isinstance(source, str | Path):
        raise InvalidInputError(
            f"the target is a {type(source).__name__}, expected a name, a path, a picture or a list"
        )
    if source == "mnist":
        return _mnist(size, split)
    if source == "paintings":
        return _paintings(size, split)
    if source == "photographs":
        return _photographs(size)
    if source == "bam":
        pictures = Bam().select(bam_filter, split)
        return Targets(len(pictures), pictures.name, lambda index: pictures.load(index, size), size)
    check_target(source)
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path, size)
    check_picture(path)
    return _from_files([path], [path.stem], size)


def _from_pictures(sources: Sequence[PictureSource], size: int) -> Targets:
    if not sources:
        raise InvalidInputError("the list of targets is empty; expected at least one picture, such as a path")
    pictures = [load_picture(source, enough=size) for source in sources]
    names = [
        Path(source).stem if isinstance(source, str | Path) else f"array {index}"
        for index, source in enumerate(sources)
    ]
    return Targets(len(pictures), names.__getitem__, pictures.__getitem__, size)


def _from_files(paths: Sequence[Path], names: Sequence[str], size: int) -> Targets:
    return Targets(len(paths), names.__getitem__, lambda index: load_picture(paths[index], enough=size), size)


def _folder(folder: Path, size: int) -> Targets:
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
            f"{folder}: skipped {skipped} of {len(candidates)} pictures; the first: {complaint}", stacklevel=3
        )
    return _from_files(paths, [str(path.relative_to(folder).with_suffix("")) for path in paths], size)


def _mnist(size: int, split: Split) -> Targets:
    from torchvision.datasets import MNIST  # costs more than a second: only when it is needed

    root = data_directory()
    try:
        digits = MNIST(str(root), train=split == "train", download=False)
    except (RuntimeError, OSError, ValueError) as error:
        raise MissingDataError(
            f"the MNIST digits were looked for in {root / 'MNIST' / 'raw'} ({error}): set PAINTGYM_DATA to the folder "
            f'that holds MNIST/raw, or download them with torchvision.datasets.MNIST("{root}", download=True)'
        ) from None
    ink = digits.data.numpy()
    labels = digits.targets.tolist()

    def load(index: int) -> Picture:
        return np.repeat(255 - ink[index][:, :, None], 3, axis=2)

    return Targets(len(labels), lambda index: f"digit {labels[index]}, {split} {index}", load, size)


def _paintings(size: int, split: Split) -> Targets:
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
    paths = [folder / file for file, _, _ in chosen]
    return _from_files(paths, [f"{artist}: {title}" for _, artist, title in chosen], size)


def _is_test_artist(artist: str) -> bool:
    """By a hash of the name, so that new paintings never move an artist from one part to the other."""
    return int.from_bytes(hashlib.sha256(artist.encode()).digest()[:4], "big") % _TEST_ARTISTS_ONE_IN == 0


def _photographs(size: int) -> Targets:
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
        paths.append(found[0])
    return _from_files(paths, list(_PHOTOGRAPHS), size)
