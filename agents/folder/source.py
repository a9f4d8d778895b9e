"""Where the pictures of a folder lie: on a disk, or in a bucket."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ...envs.pictures import PictureSource
from ...errors import InvalidInputError
from .bucket import SCHEME, Bucket
from .listing import FolderListing, list_folder


class PictureFolder(Protocol):
    """A folder of pictures, wherever it is; its pictures are named by their paths from it."""

    @property
    def name(self) -> str:
        """What it is called in settings: the same wherever it is painted from."""

    def call(self, path: Path) -> str:
        """What messages call a picture."""

    @property
    def listing(self) -> FolderListing:
        """What is in it.

        Raises:
            InvalidInputError: it cannot be read, or holds no pictures.
        """

    def open(self, path: Path) -> PictureSource:
        """A picture, for ``load_picture``."""

    def read(self, path: Path) -> bytes:
        """The bytes of a picture's file.

        Raises:
            InvalidInputError: it cannot be read.
        """

    def fingerprint(self, path: Path) -> str:
        """Of a picture; another one when it has changed."""


class LocalFolder:
    """A folder on a disk.

    Args:
        folder: where it is.
        leave_out: a folder in it that is not looked at, such as the one for the paintings.
    """

    def __init__(self, folder: Path, leave_out: Path | None = None) -> None:
        self.folder, self._leave_out = folder, leave_out
        self.name = str(folder.resolve())

    def call(self, path: Path) -> str:
        """See ``PictureFolder``."""
        return str(self.folder / path)

    @cached_property
    def listing(self) -> FolderListing:
        """See ``PictureFolder``."""
        return list_folder(self.folder, self._leave_out)

    def open(self, path: Path) -> Path:
        """See ``PictureFolder``."""
        return self.folder / path

    def read(self, path: Path) -> bytes:
        """See ``PictureFolder``."""
        whole = self.folder / path
        try:
            return whole.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"cannot read {whole}: {error.strerror}") from None

    def fingerprint(self, path: Path) -> str:
        """See ``PictureFolder``; of files that cannot be read, one for all."""
        try:
            with open(self.folder / path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""


def find_source(place: str | Path, out: Path | None = None) -> PictureFolder | None:
    """The folder at a place: a path, or ``s3://bucket/prefix``; None where there is none.

    Args:
        place: where it is.
        out: the folder for the paintings, which is not looked at.

    Raises:
        InvalidInputError: an address that is none.
        MissingLibraryError: a bucket, and PyArrow is not installed.
    """
    if str(place).startswith(SCHEME):
        return Bucket(str(place))
    return LocalFolder(Path(place), out) if Path(place).is_dir() else None
