"""How well two losses agree: by rank, and with themselves best."""

import numpy as np
import pytest
from paintgym.agents.lite.agreement import measure_agreement, spearman
from paintgym.agents.registry import load_agent
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.losses.perceptual import PerceptualLoss
from paintgym.envs.targets.targets import load_targets


def test_spearman_sees_order_alone():
    values = np.array([0.1, 0.5, 0.2, 0.9])
    assert spearman(values, values**3) == pytest.approx(1)
    assert spearman(values, -values) == pytest.approx(-1)


def test_a_loss_agrees_with_itself_and_less_with_another():
    target = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    targets, agents = load_targets([target], 64), [load_agent("random")]
    same = measure_agreement(PixelLoss(), PixelLoss(), targets, agents, stroke_budget=20, canvases=8)
    other = measure_agreement(PixelLoss(), PerceptualLoss("lite"), targets, agents, stroke_budget=20, canvases=8)
    assert same.within == same.across == pytest.approx(1)
    assert other.across < same.across
