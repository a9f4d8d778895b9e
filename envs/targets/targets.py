"""Targets: the pictures to be painted, found by name, folder, file or array, and loaded when first asked for."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from ...checks import check_whole, shown
from ...errors import InvalidInputError
from ..pictures import Picture, PictureSource, check_picture, is_in_memory
from .bam.database import Bam
from .names import Split, check_target
from .sources import (
    GivenPictures,
    PictureFiles,
    PictureSet,
    find_digits,
    find_folder,
    find_paintings,
    find_photographs,
)

TargetSource: TypeAlias = "PictureSource | Sequence[PictureSource]"
"""What ``load_targets`` takes: a name, a path, a picture in any form, or a list of pictures."""

_CACHED_BYTES = 128 * 2**20
"""Of scaled pictures that are kept: 10,922 of 64 pixels a side, 32,768 where they are gray, 42 of 1024."""


class Targets:
    """Square target pictures, numbered from 0, each with a name. They can be pickled; what is kept stays behind.

    Args:
        pictures: where they come from; asked for a picture when it is first needed. The last ones are kept.
        size: side of the pictures in pixels.
    """

    def __init__(self, pictures: PictureSet, size: int) -> None:
        self.size = size
        self._pictures = pictures
        self._keep()

    def __len__(self) -> int:
        return len(self._pictures)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_cached"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._keep()

    @property
    def given(self) -> Any:
        """The pictures that a caller gave, one or a list, as they are held here; None where they have a name."""
        if not isinstance(self._pictures, GivenPictures):
            return None
        given = [str(one) if isinstance(one, Path) else one for one in self._pictures.pictures]
        return given if self._pictures.listed else given[0]

    def name(self, index: int) -> str:
        """The name of picture ``index``.

        Raises:
            InvalidInputError: there is no such picture.
        """
        return self._pictures.name(self.check(index))

    def picture(self, index: int) -> Picture:
        """Picture ``index`` as (size, size, 3) uint8: the center square of the original; not to be written into.

        Raises:
            InvalidInputError: there is no such picture, or its file turns out to be damaged.
        """
        return self._cached(self.check(index))

    def check(self, index: Any) -> int:
        """The number of a picture as Python's own.

        Raises:
            InvalidInputError: there is no such picture.
        """
        try:
            return check_whole("target_index", index, 0, len(self) - 1)
        except InvalidInputError:
            raise InvalidInputError(
                f"there is no target {shown(index)}; expected a number from 0 to {len(self) - 1}"
            ) from None

    def _keep(self) -> None:
        count = max(1, _CACHED_BYTES // (self._pictures.channels * self.size**2))
        self._cached = lru_cache(count)(self._square)

    def _square(self, index: int) -> Picture:
        picture = self._pictures.square(index, self.size).view()
        picture.flags.writeable = False
        return picture


def load_targets(
    source: TargetSource, size: int = 64, *, split: Split = "train", bam_filter: str | None = None
) -> Targets:
    """Find the pictures to be painted.

    Args:
        source: ``"mnist"`` (digits as dark ink on white paper, from ``MNIST/raw`` in the data folder),
            ``"paintings"`` (``paintings/paintings.csv`` in the data folder), ``"photographs"`` (eight, from the
            packages of ``pip install paintgym[photographs]``), ``"bam"`` (a database and pictures in ``bam`` in the
            data folder, see ``envs.bam.Bam``), a folder (searched recursively, in sorted order), a picture file or
            whatever else ``load_picture`` reads, or a list of such. Pictures in memory are copied, and relative paths
            are resolved, so that neither a buffer written anew nor another working directory changes a target.
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
    size = check_whole("target size", size, 1)
    if split not in ("train", "test"):
        raise InvalidInputError(f"split is {split!r}, expected 'train' or 'test'")
    if bam_filter is not None and not (isinstance(source, str) and source == "bam"):
        raise InvalidInputError(f"bam_filter is {bam_filter!r}, which chooses among BAM's pictures; pass target='bam'")
    return Targets(_find(source, size, split, bam_filter), size)


def _find(source: TargetSource, size: int, split: Split, bam_filter: str | None) -> PictureSet:
    if isinstance(source, list | tuple):
        return GivenPictures.of(source, enough=size, listed=True)
    if is_in_memory(source):
        return GivenPictures.of([source], enough=size)  # type: ignore[list-item]
    if not isinstance(source, str | Path):
        raise InvalidInputError(
            f"the target is a {type(source).__name__}, expected a name, a path, a picture or a list"
        )
    if source == "mnist":
        return find_digits(split)
    if source == "paintings":
        return find_paintings(split)
    if source == "photographs":
        return find_photographs()
    if source == "bam":
        return Bam().select(bam_filter, split)
    check_target(source)
    path = Path(source).expanduser()
    if path.is_dir():
        return find_folder(path)
    check_picture(path)
    return PictureFiles([path.absolute()], [path.stem])
