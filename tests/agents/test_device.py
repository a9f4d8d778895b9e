"""Agents paint on the device that is asked for: nothing of theirs is made elsewhere, and the host hardly waits."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.far_device import FAR, FarTensor, far_device
from helpers.waves import waves
from paintgym.agents.policy.config import PlannerConfig, RevisionConfig
from paintgym.agents.policy_agent import PolicyAgent
from paintgym.agents.registry import load_agent
from paintgym.agents.search.config import OptimizerConfig
from paintgym.envs.losses.registry import make_loss
from paintgym.errors import InvalidInputError
from paintgym.painters.device import device_of
from paintgym.painters.painter import Painter
from paintgym.painters.registry import load_painter
from paintgym.painters.style import Style

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    # On the CPU too dabs are not counted, and pictures are optimized together: sums are then rounded alike.
    monkeypatch.setattr(Painter, "asks", False)
    # Tensors that pretend cannot be viewed in it.
    monkeypatch.setattr(PolicyAgent, "decide", torch.no_grad()(PolicyAgent.decide.__wrapped__))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "strokes", "options"),
    [
        ("random", 5, {}),
        ("greedy", 4, {}),
        ("gradient", 5, {"iterations": 11}),
        ("gradient", 5, {"iterations": 4, "loss": "lite"}),
        ("gradient", 5, {"iterations": 2, "straight_through": False}),
        ("gradient", 5, {"iterations": 2, "brush": "deevad/chalk"}),
        ("policy", 4, {"loss": "lite"}),
        ("policy+refine", 4, {"iterations": 3}),
    ],
)
def test_paintings_are_the_same_on_another_device(name: str, strokes: int, options: dict[str, Any]) -> None:
    pictures = [waves(0), waves(1)]
    options, style = {"loss": "mse", **options}, Style(sizes=(0.1, 0.8), background=(0.9, 0.8, 0.7))
    near = load_agent(name, **options).paint_many(pictures, strokes, seed=2, style=style)
    with far_device():
        agent = load_agent(name, device=FAR, **options)
        assert device_of(agent.painter) == FAR
        far = agent.paint_many(pictures, strokes, seed=2, style=style)
    for one, other in zip(near, far, strict=True):
        assert other.strokes.shape == one.strokes.shape
        assert other.loss == pytest.approx(one.loss, rel=1e-3)
        np.testing.assert_allclose(other.strokes, one.strokes, atol=1e-3)


@pytest.mark.parametrize(("name", "options"), [("gradient", {"iterations": 2}), ("policy", {})])
def test_large_paintings_are_the_same_on_another_device_and_can_be_painted_on_and_saved(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    brushes = ["classic/dry_brush", "deevad/chalk"] if name == "policy" else None
    agent, pixels = load_agent(name, loss="mse", brush=brushes, **options), waves(0, 96)
    near = agent.paint(pixels, 12, size=96, seed=2)
    with far_device():
        agent, told = load_agent(name, loss="mse", brush=brushes, device=FAR, **options), []
        far = agent.paint(pixels, 12, size=96, seed=2, progress=told.append)
        assert isinstance(told[-1].canvas, FarTensor)
        (more,) = agent.paint_many([pixels], 20, size=96, starts=[far.stroke_list])
        far.save(tmp_path / "painting.webp", frames=3)
    assert far.loss == pytest.approx(near.loss, rel=1e-3)
    assert np.array_equal(more.strokes[:12], far.strokes)
    assert len(more.strokes) == 20


def test_the_host_waits_for_no_iteration_but_to_report() -> None:
    looks = {}
    for every in (1000, 2):
        for iterations in (4, 6):
            optimizer = OptimizerConfig(report_every=every)
            with far_device() as device:
                agent = load_agent("gradient", loss="mse", device=FAR, iterations=iterations, optimizer=optimizer)
                before = device.looks
                agent.paint_many([waves(0), waves(1)], 3)
                looks[every, iterations] = device.looks - before
    assert looks[1000, 6] == looks[1000, 4]
    assert looks[2, 6] == looks[2, 4] + 1


def test_the_host_waits_for_no_picture_and_no_round_of_revision() -> None:
    looks = {}
    for pictures, rounds in ((2, 1), (4, 1), (2, 3)):
        planner = PlannerConfig(revision=RevisionConfig(rounds=(rounds,), most_strokes=(), perceptual_rounds=1))
        with far_device() as device:
            agent = load_agent("policy", loss="lite", device=FAR, planner=planner)
            before = device.looks
            agent.paint_many([waves(seed) for seed in range(pictures)], 3, style=Style(sizes=(0.1, 0.8)))
            looks[pictures, rounds] = device.looks - before
    assert looks[4, 1] == looks[2, 3] == looks[2, 1]
    # Four reports, the three tables of the proxy renderer, whether the style changed strokes, and what is handed over.
    assert looks[2, 1] == 4 + 3 + 1 + 3


def test_a_device_that_is_not_there_is_told_in_a_line() -> None:
    with pytest.raises(InvalidInputError, match="device is 'nowhere', which cannot be used here"):
        load_agent("policy", device="nowhere")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize(
    "arguments",
    [
        ("paint", "--device", "cuda", "--out"),
        ("compare", "--device", "cuda", "--json"),
        ("evaluate", "--device", "cuda", "--task", "Shapes-v0", "--agent", "random"),
    ],
)
def test_commands_tell_in_a_line_that_there_is_no_gpu(arguments: tuple[str, ...], tmp_path: Path) -> None:
    given = [*arguments, str(tmp_path / "out.json")] if arguments[-1].startswith("--") else [*arguments]
    done = subprocess.run([sys.executable, "-m", "paintgym", *given], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "device is 'cuda', which cannot be used here (torch finds no GPU)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_networks_on_another_device_are_refused() -> None:
    with far_device():
        painter, loss = load_painter("gan", FAR), make_loss("lite", FAR)
        assert load_agent("random", painter=painter, loss="mse").device == FAR
        with pytest.raises(InvalidInputError, match="the painter is on 'meta', but device is 'cpu'"):
            load_agent("random", painter=painter, loss="mse", device="cpu")
        with pytest.raises(InvalidInputError, match="the loss is on 'meta', but device is 'cpu'"):
            load_agent("random", loss=loss)


def test_the_pretended_device_refuses_what_a_gpu_would_refuse() -> None:
    with far_device() as device:
        far = torch.ones(3, device=FAR)
        with pytest.raises(RuntimeError, match="on the CPU"):
            far + torch.ones(3)
        with pytest.raises(RuntimeError, match="list"):
            far[[0, 1]]
        looks = device.looks
        torch.ones(3).to(FAR, non_blocking=True)
        assert device.looks == looks
        torch.ones(3).to(FAR)
        float(far.sum())
        assert device.looks == looks + 2
        torch.testing.assert_close((far * 2).cpu(), torch.full((3,), 2.0))
