"""Trained policies by name, and the files that hold them; ``registry`` loads them. Nothing here waits for torch."""

from pathlib import Path
from typing import Any

from ...weights import WeightFiles

POLICY_FILES = WeightFiles("policy", Path(__file__).parent / "weights", "train-policy")


def find_policy(name: str | Path) -> tuple[Path, dict[str, Any]]:
    """The file of a policy, and the options of its network.

    Args:
        name: a shipped policy, or the path of a ``.safetensors`` file.

    Raises:
        InvalidInputError: no such policy, or a file that is not a policy's.
    """
    return POLICY_FILES.find(name, _check)


def _check(options: dict[str, Any]) -> None:
    if not set(options) <= {"width", "hidden", "brushes"}:
        raise ValueError(f"its network has the options {', '.join(options)}")
