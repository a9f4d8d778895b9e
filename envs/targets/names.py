"""Targets by name; ``targets`` finds their pictures. Nothing here waits for torch, or opens a file."""

from pathlib import Path
from typing import Literal

from ...errors import InvalidInputError

Split = Literal["train", "test"]

TARGET_NAMES = ("shapes", "mnist", "paintings", "photographs", "bam")


def check_target(source: str | Path) -> None:
    """Find out whether there is such a target.

    Args:
        source: a name, or the path of a picture or a folder.

    Raises:
        InvalidInputError: neither a name nor an existing file or folder.
    """
    if str(source) not in TARGET_NAMES and not Path(source).expanduser().exists():
        names = ", ".join(map(repr, TARGET_NAMES))
        raise InvalidInputError(
            f"there is no target {str(source)!r}; expected {names}, or an existing picture file or folder"
        )
