"""Steps under torch.compile: whole graphs with the same values, and a fallback that says so once."""

import contextlib
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers.small_vector import disc_painter, make_tensors
from paintgym.envs.vector import compiling
from paintgym.painters.registry import load_painter
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")


def compile_with(backend: str) -> Callable[..., Any]:
    real = torch.compile

    def compiled(function: Any, **options: Any) -> Any:
        return real(function, **{**options, "mode": None, "backend": backend})

    return compiled


@pytest.mark.parametrize(
    "view",
    ["canvas", {"name": "focus", "window": 8}, {"name": "focus", "window": 8, "turn_reach": 0.25}],
    ids=["canvas", "focus", "turned"],
)
def test_compiled_steps_are_whole_graphs_with_the_same_values(view: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.torch, "compile", compile_with("aot_eager"))
    options = {"painter": load_painter("gan"), "view": view}
    plain, compiled = make_tensors(**options), make_tensors(**options, compile=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for env in (plain, compiled):
            env.reset(seed=0)
        for _ in range(4):
            actions = torch.rand(3, 12) * 2 - 1
            for one, other in zip(plain.step(actions)[:4], compiled.step(actions)[:4], strict=True):
                assert (one.float() - other.float()).abs().max() <= (1 if one.dtype == torch.uint8 else 1e-4)


def test_what_cannot_be_compiled_is_stepped_as_it_is_with_one_warning() -> None:
    def branching(strokes: Tensor) -> Tensor:
        return disc_painter(strokes) if strokes.sum() > 0 else disc_painter(strokes.clone())

    env, plain = make_tensors(painter=branching, compile=True), make_tensors()
    for each in (env, plain):
        each.reset(seed=0)
    actions = torch.rand(3, 12)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        steps = [[each.step(actions)[0] for _ in range(2)] for each in (env, plain)]
    assert ["not compiled" in str(warning.message) for warning in told] == [True]
    assert steps[0][1].equal(steps[1][1])


class RecordedCalls:
    """CUDA's part in recording, on a CPU: what is replayed is called again, into the memory of the first time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.replays = 0
        nothing = contextlib.nullcontext()
        stream = SimpleNamespace(wait_stream=lambda other: None)
        for name, fake in {
            "Stream": lambda device: stream,
            "current_stream": lambda device: stream,
            "stream": lambda stream: nothing,
            "CUDAGraph": lambda: self,
            "graph": lambda graph, stream: nothing,
        }.items():
            monkeypatch.setattr(compiling.torch.cuda, name, fake)

    def record(self, step: Any) -> Any:
        def recorded(state: Any, actions: Tensor) -> Any:
            outputs = step(state, actions)
            self._again = lambda: [
                old.copy_(new) for old, new in zip(_tensors_of(outputs), _tensors_of(step(state, actions)), strict=True)
            ]
            return outputs

        return recorded

    def replay(self) -> None:
        self.replays += 1
        self._again()


def _tensors_of(outputs: Any) -> list[Tensor]:
    state, *others = outputs
    return [*state.tensors(), *others]


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_recorded_steps_keep_their_memory_to_themselves(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = RecordedCalls(monkeypatch)
    plain, recorded = make_tensors(mode=mode), make_tensors(mode=mode, compile=True)
    recorded._advance._compiled, recorded._advance._records = calls.record(recorded._paint), True
    given, expected = ([env.reset(seed=0)[0]] for env in (recorded, plain))
    for _ in range(9):
        actions = torch.rand(3, 12) * 2 - 1
        for env, kept in ((recorded, given), (plain, expected)):
            observations, rewards, _, _, infos = env.step(actions)
            kept += [observations, rewards, *(infos[name] for name in ("loss", "score", "stroke") if name in infos)]
    assert calls.replays >= 6
    for one, other in zip(given, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.slow
def test_painter_and_step_are_compiled_to_code_that_draws_the_same() -> None:
    painter, strokes = load_painter("gan"), torch.rand(6, 12, generator=torch.Generator().manual_seed(0))
    compiled = torch.compile(painter, fullgraph=True)
    with torch.no_grad():
        assert (compiled(strokes) - painter(strokes)).abs().max() < 2e-4
    plain, fast = make_tensors(painter=painter), make_tensors(painter=painter, compile=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for env in (plain, fast):
            env.reset(seed=0)
        actions = torch.rand(3, 12) * 2 - 1
        rewards = [env.step(actions)[1] for env in (plain, fast)]
    torch.testing.assert_close(*rewards, atol=1e-4, rtol=0)
