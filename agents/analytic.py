"""Training the policy's network by gradients: what would its strokes gain, were they laid on half-painted canvases?

The gradient flows through the draft painter, canvas and squared error to the strokes that the network thinks of, with
no score function in between, as in the model-based step of Learning to Paint (Huang et al., 2019). Each is judged alone
and as it was thought of; which are laid, and how they are moved before, is planned by the network anew. Longer horizons
are left out: what a good stroke gains is seldom lost later. What the network is, and how it is measured and saved, is
elsewhere.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..envs.canvas import StrokePainter, paint_strokes
from ..envs.core import budget_plane
from .color import best_color
from .stroke_network import StrokeNetwork

_STROKES = 48
"""Strokes that are laid for each step of Adam, on as many canvases as it takes."""
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
_FLOOR = 0.1
_LEAST_GAIN = 1e-6


@dataclass
class _Pool:
    """Canvases on which the same number of strokes is laid in a step; the finished ones make room for bare paper."""

    strokes_per_step: int
    canvas: Tensor
    target: Tensor
    left: Tensor


class AnalyticTrainer:
    """Lets a network paint, and moves its weights up the gradient of what its strokes gain.

    Args:
        network: what is trained, in place.
        draw_targets: gives (count, 3, 64, 64) targets in [0, 1].
        random: source of random numbers.
        learning_rate: Adam's, when it is highest.
        steps: of Adam in all; the learning rate falls to 0 as a cosine.
    """

    def __init__(
        self,
        network: StrokeNetwork,
        draw_targets: Callable[[int, np.random.Generator], Tensor],
        random: np.random.Generator,
        *,
        learning_rate: float,
        steps: int,
    ) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(network.parameters(), learning_rate, betas=(0.9, 0.98))
        self.step = 0
        self._draw_targets = draw_targets
        self._random = random
        self._learning_rate = learning_rate
        self._steps = steps
        self._pools = [self._new_pool(step) for step in _POOLS]

    def train_step(self, painter: StrokePainter) -> dict[str, float]:
        """One step of Adam.

        Args:
            painter: strokes (N, 12) to coverage (N, 1, 64, 64), for the ink of the canvases; needs no gradients.

        Returns:
            ``shortfall``: what is minimised, see ``shortfall``; ``left``: part of the squared error that the strokes
            that were laid leave.
        """
        begun = self.step / self._steps
        for group in self.optimizer.param_groups:
            rate = self._learning_rate * min(1.0, (self.step + 1) / 100)
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * min(begun, 1.0)))
        pool = self._pools[_TURNS[self.step % len(_TURNS)]]
        rows = torch.from_numpy(self._random.choice(_POOL, _STROKES // pool.strokes_per_step, replace=False))
        canvas, target, left = pool.canvas[rows], pool.target[rows], pool.left[rows]
        observation = observe(canvas, target, left)
        ideas = self.network.ideas(observation, pool.strokes_per_step, _EXPLORATION)
        _, gain = best_color(ideas.coverage, ideas.canvas, ideas.target)
        total = shortfall(gain.view(ideas.strokes.shape[:3]))
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            choices = self.network.choose(ideas, observation, pool.strokes_per_step, _EXPLORATION)
            painted = paint_strokes(canvas, choices.strokes, painter)
        error, remaining = ((x - target).square().mean() for x in (canvas, painted))
        self._put_back(pool, rows, painted, (left - pool.strokes_per_step).clamp(min=0))
        self.step += 1
        return {"shortfall": float(total.detach()), "left": float(remaining / error.clamp(min=1e-6))}

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
