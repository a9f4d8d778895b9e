"""Files of weights of one kind, by name or path. What they hold is read without torch, and runs no code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from .errors import InvalidInputError


@dataclass(frozen=True)
class WeightFiles:
    """Where weights of a kind are found.

    Attributes:
        kind: their name in messages, and in a file's metadata that of their description.
        folder: of those that come with the package.
        command: what writes such a file.
    """

    kind: str
    folder: Path
    command: str

    def shipped(self) -> list[str]:
        """Names of those that come with the package."""
        return sorted(path.stem for path in self.folder.glob("*.safetensors"))

    def find(self, name: str | Path, check: Callable[[dict[str, Any]], object]) -> tuple[Path, dict[str, Any]]:
        """A file, and what it says that it holds.

        Args:
            name: a shipped one, or the path of a ``.safetensors`` file.
            check: raises KeyError, TypeError or ValueError where the description is not one of this kind and version.

        Raises:
            InvalidInputError: there is none, or it is a file of another kind.
        """
        path = Path(name)
        if path.suffix != ".safetensors":
            if str(name) not in self.shipped():
                raise InvalidInputError(
                    f"unknown {self.kind} {str(name)!r}; choose one of {self.shipped()}, or give a .safetensors file"
                )
            path = self.folder / f"{name}.safetensors"
        if not path.is_file():
            raise InvalidInputError(f"{self.kind} file {path} does not exist; 'paintgym {self.command}' writes one")
        try:
            with safe_open(path, framework="numpy") as file:
                description: dict[str, Any] = dict(json.loads((file.metadata() or {})[self.kind]))
            check(description)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise self.refusal(path, error) from None
        return path, description

    def refusal(self, path: Path, error: Exception) -> InvalidInputError:
        """What to say of a file of another kind."""
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return InvalidInputError(f"{path} is not a {self.kind} file of this version ({reason})")
