"""Measuring speed: what is counted, by a clock that only painter and loss move; the command's tables and mistakes."""

import itertools
import json
from pathlib import Path

import pytest
import torch
from paintgym.envs.benchmarks import throughput
from paintgym.envs.benchmarks.precision import measure_precision
from paintgym.envs.losses import registry
from paintgym.envs.losses.lite import load_lite
from paintgym.envs.losses.loss import Loss, PixelLoss
from paintgym.envs.losses.registry import make_loss
from paintgym.errors import InvalidInputError, MissingDataError
from paintgym.painters.registry import load_painter
from paintgym.scripts.main import main
from torch import Tensor

FAST = ["bench", "--rounds", "2", "--size", "16", "--batches", "2"]


@pytest.fixture(autouse=True)
def _threads_are_left_as_they_were() -> None:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Painter and loss take 2 s and 1 s a call; all else takes no time."""
    now = {"seconds": 0.0}

    def painter(strokes: Tensor) -> Tensor:
        now["seconds"] += 2
        return strokes.new_zeros(len(strokes), 1, 16, 16)

    class SlowLoss(PixelLoss):
        def forward(self, canvas: Tensor, target_features: tuple[Tensor, ...]) -> Tensor:
            now["seconds"] += 1
            return super().forward(canvas, target_features)

    monkeypatch.setattr("paintgym.envs.painting.make_painter", lambda name, device, brush: painter)
    monkeypatch.setattr("paintgym.envs.painting.make_loss", lambda name, device: SlowLoss())
    monkeypatch.setattr(throughput.time, "perf_counter", lambda: now["seconds"])
    return now


def test_a_step_counts_with_its_part_of_a_reset_against_the_painter_alone(clock: dict[str, float]) -> None:
    done = []
    figures = throughput.measure_throughput(
        "gan", "mse", batch=5, size=16, strokes_per_step=2, stroke_budget=8, rounds=3, advance=done.append
    )
    assert figures.env_steps_per_second == pytest.approx(5 / (2 + 1 + 1 / 4))
    assert figures.bare_steps_per_second == pytest.approx(5 / 2)
    assert figures.share == pytest.approx([2 / 3.25] * 3)
    assert (figures.loss, figures.batch, figures.device) == ("mse", 5, "cpu")
    assert done == [1] * 4


def test_one_round_is_too_few() -> None:
    with pytest.raises(InvalidInputError, match="rounds is 1, expected at least 2"):
        throughput.measure_throughput("gan", "mse", rounds=1)


def test_the_command_prints_and_writes_every_combination(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bench.json"
    many = ["--losses", "mse", "lite", "--threads", "1", "2", "--painters", "gan", "--strokes-per-step", "2"]
    many += ["--outputs", "numpy", "torch"]
    assert main([*FAST, "3", *many, "--json", str(path)]) == 0
    report = json.loads(path.read_text())
    rows = [(one["loss"], one["batch"], one["threads"], one["output"]) for one in report["environments"]]
    assert rows == list(itertools.product(("mse", "lite"), (2, 3), (1, 2), ("numpy", "torch")))
    for one in report["environments"]:
        assert one["env_steps_per_second"] > one["policy_steps_per_second"] > one["ppo_steps_per_second"] > 0
        assert len(one["share"]) == 3
    assert report["painters"]["gan"]["strokes_per_second"] > 0
    assert [one["loss"] for one in report["precisions"]] == ["lite"]
    assert report["missing"] == {}
    assert "environment, 16x16, 2 strokes a step" in capsys.readouterr().out


def test_losses_without_weights_are_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_weights(name: str) -> Loss:
        if name == "vgg19":
            raise MissingDataError("no weights")
        return make_loss(name)

    monkeypatch.setattr(registry, "make_loss", without_weights)
    path = tmp_path / "bench.json"
    assert main([*FAST, "--losses", "vgg19", "mse", "--painters", "gan", "--json", str(path)]) == 0
    report = json.loads(path.read_text())
    assert [one["loss"] for one in report["environments"]] == ["mse"]
    assert report["missing"] == {"vgg19": "no weights"}
    assert "vgg19 was not measured: no weights" in capsys.readouterr().out


@pytest.mark.usefixtures("one_thread")
def test_float32_strays_by_rounding_alone_and_bfloat16_by_little() -> None:
    target = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    painter = load_painter("gan")
    single, half = (
        measure_precision(make_loss(name), load_lite(), target, painter, batch=2, rounds=2)
        for name in ("lite", "lite-bf16")
    )
    assert single.largest_error < 1e-4
    assert single.gradient_cosine > 0.9999
    assert single.largest_error < half.median_error <= half.largest_error < 0.2
    assert half.gradient_cosine > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "1"], "--rounds is 1, expected a whole number, at least 2"),
        (["--threads", "2", "0"], "--threads is 0, expected a whole number, at least 1"),
        (["--batches", "4", "0"], "--batches is 0, expected a whole number, at least 1"),
        (["--losses", "ssim"], "there is no loss 'ssim'"),
        (["--losses"], "--losses is empty"),
        (["--losses", "mse", "--devices", "abacus"], "--devices is 'abacus'"),
        (["--losses", "mse", "--stroke-budget", "7", "--strokes-per-step", "2"], "multiple of --strokes-per-step"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--rounds", "2", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
