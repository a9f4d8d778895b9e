"""Training the policy's network through the canvas: short horizons of differentiable steps from half-painted canvases.

After SHAC (Xu et al., "Accelerated policy learning with parallel differentiable simulation", 2022) and the model-based
step of Learning to Paint (Huang et al., 2019). A step is judged by the part of the loss that it leaves, which means
the same on pictures hard and easy, and by the next one: what a good stroke gains is seldom lost later. What the network
is, and how it is measured and saved, is elsewhere.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..envs.canvas import StrokePainter, composite
from ..envs.core import budget_plane
from ..envs.loss import Features, Loss, PixelLoss
from ..painters.draft import DraftPainter
from ..painters.stroke import COLOR
from .stroke_network import STROKES_PER_STEP, StrokeNetwork

HORIZON = 2
_STROKES = 48
"""Strokes that a batch lays in each step of the horizon."""
_POOL = 96
"""Half-painted canvases kept for each number of strokes a step."""
_TURNS = (1, 2, 3, 1, 4, 2, 0, 3)
"""Which pool is painted on next."""
_FEWEST = 5
_EXPLORATION = 0.5
_PROMISE_WEIGHT = 0.05
_OTHERS = 0.1
"""Part of the strokes that are not the best of those thought of."""
_LEAST_ERROR, _LEAST_LOSS, _LEAST_GAIN = 2e-4, 1e-3, 1e-5
_FLOOR = 0.2


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
        self._pixel_loss = PixelLoss()
        self._draft = DraftPainter().to(next(network.parameters()).device)
        self._pools = [self._new_pool(step) for step in STROKES_PER_STEP]

    def train_step(self, painter: StrokePainter, loss: Loss | None = None, weight: float = 0.0) -> dict[str, float]:
        """One step of Adam.

        Args:
            painter: strokes (N, 12) to coverage (N, 1, 64, 64).
            loss: a perceptual loss beside the squared error, or none.
            weight: its part, in [0, 1].

        Returns:
            ``left``: part of the loss that a step leaves; ``promise``: squared error of what was promised, in ln.
        """
        begun = self.step / self._steps
        for group in self.optimizer.param_groups:
            rate = self._learning_rate * min(1.0, (self.step + 1) / 100)
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * min(begun, 1.0)))
        pool = self._pools[_TURNS[self.step % len(_TURNS)]]
        rows = torch.from_numpy(self._random.choice(_POOL, _STROKES // pool.strokes_per_step, replace=False))
        canvas, target, left = pool.canvas[rows], pool.target[rows], pool.left[rows]
        features = None if loss is None else loss.features(target)
        before = self._losses(canvas, target, loss, features)
        total, remaining = canvas.new_zeros(()), 0.0
        for _ in range(HORIZON):
            observation = observe(canvas.detach(), target, left)
            thought, promise = self.network.hypotheses(observation, pool.strokes_per_step, _EXPLORATION)
            strokes, gained = self._try(thought, canvas.detach(), target)
            # Ranks are what counts: a floor in proportion keeps useless strokes from drowning the others.
            floor = _FLOOR * gained.amax((1, 2), keepdim=True) + _LEAST_GAIN
            miss = (promise - torch.log(gained + floor)).square().mean()
            coverage = painter(strokes.flatten(0, 1)).unflatten(0, strokes.shape[:2])
            canvas = composite(canvas, coverage, strokes[..., COLOR])
            left = (left - pool.strokes_per_step).clamp(min=0)
            after = self._losses(canvas, target, loss, features)
            ratios = (1 - weight) * after[0] / before[0].detach()
            if loss is not None:
                ratios = ratios + weight * after[1] / before[1].detach()
            # The more strokes share a step, the more of the loss it takes away: evened out.
            total = total + ratios.mean() / math.sqrt(pool.strokes_per_step) + _PROMISE_WEIGHT * miss
            remaining += float(ratios.detach().mean()) / HORIZON
            before = after
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self._put_back(pool, rows, canvas.detach(), left)
        self.step += 1
        return {"left": remaining, "promise": float(miss.detach())}

    def _try(self, thought: Tensor, canvas: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Of strokes (B, T, K, 12), those (B, T, 12) that gain most, and what each would gain, (B, T, K).

        Only they learn, so that the others may specialise; now and then another one is taken, so that none is lost.
        """
        with torch.no_grad():
            coverage = self._draft(thought.flatten(0, 2)).unflatten(0, (len(thought), -1))
            gained = _gains(canvas, target, coverage, thought[..., COLOR].flatten(1, 2)).view(thought.shape[:-1])
            taken = gained.argmax(-1)
            other = torch.randint_like(taken, thought.shape[2])
            taken = torch.where(torch.rand(taken.shape, device=taken.device) < _OTHERS, other, taken)
        rows = taken[..., None, None].expand(-1, -1, -1, thought.shape[-1])
        return thought.gather(2, rows)[:, :, 0], gained

    def _losses(self, canvas: Tensor, target: Tensor, loss: Loss | None, features: Features | None) -> list[Tensor]:
        """Distances (B,): squared error first, then the perceptual one, if there is one."""
        losses = [self._pixel_loss(canvas, (target,)) + _LEAST_ERROR]
        if loss is not None and features is not None:
            losses.append(loss(canvas, features) + _LEAST_LOSS)
        return losses

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


def observe(canvas: Tensor, target: Tensor, left: Tensor) -> Tensor:
    """Observations (B, 7, H, W) of canvases and targets (B, 3, H, W) in [0, 1] with ``left`` strokes, (B,), to go."""
    return torch.cat([canvas, target, budget_plane(left).expand_as(canvas[:, :1])], 1)


def _gains(canvas: Tensor, target: Tensor, coverage: Tensor, color: Tensor) -> Tensor:
    """The part (B, T) in [0, 1] of the squared error that each stroke, were it laid alone, would take away.

    With d = canvas - target and m = colour - canvas, a stroke changes the error by 2 a <d, m> + a^2 <m, m>.
    """
    weight = coverage[:, :, 0].flatten(2)
    canvas, difference = canvas.flatten(2), (canvas - target).flatten(2)
    square = weight.square()
    # The sums over pixels of a <d, c>, a <d, x>, a^2 <c, c>, a^2 <c, x> and a^2 <x, x>, colour c, canvas x.
    change = (
        2 * ((weight @ difference.mT) * color).sum(-1) - 2 * (weight @ (difference * canvas).sum(1)[..., None])[..., 0]
    )
    change = change + square.sum(-1) * color.square().sum(-1) - 2 * ((square @ canvas.mT) * color).sum(-1)
    change = change + (square @ canvas.square().sum(1)[..., None])[..., 0]
    total = difference.square().sum((1, 2)).clamp(min=1e-3)
    return (-change / total[:, None]).clamp(0, 1)
