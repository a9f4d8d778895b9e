"""The agents that have a policy: they paint whole budgets, refining improves on the policy, options are kept."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.small_policy import save_small_policy, smooth_picture
from paintgym.agents.config import RefineAgentConfig
from paintgym.agents.policy.config import PlannerConfig, RevisionConfig
from paintgym.agents.policy.registry import load_network
from paintgym.agents.progress import Progress
from paintgym.agents.refine_agent import RefineAgent
from paintgym.agents.registry import load_agent
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.painter import Painter
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
    assert refined.loss < 0.97 * start.loss


def test_refining_keeps_its_time_limit_and_its_options(policy_file: Path) -> None:
    agent = load_agent(
        "policy+refine", policy=policy_file, painter=ProxyPainter(), loss="mse", time_limit=0.2, iterations=1_000_000
    )
    assert agent.paint(smooth_picture(1), 6).strokes.shape == (6, 12)
    with pytest.raises(InvalidInputError, match="no option 'color'"):
        load_agent("policy+refine", color=1)


@pytest.mark.parametrize("options", [{"iterations": 1}, {"iterations": 6}, {"iterations": 100}])
def test_refined_strokes_are_never_worse_than_the_policys(policy_file: Path, options: dict[str, Any]) -> None:
    network = load_network(policy_file)
    policy = load_agent("policy", network=network, painter=ProxyPainter(), loss="mse")
    refine = load_agent("policy+refine", network=network, painter=ProxyPainter(), loss="mse", **options)
    for seed in range(3):
        assert refine.paint(smooth_picture(seed), 40).loss <= policy.paint(smooth_picture(seed), 40).loss + 1e-7


def test_with_few_iterations_all_strokes_are_refined_together(policy_file: Path) -> None:
    picture, losses = smooth_picture(3), []
    for joint in (80, 0):
        config = RefineAgentConfig(policy=policy_file, joint_iterations=joint, iterations=62)
        agent = RefineAgent(config, painter=ProxyPainter(), loss="mse")
        losses.append(agent.paint(picture, 60).loss)
    assert losses[0] < losses[1]


def test_without_time_the_policys_strokes_are_not_even_revised(policy_file: Path) -> None:
    hurried = load_agent("policy+refine", policy=policy_file, painter=ProxyPainter(), loss="mse", time_limit=1e-3)
    as_laid = PlannerConfig(revision=RevisionConfig(rounds=(0,), most_strokes=()))
    policy = load_agent("policy", policy=policy_file, painter=ProxyPainter(), loss="mse", planner=as_laid)
    picture = smooth_picture(2)
    assert hurried.paint(picture, 30).loss <= policy.paint(picture, 30).loss + 1e-7


def test_large_pictures_are_painted_where_the_host_asks_for_no_strokes(
    policy_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = []
    for asks in (None, False):  # A GPU is not asked how many dabs there are.
        monkeypatch.setattr(Painter, "asks", asks)
        agent = load_agent("policy", policy=policy_file, brush=["classic/dry_brush", "deevad/chalk"])
        losses.append(agent.paint(smooth_picture(2, 96), 12, size=96).loss)
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_the_command_paints_with_a_policy_file(policy_file: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "painting.png"
    arguments = ["--agent", "policy", "--policy", str(policy_file), "--strokes", "9", "--out", str(output)]
    assert main(["paint", *arguments]) == 0
    assert "policy painted still_life.jpg" in capsys.readouterr().out
    assert output.stat().st_size > 0


def test_a_seed_changes_nothing_for_a_policy(policy_file: Path) -> None:
    agent = load_agent("policy", policy=policy_file, painter=ProxyPainter())
    first, second = (agent.paint(smooth_picture(2), 12, seed=seed).strokes for seed in (0, 7))
    assert first.tobytes() == second.tobytes()


_PAINT_WITHOUT_TRAINING = """
import sys, numpy as np, paintgym
painting = paintgym.load_agent({name!r}, **{options!r}).paint(np.full((64, 64, 3), 90, np.uint8), 8)
assert len(painting.strokes) == 8
print(sorted(name for name in sys.modules if name.split(".")[0] in ("stable_baselines3", "tensorboard")))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random", "greedy", "gradient", "policy", "policy+refine"])
def test_painting_imports_nothing_that_only_training_needs(name: str) -> None:
    options = {"loss": "mse", **({"iterations": 2} if name in ("gradient", "policy+refine") else {})}
    script = _PAINT_WITHOUT_TRAINING.format(name=name, options=options)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loading_and_painting_allocate_no_rollout_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    from stable_baselines3.common.buffers import RolloutBuffer

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a rollout buffer was made")

    monkeypatch.setattr(RolloutBuffer, "__init__", refuse)
    assert len(load_agent("policy").paint(smooth_picture(3), 10).strokes) == 10
