"""The gradient agent: it optimizes all strokes together, through painter, canvas and loss."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ..envs.losses.loss import Loss, PixelLoss
from ..envs.losses.vgg import WEIGHTS_FILE
from ..files import data_directory
from ..painters.device import wait_for
from .config import GradientConfig
from .large.window_batch import Decision, WindowBatch
from .progress import Progress, ProgressCallback
from .search.stroke_optimizer import Proposer, StrokeOptimizer
from .window_agent import Stage, WindowAgent


class GradientAgent(WindowAgent):
    """Adam on the logits of all strokes, at first in waves: five times, the strokes that gain most are laid on top.

    Gradients cannot bring a stroke to an error that it does not touch; so every stroke begins at one, and strokes that
    turn out useless are taken away and laid where the error is. The ink is the painter's own, its gradient that of a
    smooth proxy renderer (``neural.proxy``): it is quicker, and leads further. Under ``"mse"`` the colors are solved
    now and then in closed form. Under a perceptual loss the picture is laid in with ``"mse"``, then finished with the
    perceptual loss plus 20 times the squared error.

    By default the loss is ``"vgg19"`` where its weights are in the data folder, else ``"mse"``; a painting's
    ``loss_name`` tells which it was. Settings are those of ``GradientConfig``.
    """

    name = "gradient"
    Config = GradientConfig
    config: GradientConfig

    def __init__(self, config: GradientConfig | None = None, *, loss: str | Loss | None = None, **options: Any) -> None:
        if loss is None:
            loss = "vgg19" if (data_directory() / WEIGHTS_FILE).is_file() else "mse"
        super().__init__(config, loss=loss, **options)

    def decide_windows(self, stage: Stage, batch: WindowBatch, report: ProgressCallback) -> list[Decision]:
        """See ``WindowAgent``."""
        iterations = self._iterations(batch, stage.counts[0])
        seconds = (self.config.time_limit or math.inf) * batch.share * sum(stage.counts) / sum(batch.counts)
        return [Decision(strokes) for strokes in self._optimize(stage, report, iterations, seconds)]

    def groups(self, batch: WindowBatch) -> Iterable[Sequence[int]]:
        """Those with about as many strokes, and as many iterations."""
        config, counts = self.config.optimizer, batch.counts
        most = config.together if batch.canvas.device.type == "cpu" else config.together_on_gpu
        groups: list[list[int]] = []
        for row in sorted(range(len(counts)), key=counts.__getitem__):
            fits = groups and (len(groups[-1]) + 1) * counts[row] <= most
            if fits and self._iterations(batch, counts[groups[-1][0]]) == self._iterations(batch, counts[row]):
                groups[-1].append(row)
            else:
                groups.append([row])
        return groups

    def _iterations(self, batch: WindowBatch, count: int) -> int:
        config = self.config.optimizer
        if self.config.iterations:
            return self.config.iterations
        if not batch.whole:
            return config.window_iterations
        return min(max(config.stroke_steps // count, config.fewest_iterations), config.most_iterations)

    def _optimize(self, stage: Stage, report: ProgressCallback, iterations: int, seconds: float) -> list[Tensor]:
        """Strokes (count, 12) on top of each canvas of a state, after some iterations or seconds."""
        core, config = stage.core, self.config.optimizer
        perceptual = not isinstance(core.loss, PixelLoss)
        search = StrokeOptimizer(
            core, stage.state, stage.generators, config, self.proposer(stage), self.config.straight_through
        )
        if math.isfinite(seconds):
            seconds -= _hurry(search, stage, seconds, config.grown)
        every = 1 if stage.state.canvas.device.type == "cpu" else config.report_every
        best: Tensor | None = None
        for iteration, fraction in schedule(iterations, seconds):
            waves = min(config.waves, 1 + int(config.waves * fraction / config.grown))
            search.grow([math.ceil(count * waves / config.waves) for count in stage.counts])
            if perceptual and fraction >= config.sketched:
                search.finish()
            elif iteration % config.replace_every == config.replace_every - 1 and fraction < config.settled:
                search.replace_useless()
            if iteration % config.color_every == 0 and not search.finishing:
                search.recolor()
            losses = search.descend(self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * fraction)))
            if fraction >= config.grown and search.finishing == perceptual:
                if best is None:
                    best, least = search.stack.strokes.clone(), losses
                else:
                    better = losses < least
                    best = torch.where(better[:, None, None], search.stack.strokes, best)
                    least = torch.where(better, losses, least)
            if iteration % every == 0:
                report(_progress(search.stack.strokes, search.stack.counts, losses, fraction))
        search.grow(stage.counts)
        strokes, losses = (search.stack.strokes, losses) if best is None else (best, least)
        done = _progress(strokes, stage.counts, losses, 1.0)
        report(done)
        return [*done.each]

    def proposer(self, stage: Stage) -> Proposer | None:
        """Who proposes the strokes of a wave; by default they are picked among random ones."""
        return None


def _progress(strokes: Tensor, counts: Sequence[int], losses: Tensor, fraction: float) -> Progress:
    """What is to be told of paintings with the first of strokes (B, T, 12), so many each; waits for the losses."""
    each = [own[:count] for own, count in zip(strokes, counts, strict=True)]
    return Progress(sum(counts), float(losses.mean()), fraction, each=each)


def _hurry(search: StrokeOptimizer, stage: Stage, seconds: float, part: float) -> float:
    """Lay the first strokes, and try fewer for each of the others where all would take more than their part of time.

    With 200 strokes and half a second it took 5.4 before. Returns the seconds that the first took.
    """
    started, budget = time.perf_counter(), max(stage.counts)
    search.grow([1] * len(stage.counts))
    wait_for(stage.state.canvas.device)
    taken = time.perf_counter() - started
    if taken * budget > part * seconds:
        search.spare(part * seconds / (taken * budget))
    return taken


def schedule(iterations: int, seconds: float) -> Iterator[tuple[int, float]]:
    """Count the iterations; with each comes the part of the work, or of the time, that lies behind.

    None begins that would end after the time is over, if it takes as long as the others on average; one is always made.
    """
    started = time.perf_counter()
    for iteration in range(iterations):
        passed = time.perf_counter() - started
        if iteration and passed * (1 + 1 / iteration) > seconds:
            return
        yield iteration, min(max(iteration / iterations, passed / seconds), 1.0)
