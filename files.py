"""Writing files whole or not at all, and finding the data folder; nothing here knows what the files mean."""

import errno
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InvalidInputError

_HALF_WRITTEN = re.compile(r"\.(.+)-[0-9a-z_]{8}")
"""Stems of the files that ``write_whole`` writes before they have their names."""
_LONGEST_STEM = 200
"""Bytes: file systems take names of 255, and some of these are needed for what is put before and behind."""


def data_directory() -> Path:
    """The folder that holds downloaded data: ``PAINTGYM_DATA``, or the user's cache folder."""
    configured = os.environ.get("PAINTGYM_DATA")
    if configured:
        return Path(configured).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "paintgym"


def make_folder(path: str | Path) -> None:
    """Make a folder, and those it lies in, if they do not exist.

    Raises:
        InvalidInputError: it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"cannot make the folder {path}: {error.strerror}") from None


def check_can_write(path: str | Path) -> None:
    """Find out, before any work, whether a file can be written.

    Raises:
        InvalidInputError: it is a folder, or its folder, or that of the file that it links to, does not exist or
            cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise InvalidInputError(f"cannot write {path}: it is a folder; name a file")
    try:
        tempfile.TemporaryFile(dir=_follow(path).parent).close()
    except OSError as error:
        raise InvalidInputError(_cannot_write(path, error)) from None


def check_is_no_input(outputs: Iterable[str | Path], inputs: Iterable[str | Path]) -> None:
    """Find out, before any work, whether a file that is to be written is one that is to be read.

    Links of both kinds, and other spellings of a name, are the file that they lead to.

    Raises:
        InvalidInputError: one is.
    """
    known = {identity: path for path in inputs if (identity := _identity(path))}
    for output in outputs:
        source = known.get(_identity(output) or (0, 0))
        if source is not None:
            which = "an input itself" if str(source) == str(output) else f"the input {source}"
            raise InvalidInputError(f"{output} cannot be written: it is {which}; name another file")


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and move it into place only if the block succeeds.

    Where ``path`` is a link, the file that it leads to is written, and the link stays.

    Raises:
        InvalidInputError: the folder of ``path`` does not exist or cannot be written, or the disk is full.
    """
    path = Path(path)
    try:
        place = _follow(path)
    except OSError as error:
        raise InvalidInputError(_cannot_write(path, error)) from None
    # Named before it is made: whenever a signal ends the work, there is a name to clear away.
    temporary = place.with_name(f".{_shortened_stem(place)}-{secrets.token_hex(4)}{place.suffix}")
    try:
        try:
            temporary.touch(0o600, exist_ok=False)
        except OSError as error:
            raise InvalidInputError(_cannot_write(path, error)) from None
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(place)
    except OSError as error:
        # The block may fail for another file's sake; a write that fails, on a full disk, names none.
        if error.filename is not None and Path(os.fsdecode(error.filename)) != temporary:
            raise
        raise InvalidInputError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # Where it could not be made, there is nothing to clear away.
            temporary.unlink()


def clear_half_written(paths: Iterable[Path]) -> None:
    """Take away what ``write_whole`` had begun to write of files when it was killed."""
    paths = list(paths)
    stems = {_shortened_stem(path) for path in paths}
    for folder in {path.parent for path in paths}:
        for file in folder.glob(".*-*"):
            half = _HALF_WRITTEN.fullmatch(file.stem)
            if half and half[1] in stems:
                file.unlink(missing_ok=True)


def _shortened_stem(path: Path) -> str:
    """What is left of a file's stem in the name that ``write_whole`` gives it at first, which is longer."""
    return os.fsencode(path.stem)[:_LONGEST_STEM].decode("utf-8", "ignore")


def _follow(path: Path) -> Path:
    """The file that a link leads to, whether it exists or not; other paths are their own."""
    if not path.is_symlink():
        return path
    place = Path(os.path.realpath(path))
    if place.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return place


def _identity(path: str | Path) -> tuple[int, int] | None:
    """What the file system knows a file by; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _cannot_write(path: Path, error: OSError) -> str:
    return f"cannot write {path}: {error.strerror}; name a file in an existing folder that you may write"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
