"""What agents and baselines must keep on a GPU, where there is one: the paintings of the CPU, and learning at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.waves import waves
from paintgym.agents.baselines.config import ALGORITHMS
from paintgym.agents.baselines.run import RunPlan, train
from paintgym.agents.outputs.painting import Painting
from paintgym.agents.policy.config import PlannerConfig, RevisionConfig
from paintgym.agents.registry import load_agent

SMALL, LARGE = [waves(seed) for seed in range(8)], [waves(seed, 128) for seed in range(4)]
ONE_ROUND = PlannerConfig(revision=RevisionConfig(perceptual_rounds=1))
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that CUDA knows")


# Where strokes are as good, rounding chooses. On a CPU, with all weights times 1 + 1e-6 of normal noise, mean losses of
# a dozen draws were as much as half of each of these parts apart; those of one picture up to 27 %.
@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("random", {}, 1e-4),
        ("greedy", {}, 1e-3),
        ("gradient", {"iterations": 8}, 0.01),
        ("gradient", {"iterations": 4, "loss": "lite"}, 0.01),
        ("policy", {}, 0.025),
        # More rounds of a perceptual loss are led astray by rounding: 9 % instead of 4.
        ("policy", {"loss": "lite", "brush": "deevad/chalk", "planner": ONE_ROUND}, 0.09),
        ("policy+refine", {"iterations": 4}, 0.035),
    ],
)
def test_paintings_are_those_of_the_cpu(name: str, options: dict[str, Any], tolerance: float) -> None:
    near, far = (
        load_agent(name, device=device, **{"loss": "mse", **options}).paint_many(SMALL, 6, seed=2)
        for device in ("cpu", "cuda")
    )
    assert [painting.strokes.shape for painting in far] == [painting.strokes.shape for painting in near]
    assert mean_loss(far) == pytest.approx(mean_loss(near), rel=tolerance)


@pytest.mark.parametrize(
    ("name", "options", "tolerance"), [("policy", {}, 0.05), ("gradient", {"iterations": 4}, 0.08)]
)
def test_large_pictures_are_painted(name: str, options: dict[str, Any], tolerance: float) -> None:
    near, far = (
        load_agent(name, loss="mse", device=device, **options).paint_many(LARGE, 60, size=128)
        for device in ("cpu", "cuda")
    )
    assert mean_loss(far) == pytest.approx(mean_loss(near), rel=tolerance)


def mean_loss(paintings: Sequence[Painting]) -> float:
    return float(np.mean([painting.loss for painting in paintings]))


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_baselines_train_and_tell_the_card(algorithm: str, tmp_path: Path) -> None:
    plan = RunPlan("Shapes-v0", algorithm, 640, points=1, curve_episodes=4, episodes=4)
    document = train(plan, tmp_path, device="cuda")
    assert document["device"] == torch.cuda.get_device_name()
    assert np.isfinite(document["final"]["scores"]).all()
