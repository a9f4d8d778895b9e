"""What a folder of paintings remembers: its settings, and of which pictures its paintings are."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import InvalidInputError
from ...files import check_can_write
from ...runs import compare_settings, keep_settings, read_json, write_json

SETTINGS = ".paintgym.json"
"""Name of the file in the folder of the paintings."""
FORMAT = {"format": "paintgym folder", "version": 2}
"""Version 1 knew settings alone, and fewer of them."""
_WORK = "paintings of a folder"
_REST = 20.0
"""Times as long as it took to write the file, until it is written again."""


class FolderState:
    """The file that says what was painted.

    Args:
        out: folder of the paintings; made if it does not exist.
        settings: all that decides the paintings, as JSON.
        former: the settings as version 1 knew them.

    Raises:
        InvalidInputError: it cannot be written, or holds paintings with other settings, or other things.
    """

    def __init__(self, out: Path, settings: dict[str, Any], former: dict[str, Any]) -> None:
        self._path = out / SETTINGS
        self._head: dict[str, Any] = {**FORMAT, "settings": settings}
        there = read_json(self._path)
        fingerprints = there.pop("paintings", {}) if isinstance(there, dict) else None
        if not isinstance(fingerprints, dict):
            raise InvalidInputError(f"{self._path} is damaged; name a new folder")
        self.former = there.get("version") == 1
        """Whether version 1 is there, which did not say of which pictures the paintings are."""
        if self.former:
            compare_settings(out, _present_words(there.get("settings") or {}), former, _WORK)
            check_can_write(self._path)
        elif there:
            compare_settings(out, there, self._head, _WORK)
            check_can_write(self._path)
        else:
            keep_settings(out, SETTINGS, self._head, _WORK)
        self._fingerprints: dict[str, str] = fingerprints
        self._order: Iterable[Path] = ()
        self._behind = False
        self._rest, self._rests_until = 0.0, 0.0

    def fingerprint(self, picture: Path) -> str | None:
        """Of the picture as it was when it was painted; None where it was not.

        Args:
            picture: its path from the folder of the pictures.
        """
        return self._fingerprints.get(picture.as_posix())

    def note(self, fingerprints: Iterable[tuple[Path, str]], order: Iterable[Path]) -> None:
        """Remember that pictures were painted.

        Args:
            fingerprints: of the pictures.
            order: all pictures there are; of others the file remembers nothing more.
        """
        self._fingerprints.update((path.as_posix(), value) for path, value in fingerprints)
        self._order, self._behind = order, True
        if time.monotonic() >= self._rests_until:
            self._write()

    @contextmanager
    def seldom(self) -> Iterator[None]:
        """In the block, let writing the file take no more than a twentieth of the time: a million pictures' takes long.

        What a process that is killed had not written is painted again.
        """
        self._rest = _REST
        try:
            yield
        finally:
            self._rest = 0.0
            if self._behind:
                self._write()

    def _write(self) -> None:
        began = time.monotonic()
        # In one order, so that a run that was interrupted ends with the same bytes.
        names = [path.as_posix() for path in self._order]
        self._fingerprints = {name: self._fingerprints[name] for name in names if name in self._fingerprints}
        write_json(self._path, {**self._head, "paintings": self._fingerprints})
        self._behind, now = False, time.monotonic()
        self._rests_until = now + self._rest * (now - began)


def _present_words(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of version 1 in the words of today."""
    agent = str(settings.get("agent")).replace("policy+gradient", "policy+refine")
    policy = settings.get("policy") or ("paintings" if agent.startswith("policy") else None)
    return {**settings, "agent": agent, "policy": policy}
