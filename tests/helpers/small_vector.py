"""A small painting environment for the tests: a disc for a painter, a loss that pools, and five pictures."""

from typing import Any

import gymnasium
import numpy as np
import torch
from paintgym.envs.losses.loss import Loss
from paintgym.envs.vector.arrays import PaintingVectorEnv
from paintgym.envs.vector.tensors import TensorVectorEnv
from torch import Tensor
from torch.nn import functional

ID = "paintgym/Painting-v0"
PICTURES = list(np.random.default_rng(0).integers(0, 256, (5, 24, 24, 3), dtype=np.uint8))
MODES = ["NextStep", "SameStep", "Disabled"]


def disc_painter(strokes: Tensor) -> Tensor:
    """A soft disc at the stroke's end point, of 16 pixels a side: small, and computed for each stroke alone."""
    ruler = (torch.arange(16) + 0.5) / 16
    x, y = strokes[:, 4, None, None], strokes[:, 5, None, None]
    distance = (ruler - x) ** 2 + (ruler[:, None] - y) ** 2
    return ((0.02 + 0.1 * strokes[:, 1, None, None] - distance) * 20 + 0.5).clamp(0, 1)[:, None]


class PooledLoss(Loss):
    """Compares pooled pictures: its features are, unlike PixelLoss's, no view of the targets."""

    name = "pooled"

    def features(self, target: Tensor) -> tuple[Tensor, ...]:
        return (functional.avg_pool2d(target, 4), target.mean((1, 2, 3)))

    def forward(self, canvas: Tensor, target_features: tuple[Tensor, ...]) -> Tensor:
        pooled, mean = target_features
        return (functional.avg_pool2d(canvas, 4) - pooled).square().mean((1, 2, 3)) + mean


def settings_of(**options: Any) -> dict[str, Any]:
    defaults = {"target": PICTURES, "painter": disc_painter, "perceptual": PooledLoss(), "stroke_budget": 3, "size": 16}
    return {**defaults, **options}


def make(num_envs: int = 3, mode: str = "NextStep", **options: Any) -> PaintingVectorEnv:
    env = gymnasium.make_vec(ID, num_envs=num_envs, autoreset_mode=mode, **settings_of(**options))
    assert type(env) is PaintingVectorEnv
    return env


def make_tensors(num_envs: int = 3, mode: str = "NextStep", **options: Any) -> TensorVectorEnv:
    env = gymnasium.make_vec(
        ID, num_envs=num_envs, autoreset_mode=mode, output="torch", **settings_of(**{"reward": "relative", **options})
    )
    assert type(env) is TensorVectorEnv
    return env


def resets(mask: list[bool]) -> dict[str, Any]:
    return {"reset_mask": np.array(mask)}
