"""What a GPU must keep, where there is one: the same values, steps that never wait for it, graphs that are recorded."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from paintgym.envs.vector.tensors import TensorVectorEnv
from paintgym.painters.registry import load_painter

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that CUDA knows")

PICTURES = list(np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8))


def make_env(**options: Any) -> TensorVectorEnv:
    settings = {"target": PICTURES, "perceptual": "mse", "reward": "relative", "stroke_budget": 3, **options}
    env = gymnasium.make_vec("paintgym/Painting-v0", num_envs=6, output="torch", device="cuda", **settings)
    assert type(env) is TensorVectorEnv
    return env


def actions_of(steps: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [(2 * torch.rand(6, 12, generator=generator) - 1).cuda() for _ in range(steps)]


@pytest.fixture
def asking_is_an_error() -> Iterator[Callable[[], None]]:
    yield lambda: torch.cuda.set_sync_debug_mode("error")
    torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("brush", [None, "deevad/chalk"])
def test_ink_is_that_of_the_cpu_under_every_precision(brush: str | None) -> None:
    strokes = torch.rand(32, 12, generator=torch.Generator().manual_seed(0))
    here, there = (load_painter("gan", device, brush=brush) for device in ("cpu", "cuda"))
    with torch.no_grad():
        expected = here(strokes)
        for precision in ("highest", "high"):
            torch.set_float32_matmul_precision(precision)
            try:
                ink = there(strokes.cuda()).cpu()
            finally:
                torch.set_float32_matmul_precision("highest")
            # A dab at the edge between two stretches of path may fall on either side.
            assert (ink - expected).abs().mean() < 1e-5
            assert ((ink - expected).abs() > 1e-3).float().mean() < 1e-3


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_steps_never_wait_for_the_device(mode: str, compiled: bool, asking_is_an_error: Callable[[], None]) -> None:
    env = make_env(autoreset_mode=mode, compile=compiled)
    env.reset(seed=0)
    steps = actions_of(9)
    for actions in steps:
        env.step(actions)
    torch.cuda.synchronize()
    asking_is_an_error()
    for actions in steps:
        env.step(actions)


@pytest.mark.parametrize("view", ["canvas", "focus"])
@pytest.mark.parametrize("loss", ["mse", "lite"])
def test_recorded_steps_give_the_values_of_plain_ones_through_resets(view: str, loss: str) -> None:
    plain, recorded = (make_env(view=view, perceptual=loss, compile=compiled) for compiled in (False, True))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for env in (plain, recorded):
            env.reset(seed=3)
        kept = []
        for actions in actions_of(8):
            steps = [env.step(actions) for env in (plain, recorded)]
            kept.append(steps[1][:2] + (steps[0][:2]))
            torch.testing.assert_close(steps[1][1], steps[0][1], atol=1e-4, rtol=1e-3)
            for name in ("score", "stroke_index", "target_index"):
                torch.testing.assert_close(steps[1][4][name], steps[0][4][name], atol=1e-4, rtol=1e-3)
    for own, reward, expected, expected_reward in kept:  # What was given stays what it was.
        assert (own.int() - expected.int()).abs().max() <= 1
        torch.testing.assert_close(reward, expected_reward, atol=1e-4, rtol=1e-3)
