"""Trained policies by name: their files, and their networks without stable-baselines3."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ...painters.device import find_device
from ...painters.modes import plain_torch
from .names import POLICY_FILES, find_policy
from .network import StrokeNetwork

_NETWORK = "network."
"""Prefix of the network's weights in a file; the others are the value function's."""


@plain_torch()
def load_network(name: str | Path = "paintings", device: str | torch.device = "cpu") -> StrokeNetwork:
    """The network of a trained policy, frozen; nothing is unpickled.

    Args:
        name: a shipped policy (``"mnist"`` or ``"paintings"``), or a ``.safetensors`` file that ``save_policy`` wrote.
        device: where its weights go.

    Raises:
        InvalidInputError: no such policy, a file that is not a policy's, or a device that torch cannot use here.
    """
    device = find_device(device)
    path, options, weights = read_policy(name)
    network = StrokeNetwork(**options)
    own = {key.removeprefix(_NETWORK): weight for key, weight in weights.items() if key.startswith(_NETWORK)}
    load_weights(network, own, path)
    return network.to(device).eval().requires_grad_(False)


def read_policy(name: str | Path) -> tuple[Path, dict[str, Any], dict[str, Tensor]]:
    """A policy's file: its path, the options of its network, and its weights in float32.

    Raises:
        InvalidInputError: no such policy, or a file that is not a policy's.
    """
    path, options = find_policy(name)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, RuntimeError) as error:
        raise POLICY_FILES.refusal(path, error) from None
    return path, options, weights


def load_weights(module: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Put the weights of a file into a module.

    Raises:
        InvalidInputError: they are not the module's.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise POLICY_FILES.refusal(path, error) from None
