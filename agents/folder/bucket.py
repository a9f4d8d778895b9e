"""Pictures in a bucket: an object store that speaks S3. PyArrow, which Ray Data brings, lists and reads it."""

import importlib.util
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ...errors import InvalidInputError, MissingLibraryError, UnreachableError
from ..fingerprint import fingerprint_text
from .listing import FolderListing, tree_key
from .state import SETTINGS

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, S3FileSystem

SCHEME = "s3://"
LARGEST_OBJECT = 2**28
"""Bytes of an object that is read: as many as a picture of 64 million pixels takes, uncompressed."""

_ADDRESS = re.compile(r"s3://(anonymous@)?([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/(.*))?", re.DOTALL)
_LONGEST_NAME = 240
"""Bytes: objects may have longer names than files, which take 255, and a painting's suffix may be longer."""
_CONNECT_SECONDS = 5.0
"""How long a store may take to be reached. Arrow tries three times, and each time waits three seconds for an answer."""
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_FORBIDDEN = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH")


class Bucket:
    """The pictures below a prefix of a bucket.

    The store is found, and rights are looked for, as by other programs: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``,
    ``~/.aws`` and so on.

    Args:
        address: ``s3://bucket/prefix``; ``s3://anonymous@bucket/prefix`` asks as nobody, as for public buckets.

    Raises:
        InvalidInputError: it is no such address.
        MissingLibraryError: PyArrow is not installed.
    """

    def __init__(self, address: str) -> None:
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise InvalidInputError(f"{address!r} is no address of pictures; expected such as s3://bucket/prefix")
        if importlib.util.find_spec("pyarrow") is None:
            raise MissingLibraryError(f"reading {address} needs PyArrow; 'pip install paintgym[ray]' brings it")
        anonymous, self._bucket, prefix = found.groups()
        self._anonymous = bool(anonymous)
        self._root = "/".join([self._bucket, *filter(None, (prefix or "").split("/"))])
        self.name = f"{SCHEME}{self._root}"
        self._found: dict[Path, FileInfo] = {}

    def call(self, path: Path) -> str:
        """What messages call a picture."""
        return f"{self.name}/{path.as_posix()}"

    @cached_property
    def listing(self) -> FolderListing:
        """What there is; asked for once.

        Raises:
            InvalidInputError: no pictures, no such bucket, or no right to look.
            UnreachableError: the store does not answer.
        """
        from pyarrow.fs import FileSelector, FileType

        listing = FolderListing()
        with self._asking(f"list {self.name}"):
            found = self._files.get_file_info(FileSelector(self._root, recursive=True))
        objects = {info.path[len(self._root) + 1 :]: info for info in found if info.type == FileType.File}
        paintings = tuple(key.removesuffix(SETTINGS) for key in objects if key.endswith(f"/{SETTINGS}"))
        listing.passed_over += [f"{self.name}/{folder} holds paintings of a folder" for folder in paintings]
        for key, info in objects.items():
            parts = key.split("/")
            if key.startswith(paintings):
                continue
            if any(part in ("", ".", "..") or "\0" in part for part in parts):
                listing.passed_over.append(f"{SCHEME}{info.path} has a name that no file can have")
            elif max(len(os.fsencode(part)) for part in parts) > _LONGEST_NAME:
                listing.passed_over.append(f"{SCHEME}{info.path} has a name that is too long for a file")
            elif any(part.startswith(".") for part in parts):
                listing.hidden += 1
            else:
                listing.add_file(Path(key), f"{SCHEME}{info.path}")
                self._found[Path(key)] = info
        listing.pictures.sort(key=tree_key)
        return listing.of(self.name)

    def open(self, path: Path) -> BinaryIO:
        """A picture's bytes, as a file of its name."""
        file = io.BytesIO(self.read(path))
        file.name = self.call(path)
        return file

    def read(self, path: Path) -> bytes:
        """A picture's bytes.

        Raises:
            InvalidInputError: it is not there any more, may not be read, or is too large.
            UnreachableError: the store does not answer any more.
        """
        name = self.call(path)
        kept = "; what was painted is kept; run the same again to go on"
        with self._asking(f"read {name}", kept), self._files.open_input_stream(name.removeprefix(SCHEME)) as stream:
            content: bytes = stream.read(LARGEST_OBJECT + 1)
        if len(content) > LARGEST_OBJECT:
            raise InvalidInputError(f"{name} is larger than the {LARGEST_OBJECT:,} bytes that are read")
        return content

    def fingerprint(self, path: Path) -> str:
        """Of a picture as it was when it was listed: size and time, as a listing tells no more of it."""
        info = self._found[path]
        return fingerprint_text(info.size, info.mtime_ns)

    @cached_property
    def _files(self) -> "S3FileSystem":
        from pyarrow.fs import S3FileSystem, resolve_s3_region

        endpoint, region = _told(_ENDPOINTS), _told(_REGIONS)
        if endpoint is None and region is None:
            region = resolve_s3_region(self._bucket)
        return S3FileSystem(
            anonymous=self._anonymous,
            endpoint_override=endpoint,
            region=region or "us-east-1",
            connect_timeout=_CONNECT_SECONDS,
        )

    @contextmanager
    def _asking(self, what: str, kept: str = "") -> Iterator[None]:
        """Tell in a line what a store answers, or that it does not, and what is ``kept``."""
        try:
            yield
        except FileNotFoundError:
            raise InvalidInputError(f"cannot {what}: it is not there") from None
        except OSError as error:
            said = " ".join(str(error).split())
            kind = re.findall(r"AWS Error (\w+)", said)
            store = _told(_ENDPOINTS) or "AWS"
            if "NO_SUCH_BUCKET" in kind or f"Bucket '{self._bucket}' not found" in said:
                raise InvalidInputError(f"cannot {what}: {store} has no bucket {self._bucket}") from None
            if set(_FORBIDDEN) & set(kind):
                raise InvalidInputError(
                    f"cannot {what}: {store} gives no right to; expected keys in AWS_ACCESS_KEY_ID and "
                    f"AWS_SECRET_ACCESS_KEY or in ~/.aws, or s3://anonymous@{self._bucket} for a public bucket"
                ) from None
            why = said.rpartition("operation: ")[2]
            raise UnreachableError(f"cannot {what}: {store} does not answer as expected ({why}){kept}") from None


def _told(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(os.environ.get, names)), None)
