"""How many strokes a second analytic training learns from."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...checks import check_whole
from ...painters.painter import Painter
from ..policy.sb3_policy import build_policy
from .analytic import AnalyticTrainer
from .config import AnalyticConfig, PolicyTrainingConfig

_PATCH = 8
"""Pixels a side of the even patches that the targets are made of: something to paint."""


@dataclass(frozen=True)
class TrainingSpeed:
    """Speed of ``train-policy --method analytic``.

    Attributes:
        batch_strokes: that a batch lays in each step of the horizon.
        device: where it trained.
        card: the GPU's name; None on a CPU.
        threads: that torch might use.
        strokes_per_second: that were laid to learn from, in all steps of the horizon.
        seconds_per_step: of Adam, the median.
        megabytes: the most memory that tensors took on a GPU; None on a CPU.
    """

    batch_strokes: int
    device: str
    card: str | None
    threads: int
    strokes_per_second: float
    seconds_per_step: float
    megabytes: float | None


def measure_training(
    painter: Painter,
    device: str,
    batch_strokes: int,
    rounds: int,
    advance: Callable[[int], None] | None = None,
) -> TrainingSpeed:
    """Train a new network of the usual size; a round is one turn of the schedule, and one more, first, is not counted.

    Args:
        painter: its ink, on ``device``.
        device: where to train.
        batch_strokes: see ``AnalyticConfig``; twice as many canvases are kept, at least the usual number.
        rounds: how many, at least 1.
        advance: called with 1 after each round.

    Raises:
        InvalidInputError: numbers out of range.
    """
    check_whole("rounds", rounds, 1)
    usual, settings = AnalyticConfig(), PolicyTrainingConfig()
    config = AnalyticConfig(
        batch_strokes=check_whole("batch_strokes", batch_strokes, max(usual.buffers)),
        buffer_size=max(usual.buffer_size, 2 * batch_strokes),
    )
    policy = build_policy(width=settings.width, hidden=settings.hidden, planner=settings.planner).policy
    policy.to(device)

    def draw(count: int, random: np.random.Generator) -> Tensor:
        patches = torch.from_numpy(random.random((count, 3, _PATCH, _PATCH), np.float32)).to(device)
        return patches.repeat_interleave(_PATCH, 2).repeat_interleave(_PATCH, 3)

    trainer = AnalyticTrainer(
        policy.planner,  # type: ignore[arg-type]
        [painter],
        draw,
        np.random.default_rng(0),
        learning_rate=settings.learning_rate,
        steps=settings.analytic_steps,
        config=config,
    )
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    seconds = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        for _ in config.schedule:
            trainer.train_step()
        if on_gpu:
            torch.cuda.synchronize(device)
        seconds.append((time.perf_counter() - started) / len(config.schedule))
        if advance is not None:
            advance(1)
    middle = statistics.median(seconds[1:])
    return TrainingSpeed(
        batch_strokes=batch_strokes,
        device=device,
        card=torch.cuda.get_device_name(device) if on_gpu else None,
        threads=torch.get_num_threads(),
        strokes_per_second=batch_strokes * config.horizon / middle,
        seconds_per_step=middle,
        megabytes=torch.cuda.max_memory_allocated(device) / 2**20 if on_gpu else None,
    )
