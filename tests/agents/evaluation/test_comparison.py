"""Comparing agents and painters: fair, whole, judged by what the pictures are."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from paintgym.agents.evaluation.comparison import Comparison, Source, TrialRunner, choose_pictures
from paintgym.agents.evaluation.metrics import LossMeasure, load_measure, peak_signal_to_noise
from paintgym.agents.evaluation.trials import FORMAT, TrialFolder
from paintgym.agents.large.config import PlanConfig
from paintgym.agents.policy.config import PlannerConfig, ScheduleConfig
from paintgym.agents.registry import load_agent
from paintgym.agents.search.config import OptimizerConfig, ProposalConfig, RefineConfig, StackConfig
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError
from paintgym.painters.mypaint.engine import MyPaintEngine
from paintgym.parallel import work_through
from PIL import Image


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((64, 64)).save(folder / f"{index}.png")
    return folder


def make_comparison(pictures: Path, *, replay: bool, agents: tuple[str, ...] = ("random", "greedy")) -> Comparison:
    targets = load_targets(pictures)
    return Comparison(
        agents=[load_agent(name, loss="mse") for name in agents],
        sources={"here": Source(targets, choose_pictures(targets, 2), [2, 3])},
        measures=[LossMeasure(PixelLoss())],
        seed=4,
        replay=replay,
    )


def plain(value: int) -> NDArray[np.uint8]:
    return np.full((64, 64, 3), value, np.uint8)


def test_every_agent_paints_every_picture_with_every_budget_from_the_same_seed(pictures: Path) -> None:
    comparison = make_comparison(pictures, replay=False)
    targets = comparison.sources["here"].targets
    runner = TrialRunner(comparison)
    trials = [trial for task in comparison.tasks() for trial in runner([task])]
    names = [targets.name(0), targets.name(2)]
    assert [(trial.picture, trial.strokes, trial.agent) for trial in trials] == [
        (name, budget, agent) for name in names for budget in (2, 3) for agent in ("random", "greedy")
    ]
    for trial in trials:
        assert trial.figures["mse"] == pytest.approx(np.square(trial.image / 255.0 - trial.target / 255.0).mean())
    again = load_agent("random", loss="mse").paint(targets.picture(0), 2, seed=4)
    assert np.array_equal(trials[0].image, again.image)


def test_curves_lead_from_the_paper_to_the_finished_painting(pictures: Path) -> None:
    comparison = make_comparison(pictures, replay=False)
    (trial,) = TrialRunner(comparison)([comparison.tasks()[3]])
    assert trial.curve["strokes"] == [0, 1, 2, 3]
    assert trial.curve["mse"][0] == pytest.approx(np.square(1 - trial.target / 255.0).mean())
    assert trial.curve["mse"][-1] == trial.figures["mse"]
    seconds = [point[0] for point in trial.history]
    assert seconds == sorted(seconds)
    assert trial.history[-1] == (trial.figures["seconds"], pytest.approx(trial.figures["mse"], abs=1e-4))


def test_the_real_brush_paints_the_same_strokes_again_and_is_judged_too(pictures: Path, brush: None) -> None:
    comparison = make_comparison(pictures, replay=True)
    task = comparison.tasks()[1]
    (trial,) = TrialRunner(comparison)([task])
    strokes = comparison.agents[1].paint(task.target, task.strokes, seed=4).strokes
    replay = np.rint(MyPaintEngine().paint(strokes) * 255).astype(np.uint8)
    assert np.array_equal(trial.replay, replay)
    assert trial.figures["replay mse"] == pytest.approx(np.square(replay / 255.0 - task.target / 255.0).mean())
    gap = np.square(replay / 255.0 - trial.image / 255.0).mean()
    assert trial.figures["replay psnr"] == pytest.approx(-10 * np.log10(gap))


def test_pictures_painted_together_are_those_painted_one_by_one(pictures: Path) -> None:
    alone = make_comparison(pictures, replay=False)
    together = replace(alone, together=2)
    tasks = together.tasks()
    assert alone.groups(tasks) == [[number] for number in range(len(tasks))]
    groups = together.groups(tasks)
    assert groups == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert together.groups([tasks[0], tasks[3], tasks[4]]) == [[0, 2], [1]]
    assert alone.settings(1) != together.settings(1)
    for group in groups:
        for number, trial in zip(group, TrialRunner(together)([tasks[n] for n in group]), strict=True):
            (one,) = TrialRunner(alone)([tasks[number]])
            assert (trial.agent, trial.picture, trial.strokes) == (one.agent, one.picture, one.strokes)
            assert trial.figures["mse"] == pytest.approx(one.figures["mse"], rel=1e-3)
            assert trial.history == [(trial.figures["seconds"], pytest.approx(trial.figures["mse"], abs=1e-4))]
    with pytest.raises(InvalidInputError, match="together is 2, but gradient has a time limit"):
        replace(together, agents=[load_agent("gradient", loss="mse", time_limit=1.0)])


@pytest.mark.slow
def test_processes_side_by_side_paint_what_one_paints(pictures: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        comparison = make_comparison(pictures, replay=False, agents=("random",))
        tasks = [[task] for task in comparison.tasks()]
        alone, together = (dict(work_through(TrialRunner(comparison), tasks, workers)) for workers in (1, 2))
    finally:
        torch.set_num_threads(threads)
    assert sorted(together) == sorted(alone) == list(range(len(tasks)))
    for number in alone:
        (here,), (there,) = alone[number], together[number]
        assert np.array_equal(there.image, here.image)
        assert there.figures["mse"] == here.figures["mse"]


def test_settings_tell_weights_pictures_and_options_apart(pictures: Path) -> None:
    first = make_comparison(pictures, replay=False, agents=("gradient",))
    same = make_comparison(pictures, replay=False, agents=("gradient",))
    assert first.settings(1) == same.settings(1)
    other = load_agent("gradient", loss="mse", iterations=7)
    assert first.settings(1)["agents"] != replace(first, agents=[other]).settings(1)["agents"]
    Image.fromarray(plain(9)).save(pictures / "0.png")
    assert first.settings(1)["sources"] != make_comparison(pictures, replay=False).settings(1)["sources"]
    weights = next(iter(first.agents[0].painter.state_dict().values()))
    before = first.settings(1)["agents"]
    weights.view(-1)[0] += 1
    assert first.settings(1)["agents"] != before


def test_psnr_is_that_of_the_mean_squared_error_and_finite_for_equal_pictures() -> None:
    assert peak_signal_to_noise(plain(0), plain(255)) == 0
    assert peak_signal_to_noise(plain(100), plain(110)) == pytest.approx(20 * np.log10(25.5))
    assert peak_signal_to_noise(plain(7), plain(7)) == pytest.approx(58.92, abs=0.01)


def test_ssim_is_1_for_equal_pictures_and_falls_with_noise() -> None:
    pytest.importorskip("skimage")
    target = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    noise = np.random.default_rng(1).integers(-60, 60, target.shape)
    noisy = [np.clip(target + part * noise, 0, 255).astype(np.uint8) for part in (0.0, 0.3, 1.0)]
    same, near, far = load_measure("ssim")(np.stack(noisy), target)
    assert same == pytest.approx(1)
    assert 1 > near > far > 0


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="beauty"):
        load_measure("beauty")


def test_without_straight_through_strokes_move_by_the_painters_own_gradient() -> None:
    target = np.random.default_rng(5).integers(0, 256, (64, 64, 3), np.uint8)
    proxys, own = (
        load_agent("gradient", loss="mse", iterations=3, straight_through=chosen).paint(target, 2)
        for chosen in (True, False)
    )
    assert not np.array_equal(proxys.strokes, own.strokes)


PLANNERS: dict[str, dict[str, Any]] = {
    "planner.top_k": {"planner": PlannerConfig(top_k=3)},
    "planner.anchors": {"planner": PlannerConfig(anchors=5)},
    "planner.tie_noise": {"planner": PlannerConfig(tie_noise=0.01)},
    "planner.refine.steps": {"planner": PlannerConfig(refine=RefineConfig(steps=5))},
    "planner.schedule.budget_factor": {"planner": PlannerConfig(schedule=ScheduleConfig(budget_factor=2.0))},
    "plan.level_ratio": {"plan": PlanConfig(level_ratio=3.0)},
    "plan.strokes_exponent": {"plan": PlanConfig(strokes_exponent=0.5)},
    "plan.windows_per_stroke": {"plan": PlanConfig(windows_per_stroke=1.0)},
    "plan.window_distance": {"plan": PlanConfig(window_distance=1.0)},
}


@pytest.mark.parametrize("field", PLANNERS)
def test_a_comparison_is_not_resumed_with_another_planner_and_says_what_differs(
    field: str, pictures: Path, tmp_path: Path
) -> None:
    first = make_comparison(pictures, replay=False, agents=("policy",))
    other = replace(first, agents=[load_agent("policy", loss="mse", **PLANNERS[field])])
    TrialFolder(tmp_path / "runs", first.settings(1))
    TrialFolder(tmp_path / "runs", make_comparison(pictures, replay=False, agents=("policy",)).settings(1))
    with pytest.raises(InvalidInputError, match=rf"{re.escape(field)} is .* there and .* now") as refused:
        TrialFolder(tmp_path / "runs", other.settings(1))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("agent", "options", "field"),
    [
        ("greedy", {"trials": 7}, "trials"),
        ("greedy", {"proposals": ProposalConfig(bend=0.1)}, "proposals.bend"),
        ("gradient", {"optimizer": OptimizerConfig(color_ridge=1e-4)}, "optimizer.color_ridge"),
        ("gradient", {"optimizer": OptimizerConfig(stack=StackConfig(margin=0.01))}, "optimizer.stack.margin"),
        ("random", {"plan": PlanConfig(level_ratio=4.0)}, "plan.level_ratio"),
    ],
)
def test_every_setting_of_every_agent_stands_in_a_comparison(
    agent: str, options: dict[str, Any], field: str, pictures: Path, tmp_path: Path
) -> None:
    first = make_comparison(pictures, replay=False, agents=(agent,))
    TrialFolder(tmp_path / "runs", first.settings(1))
    other = replace(first, agents=[load_agent(agent, loss="mse", **options)])
    with pytest.raises(InvalidInputError, match=re.escape(field)):
        TrialFolder(tmp_path / "runs", other.settings(1))


def test_a_comparison_of_an_earlier_version_is_refused_in_one_clear_line(pictures: Path, tmp_path: Path) -> None:
    settings = make_comparison(pictures, replay=False).settings(1)
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"format": FORMAT["format"], "version": 1, "settings": settings}))
    with pytest.raises(InvalidInputError, match="a comparison of version 1, expected version 2; name a new folder"):
        TrialFolder(folder, settings)


def test_agents_tell_their_weights_apart(tmp_path: Path) -> None:
    policies = [load_agent("policy", loss="mse", policy=name) for name in ("paintings", "mnist", "paintings")]
    first, other, same = (agent.fingerprint() for agent in policies)
    assert first == same != other
    painters = {load_agent("random", loss="mse", painter=name).fingerprint() for name in ("gan", "vae", "gan-deconv")}
    assert len(painters) == 3
