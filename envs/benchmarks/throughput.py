"""How fast the batched environment steps beside the bare networks inside it. Tables and files are the command's."""

import collections
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...errors import InvalidInputError
from ...painters.stroke import STROKE_LENGTH
from ..losses.perceptual import PerceptualLoss
from ..vector.arrays import PaintingVectorEnv


@dataclass(frozen=True)
class Throughput:
    """Steps of single environments a second, and the share of the bare networks' speed that is left of it.

    Attributes:
        painter: name of the neural painter.
        loss: name of the loss.
        batch: environments in the batch.
        device: where they ran.
        threads: threads that torch might use.
        size: side of the canvases in pixels.
        strokes_per_step: strokes of an action.
        env_steps_per_second: of the environment, the resets between episodes included.
        bare_steps_per_second: of painter and loss network called alone on the same batch, the network in the
            layout, blocks of rows and precision of the loss.
        share: quartiles over the rounds of the first speed divided by the second.
    """

    painter: str
    loss: str
    batch: int
    device: str
    threads: int
    size: int
    strokes_per_step: int
    env_steps_per_second: float
    bare_steps_per_second: float
    share: tuple[float, float, float]


def measure_throughput(
    painter: str,
    loss: str,
    *,
    batch: int = 64,
    device: str = "cpu",
    size: int = 64,
    strokes_per_step: int = 1,
    stroke_budget: int = 100,
    rounds: int = 10,
    advance: Callable[[int], None] | None = None,
) -> Throughput:
    """Time resets and steps of ``PaintingVectorEnv``, and its painter and loss network alone, in turn in every round.

    What else the machine does then slows all of them alike. The time of a step is a step's own plus its part of the
    reset of an episode of ``stroke_budget`` strokes. A loss without a network, such as ``"mse"``, leaves the painter
    alone as the bare measure.

    Args:
        painter: name or file of a painter.
        loss: name of a loss.
        batch: number of environments.
        device: where everything runs.
        size: side of the canvases in pixels.
        strokes_per_step: strokes of an action.
        stroke_budget: strokes of an episode.
        rounds: how many, at least 2; one more, first, is not counted.
        advance: called with 1 after each round.

    Raises:
        InvalidInputError: an argument that cannot be used.
        MissingDataError: the loss needs weights that are not there.
    """
    if rounds < 2:
        raise InvalidInputError(f"rounds is {rounds}, expected at least 2, to see how much they differ")
    pictures = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    env = PaintingVectorEnv(
        batch,
        autoreset_mode="Disabled",
        target=list(pictures),
        painter=painter,
        perceptual=loss,
        stroke_budget=stroke_budget,
        strokes_per_step=strokes_per_step,
        size=size,
        device=device,
    )
    judge = env.core.loss if isinstance(env.core.loss, PerceptualLoss) else None
    env.action_space.seed(0)
    canvas = torch.rand(batch, 3, size, size, device=env.device)

    def timed(work: Callable[[], Any]) -> float:
        _wait(env.device)
        begun = time.perf_counter()
        work()
        _wait(env.device)
        return time.perf_counter() - begun

    def bare(strokes: torch.Tensor) -> None:
        with torch.no_grad():
            env.core.painter(strokes)
            if judge is not None:
                collections.deque(judge.maps(canvas), maxlen=0)

    env_seconds, bare_seconds = [], []
    for _ in range(rounds + 1):
        actions = env.action_space.sample()
        strokes = (torch.as_tensor(actions, device=env.device).view(-1, STROKE_LENGTH) + 1) / 2
        reset = timed(lambda: env.reset(seed=0))
        step = timed(lambda actions=actions: env.step(actions))  # type: ignore[misc]
        env_seconds.append(step + reset * strokes_per_step / stroke_budget)
        bare_seconds.append(timed(lambda strokes=strokes: bare(strokes)))  # type: ignore[misc]
        if advance is not None:
            advance(1)
    low, middle, high = statistics.quantiles(
        (alone / whole for whole, alone in zip(env_seconds[1:], bare_seconds[1:], strict=True)), n=4
    )
    return Throughput(
        painter=painter,
        loss=env.core.loss.name,
        batch=batch,
        device=device,
        threads=torch.get_num_threads(),
        size=size,
        strokes_per_step=strokes_per_step,
        env_steps_per_second=batch / statistics.median(env_seconds[1:]),
        bare_steps_per_second=batch / statistics.median(bare_seconds[1:]),
        share=(low, middle, high),
    )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
