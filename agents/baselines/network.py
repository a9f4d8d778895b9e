"""The plain network of the baselines, and its files; and environments as stable-baselines3 takes them for it."""

import json
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from ...errors import InvalidInputError
from ...files import write_whole
from ..training.vec_env import PaintingVecEnv
from .config import NetworkConfig


def fuse(device: torch.device) -> dict[str, Any]:
    """Settings of Adam: one kernel on a CPU, which saves a tenth of an update of PPO or SAC."""
    return {"fused": True if device.type == "cpu" else None}


def make_adapter(env: Any, autoreset: bool = True) -> PaintingVecEnv:
    """A vector environment as stable-baselines3 wants it, without the warning for networks that want large pictures."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*CnnPolicy")
        return PaintingVecEnv(env, autoreset)


class PlainFeatures(BaseFeaturesExtractor):
    """Convolutions of stride 2 and a layer: observations (B, C, h, w) in [0, 1] to features (B, hidden)."""

    def __init__(self, observation_space: gymnasium.Space[Any], config: NetworkConfig = NetworkConfig()) -> None:  # noqa: B008 (frozen)
        super().__init__(observation_space, config.hidden)
        assert observation_space.shape is not None
        inputs, height, width = observation_space.shape
        layers: list[nn.Module] = []
        for outputs in config.channels:
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.ReLU()]
            inputs, height, width = outputs, -(-height // 2), -(-width // 2)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * height * width, config.hidden), nn.ReLU())

    def forward(self, observation: Tensor) -> Tensor:
        """Features (B, hidden) of observations (B, C, h, w) in [0, 1]."""
        # On CPUs an update of PPO takes an eighth less time with the channels last.
        features: Tensor = self.layers(observation.contiguous(memory_format=torch.channels_last))
        return features


class Actor(nn.Module):
    """What a baseline leaves behind: observations to mean actions.

    Args:
        observation_space: (C, h, w) uint8.
        length: numbers of an action.
        config: the network's.
        squash: whether actions are hyperbolic tangents, as SAC's are, rather than cut at -1 and 1.
    """

    def __init__(
        self, observation_space: gymnasium.Space[Any], length: int, config: NetworkConfig, squash: bool = False
    ) -> None:
        super().__init__()
        self.features = PlainFeatures(observation_space, config)
        self.mean = nn.Linear(config.hidden, length)
        nn.init.orthogonal_(self.mean.weight, 0.01)
        nn.init.zeros_(self.mean.bias)
        self.squash = squash
        self.observation_shape = observation_space.shape

    def forward(self, observation: Tensor) -> Tensor:
        """Mean actions (B, length) of observations (B, C, h, w) in [0, 1]; gradients flow."""
        mean: Tensor = self.mean(self.features(observation))
        return torch.tanh(mean) if self.squash else mean

    @torch.no_grad()
    def act(self, observation: Tensor) -> Tensor:
        """Actions (B, length) in [-1, 1] for observations (B, C, h, w) uint8."""
        action: Tensor = self(observation.float() / 255).clamp(-1, 1)
        return action


def save_actor(actor: Actor, path: Path, description: dict[str, Any]) -> None:
    """Write an actor's weights and what it was trained for, whole or not at all.

    Args:
        actor: what to save.
        path: a ``.safetensors`` path.
        description: JSON with ``task``, ``view``, ``reward``, ``network`` and ``squash``.
    """
    weights = {name: weight.detach().contiguous() for name, weight in actor.state_dict().items()}
    with write_whole(path) as temporary:
        written = json.dumps({**description, "observation": actor.observation_shape})
        temporary.write_bytes(save(weights, {"actor": written}))


def load_actor(path: str | Path) -> tuple[Actor, dict[str, Any]]:
    """An actor and what it was trained for, from a file that ``save_actor`` wrote; nothing is unpickled.

    Raises:
        InvalidInputError: no such file, or not an actor's.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInputError(f"{path} does not exist; 'paintgym train-baseline' writes such files")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            description: dict[str, Any] = json.loads((file.metadata() or {})["actor"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = description["network"]
        config = NetworkConfig(tuple(network["channels"]), network["hidden"])
        space = gymnasium.spaces.Box(0, 255, tuple(description["observation"]), np.uint8)
        actor = Actor(space, weights["mean.bias"].shape[0], config, bool(description["squash"]))
        actor.load_state_dict(weights)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidInputError(f"{path} is not a baseline's file of this version ({reason})") from None
    return actor.eval().requires_grad_(False), description
