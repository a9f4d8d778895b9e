"""Writing files whole or not at all, and finding the data folder; nothing here knows what the files mean."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InvalidInputError


def data_directory() -> Path:
    """The folder that holds downloaded data: ``PAINTGYM_DATA``, or the user's cache folder."""
    configured = os.environ.get("PAINTGYM_DATA")
    if configured:
        return Path(configured).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "paintgym"


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and move it into place only if the block succeeds.

    Raises:
        InvalidInputError: the folder of ``path`` does not exist or cannot be written.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InvalidInputError(
            f"cannot write {path}: {error.strerror}; name a file in an existing folder that you may write"
        ) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InvalidInputError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
