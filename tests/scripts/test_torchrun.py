"""Several processes train as one: the same curve, one line where one is lost, and the same weights after that."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.small_policy import smooth_picture
from helpers.together import Rank, run_torchrun, start_together, told, wait_for
from paintgym.agents.baselines.run import RunPlan
from paintgym.agents.training.config import PolicyTrainingConfig
from paintgym.agents.training.trainer import PolicyTrainer
from paintgym.errors import InvalidInputError
from paintgym.processes import Processes
from paintgym.scripts.main import main
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

POLICY = (
    "--analytic-steps 40 --evaluate-every 20 --held-out 1 --strokes 2 --width 8 --hidden 16 --learning-rate 1e-2 "
    "--analytic.buffer-size 16 --analytic.batch-strokes 16"
)
PAINTER = "--strokes 64 --held-out 32 --pretraining-steps 24 --adversarial-steps 16 --evaluate-every 4"
TOLERANCE = {
    # Relative, of what is logged. Sums are taken in another order, no more; but the critic compares what is nearly the
    # same, and its optimizer divides by how little that is. Its opinion, loss/generator, is left out: the gradient of
    # its last bias is nothing but rounding, as real and neural strokes pull it to either side alike.
    "train/regret": 1e-3,
    "rollout/error_ratio": 1e-3,
    "eval/mse_2": 1e-3,
    "loss/pixel": 1e-3,
    "loss/critic": 1e-2,
    "held_out/psnr": 1e-3,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    (folder / "pictures").mkdir()
    for number in range(6):
        Image.fromarray(smooth_picture(number, 80)).save(folder / "pictures" / f"{number}.png")
    return folder


def policy_words(folder: Path, out: str, more: str = "") -> list[str]:
    return ["train-policy", "--target", f"{folder}/pictures", "--out", f"{folder}/{out}", *f"{POLICY} {more}".split()]


def painter_words(folder: Path, out: str, more: str = "--batch-size 8") -> list[str]:
    return ["train-painter", "gan", "--out", f"{folder}/{out}", *PAINTER.split(), *more.split()]


@pytest.fixture(scope="module")
def policy(folder: Path) -> Path:
    """What two processes under torchrun made of a policy."""
    ended = run_torchrun(policy_words(folder, "policy"))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("wrote") == 1
    return folder / "policy"


@pytest.fixture(scope="module")
def painter(folder: Path, brush: None) -> Path:
    """What two processes made of a painter."""
    assert [rank.end()[0] for rank in start_together(painter_words(folder, "painter"))] == [0, 0]
    return folder / "painter"


@pytest.fixture(scope="module")
def brush() -> None:
    from conftest import BRUSH_LACKS

    if BRUSH_LACKS:
        pytest.skip(BRUSH_LACKS)


def curves(folder: Path) -> dict[str, list[float]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {name: [event.value for event in events.Scalars(name)] for name in events.Tags()["scalars"]}


def assert_alike(some: dict[str, list[float]], others: dict[str, list[float]]) -> None:
    compared = [name for name in some if name in TOLERANCE]
    assert len(compared) == 3
    for name in compared:
        assert len(some[name]) >= 2
        np.testing.assert_allclose(some[name], others[name], rtol=TOLERANCE[name], err_msg=name)
        assert len(set(some[name])) > 1


def test_two_processes_teach_a_policy_what_one_with_twice_the_batch_does(folder: Path, policy: Path) -> None:
    assert main(policy_words(folder, "alone", "--analytic.batches 2")) == 0
    logs = [curves(path / "tensorboard" / "analytic") for path in (policy, folder / "alone")]
    assert_alike(*logs)
    card = json.loads((policy / "policy.json").read_text())
    assert card["batches"] == {"from step 0": 2}
    assert card["configuration"]["learning_rate_rule"] == "sqrt"
    cosine = 0.5 * (1 + np.cos(np.pi * 19 / 40))
    assert logs[0]["train/learning_rate"][0] == pytest.approx(2**0.5 * 1e-2 * 20 / 100 * cosine)


def test_two_processes_teach_a_painter_what_one_with_twice_the_batch_does(folder: Path, painter: Path) -> None:
    root_of_two = [f"--{name} {value * 2**0.5!r}" for name, value in RATES.items()]
    assert main(painter_words(folder, "alone_painter", f"--batch-size 16 {' '.join(root_of_two)}")) == 0
    assert_alike(*(curves(path / "tensorboard") for path in (painter, folder / "alone_painter")))
    assert json.loads((painter / "painter.json").read_text())["batches"] == {"from step 0": 2}


RATES = {"learning-rate": 3e-3, "adversarial-learning-rate": 5e-4, "critic-learning-rate": 4e-4}


def kill_one(ranks: list[Rank], checkpoint: Path) -> None:
    """Kill the second after the second checkpoint, and see the first end with one line."""
    wait_for(checkpoint.exists, ranks)
    first = checkpoint.stat().st_ino
    wait_for(lambda: checkpoint.stat().st_ino != first, ranks)
    ranks[1].process.send_signal(signal.SIGKILL)
    code, lines = ranks[0].end(60)
    assert code == 2
    (line,) = [line for line in lines if line.startswith("paintgym:")]
    assert "rank 0 of 2: another process ended" in line
    assert "the same command again" in line
    assert not [line for line in lines if "Traceback" in line]
    assert ranks[1].end()[0] == -signal.SIGKILL


def test_a_killed_process_ends_all_and_they_resume_to_the_same_policy(folder: Path, policy: Path) -> None:
    words = policy_words(folder, "broken_policy")
    kill_one(start_together(words), folder / "broken_policy" / "checkpoint.pt")
    assert not (folder / "broken_policy" / "policy.safetensors").exists()
    kept = torch.load(folder / "broken_policy" / "checkpoint.pt", weights_only=True)["state"]
    assert kept["steps"] == {"analytic": 20}
    first, second = start_together(words)
    assert second.end() == (0, [])
    assert (folder / "broken_policy" / "policy.safetensors").exists()  # it waited until the first had written
    assert first.end() == (0, [])
    weights = [path / "policy.safetensors" for path in (policy, folder / "broken_policy")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_killed_process_ends_all_and_they_resume_to_the_same_painter(folder: Path, painter: Path) -> None:
    words = painter_words(folder, "broken_painter")
    kill_one(start_together(words), folder / "broken_painter" / "checkpoint.pt")
    assert not (folder / "broken_painter" / "painter.safetensors").exists()
    first, second = start_together(words)
    assert second.end()[0] == 0
    assert (folder / "broken_painter" / "painter.safetensors").exists()
    assert first.end()[0] == 0
    weights = [path / "painter.safetensors" for path in (painter, folder / "broken_painter")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_full_disk_of_the_first_ends_all_with_a_line_each(folder: Path) -> None:
    (first, second) = start_together(policy_words(folder, "full"), largest_file_of_first=100_000)
    code, lines = first.end(60)
    assert (code, len(lines)) == (2, 1)
    assert "cannot write" in lines[0]
    assert "checkpoint.pt: File too large" in lines[0]
    code, lines = second.end(60)
    assert (code, len(lines)) == (2, 1)
    assert "rank 1 of 2: another process ended" in lines[0]
    assert not [path for path in (folder / "full").iterdir() if path.suffix == ".pt"]


def test_another_number_of_processes_is_told_of_and_goes_on(
    folder: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = torch.load(policy / "checkpoint.pt", weights_only=True)["state"]
    assert last["batches"] == [[0, 2]]
    assert len(last["analytic"]["buffers"]) == 2
    assert main(policy_words(folder, "policy")) == 0
    said = capsys.readouterr().err
    assert "warning: from step 40 on a step takes the mean of 1 batches instead of 2" in said
    assert "learning rates are 0.707 times as high" in said
    assert json.loads((policy / "policy.json").read_text())["batches"] == {"from step 0": 2, "from step 40": 1}


def test_processes_share_the_seeds_of_a_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[tuple[list[int], str] | str] = []

    def train_all(plans: list[RunPlan], *rest: object) -> list[Any]:
        trained.append(([plan.seed for plan in plans], str(rest[-1])))
        return []

    monkeypatch.setattr("paintgym.agents.baselines.runner.train_all", train_all)
    for rank in range(2):
        for name, value in told(rank, 2, 1).items():
            monkeypatch.setenv(name, value)
        assert main(["train-baseline", "ppo", "--seeds", "0-4"]) == 0
        with monkeypatch.context() as patch:
            patch.setattr("paintgym.painters.device.find_device", trained.append)
            assert main(["train-baseline", "ppo", "--seeds", "0-4", "--device", "cuda"]) == 0
    first, second = ([0, 2, 4], "cpu"), ([1, 3], "cpu")
    assert trained == [first, "cuda:0", ([0, 2, 4], "cuda:0"), second, "cuda:1", ([1, 3], "cuda:1")]
    assert main(["train-baseline", "ppo", "--seeds", "7"]) == 2


def test_ppo_is_refused_by_several(folder: Path) -> None:
    config = PolicyTrainingConfig(target=str(folder / "pictures"), method="analytic+ppo")
    with pytest.raises(InvalidInputError, match="PPO learns in one process; train 'analytic' by these 2"):
        PolicyTrainer(config, Processes(0, 2))
