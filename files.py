"""Writing files whole or not at all, and finding the data folder; nothing here knows what the files mean."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InvalidInputError


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
        InvalidInputError: it is a folder, or its folder does not exist or cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise InvalidInputError(f"cannot write {path}: it is a folder; name a file")
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise InvalidInputError(_cannot_write(path, error)) from None


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and move it into place only if the block succeeds.

    Raises:
        InvalidInputError: the folder of ``path`` does not exist or cannot be written, or the disk is full.
    """
    path = Path(path)
    # Named before it is made: whenever a signal ends the work, there is a name to clear away.
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        try:
            temporary.touch(0o600, exist_ok=False)
        except OSError as error:
            raise InvalidInputError(_cannot_write(path, error)) from None
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        # The block may fail for another file's sake; a write that fails, on a full disk, names none.
        if error.filename is not None and Path(os.fsdecode(error.filename)) != temporary:
            raise
        raise InvalidInputError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # Where it could not be made, there is nothing to clear away.
            temporary.unlink()


def _cannot_write(path: Path, error: OSError) -> str:
    return f"cannot write {path}: {error.strerror}; name a file in an existing folder that you may write"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
