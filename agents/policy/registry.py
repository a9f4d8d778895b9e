"""Trained policies by name: their files, and their networks without stable-baselines3."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ...errors import InvalidInputError
from ...painters.modes import plain_torch
from .network import StrokeNetwork

_WEIGHTS_FOLDER = Path(__file__).parent / "weights"
_NETWORK = "network."
"""Prefix of the network's weights in a file; the others are the value function's."""


def shipped_policies() -> list[str]:
    """Names of the policies that come with the package."""
    return sorted(path.stem for path in _WEIGHTS_FOLDER.glob("*.safetensors"))


@plain_torch()
def load_network(name: str | Path = "paintings") -> StrokeNetwork:
    """The network of a trained policy, frozen; nothing is unpickled.

    Args:
        name: a shipped policy (``"mnist"`` or ``"paintings"``), or a ``.safetensors`` file that ``save_policy`` wrote.

    Raises:
        InvalidInputError: no such policy, or a file that is not a policy's.
    """
    path, options, weights = read_policy(name)
    network = StrokeNetwork(**options)
    own = {key.removeprefix(_NETWORK): weight for key, weight in weights.items() if key.startswith(_NETWORK)}
    load_weights(network, own, path)
    return network.eval().requires_grad_(False)


def read_policy(name: str | Path) -> tuple[Path, dict[str, Any], dict[str, Tensor]]:
    """A policy's file: its path, the options of its network, and its weights in float32.

    Raises:
        InvalidInputError: no such policy, or a file that is not a policy's.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        if str(name) not in shipped_policies():
            raise InvalidInputError(
                f"unknown policy {str(name)!r}; choose one of {shipped_policies()}, or give a .safetensors file"
            )
        path = _WEIGHTS_FOLDER / f"{name}.safetensors"
    if not path.is_file():
        raise InvalidInputError(f"policy file {path} does not exist; 'paintgym train-policy' writes one")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            options: dict[str, Any] = dict(json.loads((file.metadata() or {})["policy"]))
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        if not set(options) <= {"width", "hidden"}:
            raise ValueError(f"its network has the options {', '.join(options)}")
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _not_a_policy(path, error) from None
    return path, options, weights


def load_weights(module: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Put the weights of a file into a module.

    Raises:
        InvalidInputError: they are not the module's.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise _not_a_policy(path, error) from None


def _not_a_policy(path: Path, error: Exception) -> InvalidInputError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return InvalidInputError(f"{path} is not a policy file of this version ({reason})")
