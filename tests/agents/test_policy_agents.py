"""The agents that have a policy: they paint whole budgets, refining improves on the policy, options are kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.small_policy import save_small_policy, smooth_picture
from paintgym.agents.agent import Progress
from paintgym.agents.policy.registry import load_network
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.stroke import check_strokes
from paintgym.scripts.main import main

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_policy(tmp_path_factory.mktemp("policy") / "small.safetensors")


def test_agents_paint_the_whole_budget_and_report_it(policy_file: Path) -> None:
    network = load_network(policy_file)
    for name, options in (("policy", {}), ("policy+refine", {"iterations": 3})):
        reports: list[Progress] = []
        agent = load_agent(name, network=network, painter=ProxyPainter(), loss="mse", **options)
        painting = agent.paint(smooth_picture(5), 21, progress=reports.append)
        assert painting.agent == name
        assert painting.strokes.shape == (21, 12)
        check_strokes(painting.strokes)
        assert (reports[-1].strokes, reports[-1].fraction) == (21, 1.0)
        np.testing.assert_array_equal(agent.paint(smooth_picture(5), 21).strokes, painting.strokes)


def test_refining_improves_on_the_policys_strokes(policy_file: Path) -> None:
    network = load_network(policy_file)
    start, refined = (
        load_agent(name, network=network, painter=ProxyPainter(), loss="mse", **options).paint(smooth_picture(7), 12)
        for name, options in (("policy", {}), ("policy+refine", {"iterations": 30}))
    )
    assert refined.loss < 0.8 * start.loss


def test_refining_keeps_its_time_limit_and_its_options(policy_file: Path) -> None:
    agent = load_agent(
        "policy+refine", policy=policy_file, painter=ProxyPainter(), loss="mse", time_limit=0.2, iterations=1_000_000
    )
    assert agent.paint(smooth_picture(1), 6).strokes.shape == (6, 12)
    with pytest.raises(InvalidInputError, match="no option 'color'"):
        load_agent("policy+refine", color=1)


def test_the_command_paints_with_a_policy_file(policy_file: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "painting.png"
    arguments = ["--agent", "policy", "--policy", str(policy_file), "--strokes", "9", "--out", str(output)]
    assert main(["paint", *arguments]) == 0
    assert "policy painted still_life.jpg" in capsys.readouterr().out
    assert output.stat().st_size > 0
