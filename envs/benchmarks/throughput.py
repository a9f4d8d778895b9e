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
from ..vector.tensors import make_painting_vec
from .learning import EPOCHS, ROLLOUT_STEPS, PlainLearner


@dataclass(frozen=True)
class Throughput:
    """Steps of single environments a second, and the share of the bare networks' speed that is left of it.

    Attributes:
        painter: name of the neural painter.
        loss: name of the loss.
        batch: environments in the batch.
        device: where they ran.
        card: the GPU's name; None on a CPU.
        threads: threads that torch might use.
        size: side of the canvases in pixels.
        strokes_per_step: strokes of an action.
        output: ``"numpy"`` or ``"torch"``.
        compiled: whether steps were compiled.
        env_steps_per_second: of the environment, the resets between episodes included.
        policy_steps_per_second: with a plain policy's inference.
        ppo_steps_per_second: with its training by PPO, too.
        bare_steps_per_second: of painter and loss network called alone on the same batch, the network in the
            layout, blocks of rows and precision of the loss.
        megabytes: the most memory that tensors took on a GPU; None on a CPU.
        share: quartiles over the rounds of the first speed divided by the second.
    """

    painter: str
    loss: str
    batch: int
    device: str
    card: str | None
    threads: int
    size: int
    strokes_per_step: int
    output: str
    compiled: bool
    env_steps_per_second: float
    policy_steps_per_second: float
    ppo_steps_per_second: float
    bare_steps_per_second: float
    megabytes: float | None
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
    output: str = "numpy",
    compiled: bool = False,
    advance: Callable[[int], None] | None = None,
) -> Throughput:
    """Time resets and steps of the batched environment, its painter and loss network alone, and a plain policy.

    All take turns in every round. What else the machine does then slows all of them alike. The time of a step is a
    step's own plus its part of the reset of an episode of ``stroke_budget`` strokes. A loss without a network, such as
    ``"mse"``, leaves the painter alone as the bare measure.

    Args:
        painter: name or file of a painter.
        loss: name of a loss.
        batch: number of environments.
        device: where everything runs.
        size: side of the canvases in pixels.
        strokes_per_step: strokes of an action.
        stroke_budget: strokes of an episode.
        rounds: how many, at least 2; one more, first, is not counted.
        output: ``"numpy"`` or ``"torch"``.
        compiled: whether to compile steps, for tensors.
        advance: called with 1 after each round.

    Raises:
        InvalidInputError: an argument that cannot be used.
        MissingDataError: the loss needs weights that are not there.
    """
    if rounds < 2:
        raise InvalidInputError(f"rounds is {rounds}, expected at least 2, to see how much they differ")
    pictures = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    env: Any = make_painting_vec(
        batch,
        output=output,
        **({"compile": compiled} if output == "torch" else {}),
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
    if env.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(env.device)
    env.action_space.seed(0)
    canvas = torch.rand(batch, 3, size, size, device=env.device)
    learner = PlainLearner(env.single_observation_space.shape, env.core.action_length, env.device)
    tensors = output == "torch"

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

    def act(observations: Any) -> Any:
        chosen = learner.act(torch.as_tensor(observations, device=env.device))
        return chosen if tensors else chosen.cpu().numpy()

    env_seconds, bare_seconds, policy_seconds, update_seconds = [], [], [], []
    for _ in range(rounds + 1):
        sampled = torch.as_tensor(env.action_space.sample(), device=env.device)
        strokes = (sampled.view(-1, STROKE_LENGTH) + 1) / 2
        actions = sampled if tensors else sampled.cpu().numpy()
        reset = timed(lambda: env.reset(seed=0))
        step = timed(lambda actions=actions: env.step(actions))  # type: ignore[misc]
        env_seconds.append(step + reset * strokes_per_step / stroke_budget)
        seen = env.reset(seed=0)[0]
        policy_seconds.append(timed(lambda seen=seen: act(seen)))  # type: ignore[misc]
        # The same steps over and over: what they hold does not change the time.
        rollout = (
            torch.as_tensor(seen, device=env.device).repeat(ROLLOUT_STEPS, 1, 1, 1),
            sampled.repeat(ROLLOUT_STEPS, 1),
        )
        chance = torch.randn(2, batch * ROLLOUT_STEPS, device=env.device)
        epoch = timed(lambda rollout=rollout, chance=chance: learner.epoch(*rollout, *chance))  # type: ignore[misc]
        update_seconds.append(EPOCHS * epoch / ROLLOUT_STEPS)
        bare_seconds.append(timed(lambda strokes=strokes: bare(strokes)))  # type: ignore[misc]
        if advance is not None:
            advance(1)
    low, middle, high = statistics.quantiles(
        (alone / whole for whole, alone in zip(env_seconds[1:], bare_seconds[1:], strict=True)), n=4
    )
    own, policy, update = (statistics.median(part[1:]) for part in (env_seconds, policy_seconds, update_seconds))
    return Throughput(
        painter=painter,
        loss=env.core.loss.name,
        batch=batch,
        device=device,
        card=torch.cuda.get_device_name(env.device) if env.device.type == "cuda" else None,
        threads=torch.get_num_threads(),
        size=size,
        strokes_per_step=strokes_per_step,
        output=output,
        compiled=compiled,
        env_steps_per_second=batch / own,
        policy_steps_per_second=batch / (own + policy),
        ppo_steps_per_second=batch / (own + policy + update),
        bare_steps_per_second=batch / statistics.median(bare_seconds[1:]),
        megabytes=torch.cuda.max_memory_allocated(env.device) / 2**20 if env.device.type == "cuda" else None,
        share=(low, middle, high),
    )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
