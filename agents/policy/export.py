"""Policies for other programs: as a stable-baselines3 zip, and as ONNX. What paintgym itself loads is safetensors."""

import logging
import warnings
from pathlib import Path

import torch
from stable_baselines3 import PPO
from torch import Tensor, nn

from ...files import write_whole
from .export_forms import check_export
from .sb3_policy import PaintingPolicy


class _Actions(nn.Module):
    """Observations as the environment gives them to deterministic actions: what an ONNX file holds."""

    def __init__(self, policy: PaintingPolicy) -> None:
        super().__init__()
        self._features = policy.features_extractor

    def forward(self, observation: Tensor) -> Tensor:
        features: Tensor = self._features(observation.float() / 255)
        return features[:, :-1].clamp(-1, 1)


def export_policy(model: PPO, path: str | Path) -> None:
    """Write a policy in the form its suffix names; the file appears whole or not at all.

    ``.zip`` is what ``PPO.load`` of stable-baselines3 opens wherever paintgym is installed. ``.onnx`` maps
    ``observation`` (1, 7, 64, 64) uint8 to ``action`` (1, 12 * strokes_per_step) float32 in [-1, 1].

    Args:
        model: from ``load_policy``; its action is what the export gives.
        path: file in an existing folder.

    Raises:
        InvalidInputError: unknown suffix, or a file that cannot be written.
        MissingLibraryError: the suffix is ``.onnx``, and ONNX is not installed.
    """
    check_export(path)
    with write_whole(path) as temporary:
        if temporary.suffix.lower() == ".zip":
            with temporary.open("wb") as file:
                model.save(file)
        else:
            _write_onnx(model, temporary)


def _write_onnx(model: PPO, path: Path) -> None:
    policy = model.policy
    assert isinstance(policy, PaintingPolicy)
    observation = torch.zeros(1, *policy.observation_space.shape, dtype=torch.uint8)  # type: ignore[misc]
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # Of torch's own deprecations, which nobody here can mend.
            torch.onnx.export(
                _Actions(policy).eval(),
                (observation,),
                path,
                input_names=["observation"],
                output_names=["action"],
                external_data=False,
                verbose=False,
            )
    finally:
        exporter.setLevel(level)
