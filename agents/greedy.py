"""The greedy agent: hill climbing, one stroke after another. It needs no gradients, and is the baseline."""

from dataclasses import replace

import torch
from torch import Tensor

from ..envs.core import PaintingCore
from ..envs.state import PaintingState
from ..painters.canvas import composite
from ..painters.stroke import COLOR, END_PRESSURE, ENTRY_PRESSURE, STROKE_LENGTH
from .config import GreedyConfig
from .large.window_batch import Decision, WindowBatch
from .progress import Progress, ProgressCallback
from .search.color import best_color
from .search.proposals import EdgeField, draw_candidates
from .window_agent import Stage, WindowAgent


class GreedyAgent(WindowAgent):
    """Hill climbing with 30 trials a stroke: six random strokes, then four rounds of six mutations of the best so far.

    The random strokes are drawn as the gradient agent's are: more of them where the error is large, along the edges
    there. Every trial gets the color that lowers the squared error most, in closed form. The best is painted if it
    lowers the loss; where none of 30 does, others are tried, and after three attempts the stroke stays without ink.
    """

    name = "greedy"
    Config = GreedyConfig
    config: GreedyConfig

    def decide_windows(self, stage: Stage, batch: WindowBatch, report: ProgressCallback) -> list[Decision]:
        """See ``WindowAgent``."""
        core, state, (count,), (generator,) = stage
        edges = EdgeField(state.target, self.config.proposals)
        strokes = []
        for number in range(1, count + 1):
            for _ in range(self.config.attempts):
                stroke, painted = self._climb(core, state, edges, generator)
                if painted.loss < state.loss:
                    state = painted
                    break
            else:
                stroke = _inkless_stroke(state.canvas)
            strokes.append(stroke)
            so_far = torch.stack(strokes)
            report(Progress(number, float(state.loss), number / count, each=[so_far]))
        return [Decision(so_far, state.canvas[0])]

    def _climb(
        self, core: PaintingCore, state: PaintingState, edges: EdgeField, generator: torch.Generator
    ) -> tuple[Tensor, PaintingState]:
        """The best stroke (12,) of some trials, and the state that it would lead to."""
        error, count = (state.canvas - state.target).square().sum(1), self.config.trials
        trials = draw_candidates([count], error, edges, [generator], self.config.proposals)[0]
        best, painted = _best_trial(core, state, trials)
        for mutation in self.config.mutations:
            noise = mutation * torch.randn(count, STROKE_LENGTH, generator=generator, device="cpu")
            mutant, repainted = _best_trial(core, state, (best + noise.to(best)).clamp(0, 1))
            if repainted.loss < painted.loss:
                best, painted = mutant, repainted
        return best, painted


def _best_trial(core: PaintingCore, state: PaintingState, trials: Tensor) -> tuple[Tensor, PaintingState]:
    """Give each trial (N, 12) its best color and paint it; returns the one that leaves the least loss."""
    coverage = core.painter(trials)
    color, _ = best_color(coverage.flatten(1), state.canvas[0].flatten(1), state.target[0].flatten(1))
    canvas = composite(state.canvas.expand(len(trials), -1, -1, -1), coverage[:, None], color[:, None])
    loss = core.loss(canvas, state.target_features)
    best = int(loss.argmin())
    trials[best, COLOR] = color[best]
    return trials[best], replace(state, canvas=canvas[best][None], loss=loss[best][None])


def _inkless_stroke(like: Tensor) -> Tensor:
    """A stroke (12,) without pressure."""
    stroke = like.new_full((STROKE_LENGTH,), 0.5)
    stroke[END_PRESSURE] = stroke[ENTRY_PRESSURE] = 0.0
    return stroke
