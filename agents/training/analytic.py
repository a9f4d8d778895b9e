"""Training the policy's network through the canvas: short horizons of differentiable steps from half-painted canvases.

After SHAC (Xu et al., "Accelerated policy learning with parallel differentiable simulation", 2022) and the model-based
step of Learning to Paint (Huang et al., 2019). Two things are asked of the strokes that the network proposes. Those
that are laid: which part of the error do they leave, and the next ones after them? And all of them: what would each
gain, were it laid alone? The first alone makes strokes timid where little error is left, the second alone plans badly
for few strokes. Strokes are judged as they were proposed, but the canvases are those that the plan leads to. What the
network is, and how it is measured and saved, is elsewhere.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...envs.views import observe
from ...painters.canvas import paint_strokes
from ...painters.neural.straight_through import pass_straight_through
from ...painters.painter import Painter
from ..policy.planner import Planner
from ..search.color import best_color
from .config import AnalyticConfig


@dataclass
class StateBuffer:
    """Canvases on which the same number of strokes is laid in a step; the finished ones make room for bare paper."""

    strokes_per_step: int
    canvas: Tensor
    target: Tensor
    strokes_left: Tensor


class AnalyticTrainer:
    """Lets a network paint, and moves its weights down the gradient of what it leaves.

    Args:
        planner: decides by the proposals of the network that is trained, in place.
        painters: strokes (N, 12) to coverage (N, 1, 64, 64): the ink of the canvases, each painter's on its own.
        draw_targets: gives (count, 3, 64, 64) targets in [0, 1].
        random: source of random numbers.
        learning_rate: Adam's, when it is highest.
        steps: of Adam in all; the learning rate falls to 0 as a cosine.
        config: what a step asks of the strokes.
    """

    def __init__(
        self,
        planner: Planner,
        painters: Sequence[Painter],
        draw_targets: Callable[[int, np.random.Generator], Tensor],
        random: np.random.Generator,
        *,
        learning_rate: float,
        steps: int,
        config: AnalyticConfig | None = None,
    ) -> None:
        self.config = config = config or AnalyticConfig()
        self.planner, self.network = planner, planner.network
        betas = config.mean_decay, config.square_decay
        self.optimizer = torch.optim.Adam(self.network.parameters(), learning_rate, betas=betas)
        self.step = 0
        self._painters = [(painter, pass_straight_through(painter)) for painter in painters]
        self._draw_targets = draw_targets
        self._random = random
        self._learning_rate = learning_rate
        self._steps = steps
        self._buffers = [[self._new_buffer(step) for step in config.buffers] for _ in painters]

    def train_step(self) -> dict[str, float]:
        """One step of Adam.

        Returns:
            ``error_ratio``: part of the squared error that the last strokes leave; ``regret``: see there.
        """
        config, fraction = self.config, self.step / self._steps
        for group in self.optimizer.param_groups:
            rate = self._learning_rate * min(1.0, (self.step + 1) / config.warmup_steps)
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
        round_, turn = divmod(self.step, len(config.schedule))
        number = round_ % len(self._painters)
        painter, straight_through = self._painters[number]
        buffer = self._buffers[number][config.schedule[turn]]
        count = buffer.strokes_per_step
        rows = torch.from_numpy(self._random.choice(config.buffer_size, config.batch_strokes // count, replace=False))
        canvas, target, left = buffer.canvas[rows], buffer.target[rows], buffer.strokes_left[rows]
        total, regrets = canvas.new_zeros(()), canvas.new_zeros(())
        for _ in range(config.horizon):
            observation = observe(canvas.detach(), target, left)
            proposals = self.planner.propose(observation, count, config.exploration, painter.ribbon)
            selection = self.planner.select(proposals, observation, count, config.exploration)
            _, gain = best_color(proposals.coverage, proposals.canvas, proposals.target)
            regrets = regrets + regret(gain.view(proposals.strokes.shape[:3]), config)
            decoded = self.planner.decode(observation, selection, painter.ribbon)
            proposed = paint_strokes(canvas, decoded, straight_through)
            before, after = self._error(canvas, target).detach(), self._error(proposed, target)
            # The more strokes share a step, the more of the error it takes away: evened out.
            total = total + (after / before).mean() / math.sqrt(count)
            with torch.no_grad():
                laid = paint_strokes(canvas, selection.strokes, painter)
            # What is laid, with the gradient of what was proposed.
            canvas = proposed + (laid - proposed).detach()
            left = (left - count).clamp(min=0)
            error_ratio = float((self._error(laid, target) / before).mean())
        self.optimizer.zero_grad()
        (total + config.own_weight * regrets).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.largest_gradient)
        self.optimizer.step()
        self._put_back(buffer, rows, canvas.detach(), left)
        self.step += 1
        return {"regret": float(regrets.detach()) / config.horizon, "error_ratio": error_ratio}

    def _put_back(self, buffer: StateBuffer, rows: Tensor, canvas: Tensor, left: Tensor) -> None:
        buffer.canvas[rows], buffer.strokes_left[rows] = canvas, left
        finished = rows[(left == 0).cpu()]
        if len(finished):
            self._start(buffer, finished)

    def _new_buffer(self, strokes_per_step: int) -> StateBuffer:
        targets = self._draw_targets(self.config.buffer_size, self._random)
        buffer = StateBuffer(
            strokes_per_step,
            torch.ones_like(targets),
            torch.empty_like(targets),
            torch.zeros(self.config.buffer_size, device=targets.device),
        )
        self._start(buffer, torch.arange(self.config.buffer_size), targets)
        return buffer

    def _start(self, buffer: StateBuffer, rows: Tensor, targets: Tensor | None = None) -> None:
        """Put bare paper, new targets and new budgets in the place of rows."""
        config, count = self.config, buffer.strokes_per_step
        low = math.log(max(config.fewest_strokes, config.fewest_steps * count))
        high = math.log(config.most_steps * count)
        budgets = np.exp(self._random.uniform(low, high, len(rows))) / buffer.strokes_per_step
        buffer.canvas[rows] = 1.0
        buffer.target[rows] = self._draw_targets(len(rows), self._random) if targets is None else targets
        buffer.strokes_left[rows] = torch.from_numpy(budgets.round() * buffer.strokes_per_step).to(buffer.strokes_left)

    def _error(self, canvas: Tensor, target: Tensor) -> Tensor:
        """Mean squared errors (B,), never quite 0."""
        return (canvas - target).square().mean((1, 2, 3)) + self.config.least_error

    def state_dict(self) -> dict[str, Any]:
        """All that ``load_state_dict`` needs to go on as if nothing had happened, but for the random numbers."""
        buffers = [
            {"canvas": buffer.canvas, "target": buffer.target, "left": buffer.strokes_left}
            for buffer in itertools.chain.from_iterable(self._buffers)
        ]
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "buffers": buffers,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        for buffer, stored in zip(itertools.chain.from_iterable(self._buffers), state["buffers"], strict=True):
            buffer.canvas, buffer.target, buffer.strokes_left = stored["canvas"], stored["target"], stored["left"]


def regret(gain: Tensor, config: AnalyticConfig) -> Tensor:
    """How far strokes fall short, (), of the one that gains most on the same canvas.

    The mean over places of -ln(gain / highest gain + floor): a logarithm, so that fine strokes count as much as bold
    ones. Of the strokes proposed in a place the best learns, so that they may specialize, and a little all of them,
    so that none is lost.

    Args:
        gain: (B, N, K) of K strokes proposed in each of N places of B canvases.
        config: of the training.
    """
    highest = gain.detach().amax((1, 2), keepdim=True).clamp(min=config.least_gain)
    short = -torch.log((gain / highest).clamp(min=0) + config.regret_floor)
    return ((1 - config.others_weight) * short.amin(2) + config.others_weight * short.mean(2)).mean()
