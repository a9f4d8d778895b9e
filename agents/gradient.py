"""The gradient agent: it optimizes all strokes together, through painter, canvas and loss."""

import math
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ..envs.losses.loss import Loss, PixelLoss
from ..envs.losses.vgg import WEIGHTS_FILE
from ..files import data_directory
from .agent import Stage
from .config import GradientConfig
from .large.canvas import Decision, WindowBatch
from .progress import Progress, ProgressCallback
from .search.stroke_optimizer import Proposer, StrokeOptimizer
from .window_agent import WindowAgent


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

    def decide_window(
        self, stage: Stage, batch: WindowBatch, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        """See ``WindowAgent``."""
        count, config = stage.core.stroke_budget, self.config.optimizer
        usual = config.window_iterations
        if batch.whole:
            usual = min(max(config.stroke_steps // count, config.fewest_iterations), config.most_iterations)
        seconds = (self.config.time_limit or math.inf) * batch.share * count / sum(batch.counts)
        return Decision(self._optimize(stage, generator, report, self.config.iterations or usual, seconds))

    def _optimize(
        self, stage: Stage, generator: torch.Generator, report: ProgressCallback, iterations: int, seconds: float
    ) -> Tensor:
        """Strokes (stroke_budget, 12) on top of a state's canvas, after some iterations or seconds."""
        core, config = stage.core, self.config.optimizer
        budget = core.stroke_budget
        perceptual = not isinstance(core.loss, PixelLoss)
        search = StrokeOptimizer(
            core, stage.state, generator, config, self.proposer(stage), self.config.straight_through
        )
        if math.isfinite(seconds):
            seconds -= _hurry(search, budget, seconds, config.grown)
        best, least = None, math.inf
        for iteration, fraction in schedule(iterations, seconds):
            waves = min(config.waves, 1 + int(config.waves * fraction / config.grown))
            search.grow(math.ceil(budget * waves / config.waves))
            if perceptual and fraction >= config.sketched:
                search.finish()
            elif iteration % config.replace_every == config.replace_every - 1 and fraction < config.settled:
                search.replace_useless()
            if iteration % config.color_every == 0 and not search.finishing:
                search.recolor()
            loss = search.descend(self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * fraction)))
            if fraction >= config.grown and search.finishing == perceptual and loss < least:
                best, least = search.stack.strokes.clone(), loss
            report(Progress(len(search.stack), loss, fraction, search.stack.strokes))
        search.grow(budget)
        report(Progress(budget, loss if best is None else least, 1.0))
        return search.stack.strokes if best is None else best

    def proposer(self, stage: Stage) -> Proposer | None:
        """Who proposes the strokes of a wave; by default they are picked among random ones."""
        return None


def _hurry(search: StrokeOptimizer, budget: int, seconds: float, part: float) -> float:
    """Lay the first stroke, and try fewer for each of the others where all would take more than their part of the time.

    With 200 strokes and half a second it took 5.4 before. Returns the seconds that the first took.
    """
    started = time.perf_counter()
    search.grow(1)
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
