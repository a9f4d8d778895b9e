"""Runs of baselines: that they learn, end alike when interrupted, keep what they must, and refuse what does not fit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.far_device import FAR, far_device
from helpers.soft_painter import SoftPainter
from paintgym.agents.baselines import run as run_module
from paintgym.agents.baselines.cloning import _either_way
from paintgym.agents.baselines.config import (
    ALGORITHMS,
    AnalyticGradientConfig,
    AnalyticPPOConfig,
    ClonedPPOConfig,
    CloningConfig,
    NetworkConfig,
    PPOConfig,
    SACConfig,
)
from paintgym.agents.baselines.network import load_actor
from paintgym.agents.baselines.protocol import (
    acted_by,
    evaluate,
    hold_out,
    normalized_score,
    paint_flat,
    paint_nothing,
    references,
    score_only,
)
from paintgym.agents.baselines.run import ACTOR, POINTS, RESULT, RunPlan, train
from paintgym.agents.baselines.scoreboard import as_markdown, curve_plots, read_runs, summarize_runs
from paintgym.agents.baselines.statistics import bootstrap, interquartile_mean, performance_profile
from paintgym.envs.core import PaintingCore
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.tasks import find_task
from paintgym.errors import InvalidInputError
from paintgym.files import data_directory
from paintgym.painters.painter import Painter

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK = NetworkConfig(channels=(8, 8), hidden=16)
CLONING = CloningConfig(paintings=2, iterations=2, epochs=2, network=NETWORK)
SMALL: dict[str, Any] = {
    "ppo": PPOConfig(num_envs=8, epochs=1, network=NETWORK),
    "sac": SACConfig(num_envs=4, batch_size=16, warmup_steps=20, network=NETWORK),
    "analytic": AnalyticGradientConfig(num_envs=4, network=NETWORK),
    "cloning": CLONING,
    "cloning+ppo": ClonedPPOConfig(num_envs=8, epochs=1, network=NETWORK, cloning=CLONING),
    "analytic+ppo": AnalyticPPOConfig(
        num_envs=8,
        epochs=1,
        network=NETWORK,
        analytic=AnalyticGradientConfig(num_envs=4, network=NETWORK),
        analytic_steps=40,
    ),
}


def small_plan(algorithm: str, **settings: Any) -> RunPlan:
    arguments = {"steps": 80, "points": 2, "curve_episodes": 2, "episodes": 3, **settings}
    return RunPlan("Shapes-v0", algorithm, config=SMALL[algorithm], **arguments)


def test_cloned_strokes_begin_at_the_end_that_the_view_takes_for_the_first() -> None:
    core = PaintingCore(SoftPainter(), PixelLoss(), view="focus", stroke_budget=4)
    state = core.initial(torch.rand(1, 3, 64, 64))
    right = core.strokes(state, torch.zeros(1, 12))[0]
    right[:, [0, 11]] = torch.tensor([0.2, 0.9])
    left = right[:, [11, 1, 2, 3, 9, 10, 6, 7, 8, 4, 5, 0]]
    torch.testing.assert_close(_either_way(core, state, torch.cat([left, right])), torch.cat([right, right]))


def test_a_view_is_the_tasks_own_the_same_upright_or_the_canvas(tmp_path: Path) -> None:
    focus, upright, canvas = (small_plan("ppo", view=view) for view in ("focus", "upright", "canvas"))
    assert focus.arguments["view"] == {"name": "focus", "turn_reach": 0.25}
    assert upright.arguments["view"] == {"name": "focus", "turn_reach": 0.0}
    assert canvas.arguments["view"] == "canvas"
    folders = [plan.folder(tmp_path).relative_to(tmp_path).parts[1] for plan in (focus, upright, canvas)]
    assert folders == ["ppo", "ppo-upright", "ppo-canvas"]
    paintings = RunPlan("Paintings-v0", "ppo", 80, view="upright").arguments["view"]
    assert (paintings["find"], paintings["turn_reach"]) == ("residual", 0.0)


@pytest.mark.parametrize("algorithm", ["analytic", "cloning", "analytic+ppo", "sac"])
def test_runs_on_another_device_end_alike(algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Painter, "asks", False)  # on the CPU too dabs are not counted: sums are then rounded alike
    plan = small_plan(algorithm)
    with far_device():
        far = train(plan, tmp_path / "far", device=str(FAR))
    near = train(plan, tmp_path / "near")
    assert [point["steps"] for point in far["curve"]] == [point["steps"] for point in near["curve"]]
    if algorithm != "sac":  # the targets of its episodes are drawn by a hash there, and by a stream here
        assert far["final"]["scores"] == pytest.approx(near["final"]["scores"], abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_a_run_ends_with_a_curve_figures_and_an_actor_that_paints_the_same(algorithm: str, tmp_path: Path) -> None:
    plan = small_plan(algorithm)
    document = train(plan, tmp_path)
    folder = plan.folder(tmp_path)
    assert folder == tmp_path / "Shapes-v0" / algorithm / "seed-0"
    assert json.loads((folder / RESULT).read_text()) == document
    assert document["settings"]["algorithm"] == algorithm
    assert len(document["final"]["scores"]) == 3
    assert document["curve"][-1]["steps"] == document["environment_steps"]
    actor, description = load_actor(folder / ACTOR)
    assert (description["task"], description["view"]) == ("paintgym/Shapes-v0", find_task("Shapes-v0").learner["view"])
    again = evaluate(hold_out(find_task("Shapes-v0"), 3), acted_by(actor.act, plan.arguments))
    assert again["scores"] == document["final"]["scores"]
    assert train(plan, tmp_path) == document  # read, not trained again
    points = sorted(int(path.stem) for path in (folder / POINTS).iterdir())
    assert points == [point["steps"] for point in document["curve"] if point["steps"]]
    assert ("begun" in document) == (document["curve"][0]["steps"] == 0) == ("+ppo" in algorithm)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "analytic"])
def test_an_interrupted_run_ends_as_one_that_was_not(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = small_plan(algorithm)
    whole = train(plan, tmp_path / "whole")

    class Interruption(Exception):
        pass

    evaluations = 0

    def interrupted(*arguments: Any) -> float:
        nonlocal evaluations
        evaluations += 1
        if evaluations == 2:
            raise Interruption
        return score_only(*arguments)

    monkeypatch.setattr(run_module, "score_only", interrupted)
    with pytest.raises(Interruption):
        train(plan, tmp_path / "broken")
    monkeypatch.setattr(run_module, "score_only", score_only)
    resumed = train(plan, tmp_path / "broken")
    assert resumed["final"]["scores"] == whole["final"]["scores"]
    assert [point["score"] for point in resumed["curve"]] == [point["score"] for point in whole["curve"]]


def test_a_folder_with_another_run_is_refused(tmp_path: Path) -> None:
    plan = small_plan("analytic")
    train(plan, tmp_path)
    with pytest.raises(InvalidInputError, match="steps"):
        train(replace(plan, steps=90), tmp_path)
    assert (plan.folder(tmp_path) / RESULT).is_file()


def test_seeds_and_views_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = {
        small_plan("ppo", seed=seed, view=view).folder(tmp_path) for seed in (0, 1) for view in ("focus", "canvas")
    }
    assert len(folders) == 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"task": "Shapes-v9"}, "Shapes-v9.*Digits-v0"),
        ({"algorithm": "reinforce"}, "reinforce.*ppo, sac"),
        ({"steps": 0}, "steps"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_cannot_be_is_one_clear_error(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        RunPlan(**{"task": "Shapes-v0", "algorithm": "ppo", "steps": 10, **settings})


@pytest.mark.slow
def test_ppo_learns_to_paint_shapes_in_ten_thousand_steps(tmp_path: Path) -> None:
    document = train(RunPlan("Shapes-v0", "ppo", 10_000, points=1, curve_episodes=8), tmp_path)
    held_out = hold_out(find_task("Shapes-v0"), 100)
    flat = evaluate(held_out, paint_flat)["score"]
    assert document["final"]["targets"] == held_out.fingerprint
    assert document["final"]["score"] > max(flat, 0) + 0.3


@pytest.mark.slow
def test_held_out_targets_stay_what_they_are() -> None:
    held_out = hold_out(find_task("Shapes-v0"), 100)
    assert held_out.fingerprint == hold_out(find_task("Shapes-v0"), 100).fingerprint
    assert len(set(held_out.names)) == 100
    assert all("test" in name for name in held_out.names)
    assert evaluate(held_out, paint_nothing)["score"] == 0


@pytest.mark.slow
def test_the_references_were_painted_on_the_held_out_targets_of_today() -> None:
    known = references()
    assert "paintgym/Shapes-v0" in known
    for task_id, scores in known.items():
        task = find_task(task_id)
        if task.data and not (data_directory() / task.data).exists():
            continue
        held_out = hold_out(task, task.held_out)
        assert held_out.fingerprint == scores["targets"]
        assert evaluate(held_out, paint_flat)["score"] == pytest.approx(scores["flat"], abs=1e-4)
        assert scores["gradient"] > scores["policy"] > scores["flat"] > scores["random"]
        if task_id != "paintgym/LongPaintings-v0":  # where hill climbing would ask VGG19 for hours
            assert scores["policy"] > scores["greedy"] > scores["flat"]


def test_a_normalized_score_is_zero_at_the_best_of_the_floor_and_a_hundred_at_the_gradient_agent() -> None:
    scores = {"nothing": 0.0, "random": -0.5, "flat": 0.2, "gradient": 0.9}
    assert normalized_score(0.2, scores) == 0
    assert normalized_score(0.9, scores) == pytest.approx(100)
    assert normalized_score(0.55, scores) == pytest.approx(50)


def test_interquartile_means_leave_out_both_quarters_and_intervals_hold_them() -> None:
    assert interquartile_mean(np.array([0.0, 1, 1, 1, 1, 1, 1, 100])) == 1
    runs = np.random.default_rng(0).normal(0.8, 0.02, (5, 100))
    middle, low, high = bootstrap([runs])
    assert low < middle < high
    assert abs(middle - 0.8) < 0.01
    assert bootstrap([runs]) == (middle, low, high)
    assert bootstrap([runs[:1]])[1:] == (bootstrap([runs[:1]])[0],) * 2


def test_a_profile_falls_from_all_to_none() -> None:
    profile = performance_profile(np.array([[0.2, 0.4], [0.6, 0.8]]), np.array([0.0, 0.5, 0.9]))
    assert profile.tolist() == [1, 0.5, 0]


def test_a_scoreboard_sums_up_what_is_finished(tmp_path: Path) -> None:
    for seed in (0, 1):
        train(small_plan("analytic", seed=seed), tmp_path)
    runs = read_runs(tmp_path)
    document = summarize_runs(runs, {})
    (entry,) = document["entries"]
    assert (entry["task"], entry["algorithm"], entry["seeds"]) == ("paintgym/Shapes-v0", "analytic", [0, 1])
    assert "analytic" in as_markdown(document)
    assert [task for task, _ in curve_plots(document, "steps")] == ["paintgym/Shapes-v0"]


def test_runs_of_another_protocol_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="train-baseline"):
        read_runs(tmp_path)
    plan = small_plan("analytic")
    train(plan, tmp_path)
    path = plan.folder(tmp_path) / RESULT
    document = json.loads(path.read_text())
    document["settings"]["protocol"] = 0
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInputError, match="version 0"):
        read_runs(tmp_path)


def test_an_actor_is_weights_alone(tmp_path: Path) -> None:
    plan = small_plan("analytic")
    train(plan, tmp_path)
    path = plan.folder(tmp_path) / ACTOR
    actor, _ = load_actor(path)
    assert all(torch.isfinite(weight).all() for weight in actor.state_dict().values())
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidInputError, match=path.name):
        load_actor(path)
