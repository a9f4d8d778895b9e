"""Training policies by the command: it learns, resumes exactly, leaves a card, and refuses what cannot work."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.small_policy import SMALL, smooth_picture
from paintgym.agents.policy.config import PlannerConfig, RevisionConfig
from paintgym.agents.policy.network import StrokeNetwork
from paintgym.agents.policy.planner import Planner
from paintgym.agents.policy.registry import load_network
from paintgym.agents.training.config import AnalyticConfig, AugmentationConfig, PolicyTrainingConfig
from paintgym.agents.training.data import find_data
from paintgym.agents.training.evaluation import evaluate
from paintgym.agents.training.trainer import PolicyTrainer
from paintgym.envs.losses.loss import PixelLoss
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.scripts.main import main
from PIL import Image

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(6):
        Image.fromarray(smooth_picture(number, 80)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def config(pictures: Path, tmp_path: Path) -> PolicyTrainingConfig:
    """Moments of both stages."""
    return PolicyTrainingConfig(
        target=str(pictures),
        method="analytic+ppo",
        out=tmp_path,
        analytic_steps=6,
        evaluate_every=3,
        ppo_steps=24,
        ppo_strokes=4,
        ppo_environments=3,
        ppo_batch_size=6,
        ppo_epochs=2,
        ppo_evaluate_every=1,
        held_out=1,
        strokes=(2,),
        **SMALL,
    )


def run_all(config: PolicyTrainingConfig) -> None:
    trainer = PolicyTrainer(config)
    trainer.resume()
    for stage in config.stages:
        trainer.train(stage)
    trainer.finish()


class Kill(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "at"), [("analytic", 5), ("ppo", 19)])
def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    config: PolicyTrainingConfig, tmp_path: Path, stage: str, at: int
) -> None:
    whole, broken = (dataclasses.replace(config, out=tmp_path / name) for name in ("whole", "broken"))
    for each in (whole, broken):
        each.folder.mkdir()
    run_all(whole)

    def kill(done: int, _: float) -> None:
        if done >= at:
            raise Kill

    trainer = PolicyTrainer(broken)
    if stage == "ppo":
        trainer.train("analytic")
    with pytest.raises(Kill):
        trainer.train(stage, kill)
    torch.randn(7)  # Another process has drawn other random numbers.
    run_all(broken)
    weights = [(each.folder / "policy.safetensors").read_bytes() for each in (whole, broken)]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_the_command_leaves_a_policy_with_a_card_and_tensorboard_logs(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    options = "--method analytic+ppo --analytic-steps 20 --evaluate-every 20 --held-out 1 --strokes 2 3 --width 8"
    options += " --hidden 16 --ppo-steps 8 --ppo-strokes 4 --ppo-environments 2 --ppo-batch-size 4"
    assert main(["train-policy", "--target", str(pictures), "--out", str(tmp_path), *options.split()]) == 0
    assert "policy.safetensors" in capsys.readouterr().out
    card = json.loads((tmp_path / "policy.json").read_text())
    assert card["steps"] == {"analytic": 20, "ppo": 8}
    assert set(card["held_out"]) == {"mse_2", "lite_2", "mse_3", "lite_3"}
    assert card["configuration"]["width"] == 8
    assert load_network(tmp_path / "policy.safetensors").shape.weight.shape[1] == 16
    torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    tags: dict[str, set[str]] = {}
    for stage in ("analytic", "ppo"):
        events = EventAccumulator(str(tmp_path / "tensorboard" / stage))
        events.Reload()
        tags[stage] = set(events.Tags()["scalars"]) | set(events.Tags()["images"])
        assert {"eval/mse_2", "eval/lite_3", "paint/canvases", "paint/timelapse"} <= tags[stage]
    assert {"train/regret", "train/learning_rate", "rollout/error_ratio"} <= tags["analytic"]
    assert {"train/loss", "train/learning_rate", "rollout/ep_rew_mean"} <= tags["ppo"]


@pytest.mark.slow
def test_a_policy_trained_for_a_moment_paints_better_than_an_untrained_one(pictures: Path, tmp_path: Path) -> None:
    options = "--analytic-steps 40 --evaluate-every 40 --held-out 1 --strokes 5"
    options += " --width 16 --hidden 32 --learning-rate 1e-2"
    assert main(["train-policy", "--target", str(pictures), "--out", str(tmp_path), *options.split()]) == 0
    unseen = find_data(PolicyTrainingConfig(target=str(pictures))).last
    torch.manual_seed(0)
    untrained = StrokeNetwork(16, 32)
    trained = load_network(tmp_path / "policy.safetensors")
    # Revision would make much of an untrained policy's strokes too.
    as_laid = PlannerConfig(revision=RevisionConfig(rounds=(0,), most_strokes=()))
    before, after = (
        evaluate(Planner(network, as_laid), unseen, ProxyPainter(), [PixelLoss()], [12])["mse_12"]
        for network in (untrained, trained)
    )
    assert after < 0.6 * before


def test_training_goes_on_from_a_policy(config: PolicyTrainingConfig, tmp_path: Path) -> None:
    run_all(dataclasses.replace(config, method="ppo", ppo_steps=1))
    start = tmp_path / "policy.safetensors"
    later = PolicyTrainer(dataclasses.replace(config, init=start, width=64, hidden=256))
    for name, weight in load_network(start).state_dict().items():
        assert torch.equal(weight, later.network.state_dict()[name])


def test_every_eighth_picture_of_a_folder_is_held_out(pictures: Path) -> None:
    data = find_data(PolicyTrainingConfig(target=str(pictures)))
    assert len(data.held_out) == 1
    assert data.sampler._numbers == [1, 2, 3, 4, 5]


def test_another_configuration_is_not_resumed_nor_a_damaged_checkpoint(
    config: PolicyTrainingConfig, tmp_path: Path
) -> None:
    PolicyTrainer(config).save_checkpoint()
    assert PolicyTrainer(dataclasses.replace(config, minutes=1.0)).resume()
    with pytest.raises(InvalidInputError, match="other settings"):
        PolicyTrainer(dataclasses.replace(config, seed=1)).resume()
    (tmp_path / "checkpoint.pt").write_bytes(b"damage")
    with pytest.raises(InvalidInputError, match="damaged"):
        PolicyTrainer(config).resume()


@pytest.mark.parametrize(
    "change",
    [
        {"analytic_steps": 0, "method": "analytic"},
        {"ppo_steps": -1},
        {"ppo_strokes": 97},
        {"ppo_batch_size": 1},
        {"learning_rate": 0.0},
        {"minutes": float("nan")},
        {"strokes": (0,)},
        {"perceptual": "beauty"},
        {"painter": "vermeer"},
        {"init": Path("missing.safetensors")},
        {"target": "nowhere"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(change: dict[str, object], config: PolicyTrainingConfig) -> None:
    with pytest.raises(InvalidInputError):
        PolicyTrainer(dataclasses.replace(config, **change))


def test_a_folder_of_one_picture_is_refused(tmp_path: Path) -> None:
    Image.fromarray(smooth_picture(0)).save(tmp_path / "only.png")
    with pytest.raises(InvalidInputError, match="two or more"):
        find_data(PolicyTrainingConfig(target=str(tmp_path)))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: AnalyticConfig(batch_strokes=8), "batch_strokes is 8, expected a whole number from 16 to 96"),
        (lambda: AnalyticConfig(batch_strokes=97), "batch_strokes is 97"),
        (lambda: AnalyticConfig(schedule=(5,)), "schedule is 5, expected a whole number from 0 to 4"),
        (lambda: AnalyticConfig(buffers=()), "at least one number each"),
        (lambda: AnalyticConfig(regret_floor=0.0), "regret_floor is 0.0, expected a number above 0"),
        (lambda: AugmentationConfig(mirrored=2.0), "mirrored is 2.0, expected a finite number from 0 to 1"),
        (lambda: PlannerConfig(top_k=9), "top_k is 9, expected a whole number from 1 to 8"),
        (lambda: PlannerConfig(trial_side=24), "trial_side is 24"),
    ],
)
def test_settings_that_cannot_work_are_found_before_anything_is_trained(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        make()
