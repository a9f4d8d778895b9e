"""A policy that is small and quick, saved as a file: untrained, for tests of what surrounds policies."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from paintgym.agents.policy.sb3_policy import build_policy, save_policy
from PIL import Image

SMALL = {"width": 8, "hidden": 16}


def save_small_policy(path: Path) -> Path:
    torch.manual_seed(1)
    save_policy(build_policy(**SMALL).policy, path, SMALL, {"target": "nothing"})
    return path


def smooth_picture(seed: int, size: int = 64) -> NDArray[np.uint8]:
    """Colored clouds: without ties between pixels, and with something to paint everywhere."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))


def half_painted(seed: int, strokes_left: int = 60) -> NDArray[np.uint8]:
    """An observation (7, 64, 64) uint8 of one smooth picture on the way to another."""
    canvas, target = smooth_picture(seed), smooth_picture(seed + 1000)
    budget = np.full((64, 64, 1), round(30 * np.log1p(strokes_left)), np.uint8)
    return np.concatenate([canvas, target, budget], 2).transpose(2, 0, 1).copy()
