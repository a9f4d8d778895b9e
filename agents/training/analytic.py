"""Training the policy's network through the canvas: short horizons of differentiable steps from half-painted canvases.

After SHAC (Xu et al., "Accelerated policy learning with parallel differentiable simulation", 2022) and the model-based
step of Learning to Paint (Huang et al., 2019). Two things are asked of the strokes that the network thinks of. Those
that are laid: which part of the error do they leave, and the next ones after them? And all of them: what would each
gain, were it laid alone? The first alone makes strokes timid where little error is left, the second alone plans badly
for few strokes. Strokes are judged as they were thought of, but the canvases are those that the plan leads to. What the
network is, and how it is measured and saved, is elsewhere.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...painters.canvas import paint_strokes
from ...envs.core import budget_plane
from ...painters.painter import Painter
from ...painters.neural.straight_through import smoothed
from ..search.color import best_color
from ..policy.network import StrokeNetwork

HORIZON = 2
_STROKES = 48
"""Strokes that a batch lays in each step of the horizon."""
_POOL = 96
"""Half-painted canvases kept for each number of strokes a step."""
_POOLS = (1, 2, 4, 8, 16)
"""Strokes a step of each pool of canvases."""
_TURNS = (1, 2, 3, 1, 4, 2, 0, 3)
"""Which pool is painted on next."""
_FEWEST = 5
_EXPLORATION = 0.5
_OTHERS = 0.1
"""Weight of all strokes thought of in a place, beside the best of them."""
_OWN_WEIGHT = 0.2
"""Of what strokes would gain alone, beside the part of the error that they leave together."""
_FLOOR = 0.1
_LEAST_GAIN, _LEAST_ERROR = 1e-6, 2e-4


@dataclass
class _Pool:
    """Canvases on which the same number of strokes is laid in a step; the finished ones make room for bare paper."""

    strokes_per_step: int
    canvas: Tensor
    target: Tensor
    left: Tensor


class AnalyticTrainer:
    """Lets a network paint, and moves its weights down the gradient of what it leaves.

    Args:
        network: what is trained, in place.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64): the ink of the canvases.
        draw_targets: gives (count, 3, 64, 64) targets in [0, 1].
        random: source of random numbers.
        learning_rate: Adam's, when it is highest.
        steps: of Adam in all; the learning rate falls to 0 as a cosine.
    """

    def __init__(
        self,
        network: StrokeNetwork,
        painter: Painter,
        draw_targets: Callable[[int, np.random.Generator], Tensor],
        random: np.random.Generator,
        *,
        learning_rate: float,
        steps: int,
    ) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(network.parameters(), learning_rate, betas=(0.9, 0.98))
        self.step = 0
        self._painter, self._smoothed = painter, smoothed(painter)
        self._draw_targets = draw_targets
        self._random = random
        self._learning_rate = learning_rate
        self._steps = steps
        self._pools = [self._new_pool(step) for step in _POOLS]

    def train_step(self) -> dict[str, float]:
        """One step of Adam.

        Returns:
            ``left``: part of the squared error that the last strokes leave; ``shortfall``: see there.
        """
        begun = self.step / self._steps
        for group in self.optimizer.param_groups:
            rate = self._learning_rate * min(1.0, (self.step + 1) / 100)
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * min(begun, 1.0)))
        pool = self._pools[_TURNS[self.step % len(_TURNS)]]
        count = pool.strokes_per_step
        rows = torch.from_numpy(self._random.choice(_POOL, _STROKES // count, replace=False))
        canvas, target, left = pool.canvas[rows], pool.target[rows], pool.left[rows]
        total, fallen = canvas.new_zeros(()), canvas.new_zeros(())
        for _ in range(HORIZON):
            observation = observe(canvas.detach(), target, left)
            ideas = self.network.ideas(observation, count, _EXPLORATION)
            choices = self.network.choose(ideas, observation, count, _EXPLORATION)
            _, gain = best_color(ideas.coverage, ideas.canvas, ideas.target)
            fallen = fallen + shortfall(gain.view(ideas.strokes.shape[:3]))
            thought = paint_strokes(canvas, self.network.thoughts(observation, choices), self._smoothed)
            before, after = _error(canvas, target).detach(), _error(thought, target)
            # The more strokes share a step, the more of the error it takes away: evened out.
            total = total + (after / before).mean() / math.sqrt(count)
            with torch.no_grad():
                laid = paint_strokes(canvas, choices.strokes, self._painter)
            # What is laid, with the gradient of what was thought of.
            canvas = thought + (laid - thought).detach()
            left = (left - count).clamp(min=0)
            remaining = float((_error(laid, target) / before).mean())
        self.optimizer.zero_grad()
        (total + _OWN_WEIGHT * fallen).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self._put_back(pool, rows, canvas.detach(), left)
        self.step += 1
        return {"shortfall": float(fallen.detach()) / HORIZON, "left": remaining}

    def _put_back(self, pool: _Pool, rows: Tensor, canvas: Tensor, left: Tensor) -> None:
        pool.canvas[rows], pool.left[rows] = canvas, left
        finished = rows[(left == 0).cpu()]
        if len(finished):
            self._begin(pool, finished)

    def _new_pool(self, strokes_per_step: int) -> _Pool:
        targets = self._draw_targets(_POOL, self._random)
        pool = _Pool(
            strokes_per_step,
            torch.ones_like(targets),
            torch.empty_like(targets),
            torch.zeros(_POOL, device=targets.device),
        )
        self._begin(pool, torch.arange(_POOL), targets)
        return pool

    def _begin(self, pool: _Pool, rows: Tensor, targets: Tensor | None = None) -> None:
        """Put bare paper, new targets and new budgets in the place of rows."""
        low, high = math.log(max(_FEWEST, 6 * pool.strokes_per_step)), math.log(32 * pool.strokes_per_step)
        budgets = np.exp(self._random.uniform(low, high, len(rows))) / pool.strokes_per_step
        pool.canvas[rows] = 1.0
        pool.target[rows] = self._draw_targets(len(rows), self._random) if targets is None else targets
        pool.left[rows] = torch.from_numpy(budgets.round() * pool.strokes_per_step).to(pool.left)

    def state_dict(self) -> dict[str, Any]:
        """All that ``load_state_dict`` needs to go on as if nothing had happened, but for the random numbers."""
        pools = [{"canvas": pool.canvas, "target": pool.target, "left": pool.left} for pool in self._pools]
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "pools": pools,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        for pool, stored in zip(self._pools, state["pools"], strict=True):
            pool.canvas, pool.target, pool.left = stored["canvas"], stored["target"], stored["left"]


def shortfall(gain: Tensor) -> Tensor:
    """How far strokes fall short, (), of the one that gains most on the same canvas.

    The mean over places of -ln(gain / highest gain + 0.1): a logarithm, so that fine strokes count as much as bold
    ones. Of the strokes thought of in a place the best learns, so that they may specialise, and a little all of them,
    so that none is lost.

    Args:
        gain: (B, N, K) of K strokes thought of in each of N places of B canvases.
    """
    highest = gain.detach().amax((1, 2), keepdim=True).clamp(min=_LEAST_GAIN)
    short = -torch.log((gain / highest).clamp(min=0) + _FLOOR)
    return ((1 - _OTHERS) * short.amin(2) + _OTHERS * short.mean(2)).mean()


def observe(canvas: Tensor, target: Tensor, left: Tensor) -> Tensor:
    """Observations (B, 7, H, W) of canvases and targets (B, 3, H, W) in [0, 1] with ``left`` strokes, (B,), to go."""
    return torch.cat([canvas, target, budget_plane(left).expand_as(canvas[:, :1])], 1)


def _error(canvas: Tensor, target: Tensor) -> Tensor:
    """Mean squared errors (B,), never quite 0."""
    return (canvas - target).square().mean((1, 2, 3)) + _LEAST_ERROR
