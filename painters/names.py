"""Neural painters by name, and the files that hold them; ``registry`` loads them. Nothing here waits for torch."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ..errors import InvalidInputError

WEIGHTS_FOLDER = Path(__file__).parent / "neural" / "weights"


def shipped_painters() -> list[str]:
    """Names of the painters that come with the package."""
    return sorted(path.stem for path in WEIGHTS_FOLDER.glob("*.safetensors"))


def find_painter(name: str | Path) -> tuple[Path, dict[str, Any]]:
    """The file of a painter, and its description: ``architecture``, and ``options`` to build it with.

    Args:
        name: a shipped painter, or the path of a ``.safetensors`` file.

    Raises:
        InvalidInputError: no such painter, or a file that is not a painter's.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        if str(name) not in shipped_painters():
            raise InvalidInputError(
                f"unknown painter {str(name)!r}; choose one of {shipped_painters()}, or give a .safetensors file"
            )
        path = WEIGHTS_FOLDER / f"{name}.safetensors"
    if not path.is_file():
        raise InvalidInputError(f"painter file {path} does not exist; 'paintgym train-painter' writes one")
    try:
        with safe_open(path, framework="numpy") as file:
            description: dict[str, Any] = json.loads((file.metadata() or {})["painter"])
        _ = description["architecture"], description["options"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise not_a_painter(path, error) from None
    return path, description


def not_a_painter(path: Path, error: Exception) -> InvalidInputError:
    """What to say of a file that is not a painter's."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return InvalidInputError(f"{path} is not a painter file of this version ({reason})")
