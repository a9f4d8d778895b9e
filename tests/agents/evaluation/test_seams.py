"""The seam energy of paintings whose windows do not show, and of some whose do."""

import paintgym
import pytest
from paintgym.agents.evaluation.seams import seam_energy
from paintgym.envs.targets.targets import load_targets
from paintgym.painters.painter import Painter


@pytest.mark.slow
def test_seams_do_not_show_but_would_if_ink_ended_at_its_window(monkeypatch):
    agent = paintgym.load_agent("policy")
    target = load_targets("photographs", 256).picture(0)
    painting = agent.paint(target, 400, size=256)
    assert abs(seam_energy(painting.image, target, painting.stroke_list)) < 0.1
    monkeypatch.setattr(Painter, "margin", 0)
    cut = agent.paint(target, 400, size=256)
    assert seam_energy(cut.image, target, cut.stroke_list) > 0.2
