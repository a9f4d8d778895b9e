"""Trained policies by name, and the files that hold them; ``registry`` loads them. Nothing here waits for torch."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ...errors import InvalidInputError

WEIGHTS_FOLDER = Path(__file__).parent / "weights"


def shipped_policies() -> list[str]:
    """Names of the policies that come with the package."""
    return sorted(path.stem for path in WEIGHTS_FOLDER.glob("*.safetensors"))


def find_policy(name: str | Path) -> tuple[Path, dict[str, Any]]:
    """The file of a policy, and the options of its network.

    Args:
        name: a shipped policy, or the path of a ``.safetensors`` file.

    Raises:
        InvalidInputError: no such policy, or a file that is not a policy's.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        if str(name) not in shipped_policies():
            raise InvalidInputError(
                f"unknown policy {str(name)!r}; choose one of {shipped_policies()}, or give a .safetensors file"
            )
        path = WEIGHTS_FOLDER / f"{name}.safetensors"
    if not path.is_file():
        raise InvalidInputError(f"policy file {path} does not exist; 'paintgym train-policy' writes one")
    try:
        with safe_open(path, framework="numpy") as file:
            options: dict[str, Any] = dict(json.loads((file.metadata() or {})["policy"]))
        if not set(options) <= {"width", "hidden"}:
            raise ValueError(f"its network has the options {', '.join(options)}")
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise not_a_policy(path, error) from None
    return path, options


def not_a_policy(path: Path, error: Exception) -> InvalidInputError:
    """What to say of a file that is not a policy's."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return InvalidInputError(f"{path} is not a policy file of this version ({reason})")
