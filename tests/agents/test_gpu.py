"""What agents and baselines must keep on a GPU, where there is one: the paintings of the CPU, and learning at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paintgym.agents.baselines.config import ALGORITHMS
from paintgym.agents.baselines.run import RunPlan, train
from paintgym.agents.registry import load_agent

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that CUDA knows")

PICTURES = list(np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8).repeat(16, 1).repeat(16, 2))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("random", {}),
        ("greedy", {}),
        ("gradient", {"iterations": 8}),
        ("gradient", {"iterations": 4, "loss": "lite"}),
        ("policy", {}),
        ("policy", {"loss": "lite", "brush": "deevad/chalk"}),
        ("policy+refine", {"iterations": 4}),
    ],
)
def test_paintings_are_those_of_the_cpu(name: str, options: dict[str, Any]) -> None:
    near, far = (
        load_agent(name, device=device, **{"loss": "mse", **options}).paint_many(PICTURES, 6, seed=2)
        for device in ("cpu", "cuda")
    )
    for one, other in zip(near, far, strict=True):
        assert other.strokes.shape == one.strokes.shape
        # A choice between strokes that are as good may fall on either.
        assert other.loss == pytest.approx(one.loss, rel=0.05)


@pytest.mark.parametrize("name", ["policy", "gradient"])
def test_large_pictures_are_painted(name: str) -> None:
    options = {"iterations": 4} if name == "gradient" else {}
    picture = PICTURES[0].repeat(2, 0).repeat(2, 1)
    near, far = (load_agent(name, loss="mse", device=device, **options) for device in ("cpu", "cuda"))
    expected = near.paint(picture, 60, size=128, seed=0).loss
    assert far.paint(picture, 60, size=128, seed=0).loss == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_baselines_train_and_tell_the_card(algorithm: str, tmp_path: Path) -> None:
    plan = RunPlan("Shapes-v0", algorithm, 640, points=1, curve_episodes=4, episodes=4)
    document = train(plan, tmp_path, device="cuda")
    assert document["device"] == torch.cuda.get_device_name()
    assert np.isfinite(document["final"]["scores"]).all()
