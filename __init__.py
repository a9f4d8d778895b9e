"""paintgym: a Gymnasium environment where agents learn to paint with a real brush, differentiably.

Importing the package registers ``paintgym/Painting-v0``. The public names below are imported when they are first
used, so that ``import paintgym`` and the command line's ``--help`` do not wait for torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import envs as envs

if TYPE_CHECKING:
    from .agents.baselines.protocol import held_out_score, reference_scores
    from .agents.policy.sb3_policy import PaintingPolicy, load_policy
    from .agents.registry import load_agent
    from .agents.training.vec_env import PaintingVecEnv
    from .envs.core import PaintingCore
    from .envs.losses.perceptual import PerceptualLoss
    from .envs.losses.registry import make_loss
    from .envs.painting import PaintingEnv
    from .envs.state import PaintingState
    from .envs.targets.targets import load_targets
    from .envs.vector.arrays import PaintingVectorEnv
    from .painters.canvas import composite, paint_strokes, white_canvas
    from .painters.mypaint.brushes import brushes
    from .painters.mypaint.engine import MyPaintEngine
    from .painters.registry import load_painter

__version__ = "0.1.0"

__all__ = [
    "MyPaintEngine",
    "PaintingCore",
    "PaintingEnv",
    "PaintingPolicy",
    "PaintingState",
    "PaintingVecEnv",
    "PaintingVectorEnv",
    "PerceptualLoss",
    "brushes",
    "composite",
    "held_out_score",
    "load_agent",
    "load_painter",
    "load_policy",
    "load_targets",
    "make_loss",
    "paint_strokes",
    "reference_scores",
    "white_canvas",
]

_HOMES = {
    "MyPaintEngine": "painters.mypaint.engine",
    "PaintingCore": "envs.core",
    "PaintingEnv": "envs.painting",
    "PaintingPolicy": "agents.policy.sb3_policy",
    "PaintingState": "envs.state",
    "PaintingVecEnv": "agents.training.vec_env",
    "PaintingVectorEnv": "envs.vector.arrays",
    "PerceptualLoss": "envs.losses.perceptual",
    "brushes": "painters.mypaint.brushes",
    "composite": "painters.canvas",
    "held_out_score": "agents.baselines.protocol",
    "load_agent": "agents.registry",
    "load_painter": "painters.registry",
    "load_policy": "agents.policy.sb3_policy",
    "load_targets": "envs.targets.targets",
    "make_loss": "envs.losses.registry",
    "paint_strokes": "painters.canvas",
    "reference_scores": "agents.baselines.protocol",
    "white_canvas": "painters.canvas",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
