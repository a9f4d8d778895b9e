"""Training the policy's network through the canvas: short horizons of differentiable steps from half-painted canvases.

After SHAC (Xu et al., "Accelerated policy learning with parallel differentiable simulation", 2022) and the model-based
step of Learning to Paint (Huang et al., 2019). Two things are asked of the strokes that the network proposes. Those
that are laid: which part of the error do they leave, and the next ones after them? And all of them: what would each
gain, were it laid alone? The first alone makes strokes timid where little error is left, the second alone plans badly
for few strokes. Strokes are judged as they were proposed, but the canvases are those that the plan leads to. What the
network is, and how it is measured and saved, is elsewhere.
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...envs.views.canvas import observe
from ...painters.canvas import paint_strokes
from ...painters.neural.straight_through import pass_straight_through
from ...painters.painter import Painter
from ...processes import ALONE, Processes
from ..policy.planner import Planner
from ..search.color import best_color
from .config import AnalyticConfig

Buffers = list[list["StateBuffer"]]
"""The half-painted canvases that a batch is taken from: for each painter, by strokes a step."""


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
        random: source of random numbers of the first batch; those of the others depend on seed, batch and step alone.
        learning_rate: Adam's, when it is highest.
        steps: of Adam in all; the learning rate falls to 0 as a cosine.
        config: what a step asks of the strokes.
        seed: of all batches but the first.
        processes: those that train together, each on batches of its own.
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
        seed: int = 0,
        processes: Processes = ALONE,
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
        self._seed = seed
        self._processes = processes
        self._batches = [processes.rank * config.batches + number for number in range(config.batches)]
        self._buffers = [self._new_buffers(batch) for batch in self._batches]

    def train_step(self) -> dict[str, float]:
        """One step of Adam.

        Returns:
            ``error_ratio``: part of the squared error that the last strokes leave; ``regret``: see there.
        """
        config, fraction = self.config, self.step / self._steps
        self.optimizer.zero_grad()
        figures: dict[str, float] = {}
        for batch, buffers in zip(self._batches, self._buffers, strict=True):
            with self._chance(batch, self.step) as random:
                found = self._descend(buffers, random)
            figures = {name: figures.get(name, 0.0) + value / config.batches for name, value in found.items()}
        self._processes.average_gradients(self.network.parameters())
        for group in self.optimizer.param_groups:
            rate = self._learning_rate * min(1.0, (self.step + 1) / config.warmup_steps)
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.largest_gradient)
        self.optimizer.step()
        self.step += 1
        return self._processes.average(figures)

    @contextlib.contextmanager
    def _chance(self, batch: int, step: int) -> Iterator[np.random.Generator]:
        """The random numbers of a batch, torch's too, which any process may have to draw."""
        if batch == 0:
            yield self._random
            return
        numbers = np.random.SeedSequence([self._seed, batch, step])
        device = next(self.network.parameters()).device
        with torch.random.fork_rng([torch.cuda.current_device()] if device.type == "cuda" else []):
            torch.manual_seed(int(numbers.generate_state(1)[0]))
            yield np.random.default_rng(numbers)

    def _descend(self, buffers: Buffers, random: np.random.Generator) -> dict[str, float]:
        """Lay a batch's next strokes, and add its part of the gradient."""
        config = self.config
        round_, turn = divmod(self.step, len(config.schedule))
        number = round_ % len(self._painters)
        painter, straight_through = self._painters[number]
        buffer = buffers[number][config.schedule[turn]]
        count = buffer.strokes_per_step
        rows = torch.from_numpy(random.choice(config.buffer_size, config.batch_strokes // count, replace=False))
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
        ((total + config.own_weight * regrets) / config.batches).backward()
        self._put_back(buffer, rows, canvas.detach(), left, random)
        return {"regret": float(regrets.detach()) / config.horizon, "error_ratio": error_ratio}

    def _put_back(
        self, buffer: StateBuffer, rows: Tensor, canvas: Tensor, left: Tensor, random: np.random.Generator
    ) -> None:
        buffer.canvas[rows], buffer.strokes_left[rows] = canvas, left
        finished = rows[(left == 0).cpu()]
        if len(finished):
            self._start(buffer, finished, random)

    def _new_buffers(self, batch: int) -> Buffers:
        with self._chance(batch, self._steps) as random:
            return [[self._new_buffer(step, random) for step in self.config.buffers] for _ in self._painters]

    def _new_buffer(self, strokes_per_step: int, random: np.random.Generator) -> StateBuffer:
        targets = self._draw_targets(self.config.buffer_size, random)
        buffer = StateBuffer(
            strokes_per_step,
            torch.ones_like(targets),
            torch.empty_like(targets),
            torch.zeros(self.config.buffer_size, device=targets.device),
        )
        self._start(buffer, torch.arange(self.config.buffer_size), random, targets)
        return buffer

    def _start(
        self, buffer: StateBuffer, rows: Tensor, random: np.random.Generator, targets: Tensor | None = None
    ) -> None:
        """Put bare paper, new targets and new budgets in the place of rows."""
        config, count = self.config, buffer.strokes_per_step
        low = math.log(max(config.fewest_strokes, config.fewest_steps * count))
        high = math.log(config.most_steps * count)
        budgets = np.exp(random.uniform(low, high, len(rows))) / buffer.strokes_per_step
        buffer.canvas[rows] = 1.0
        buffer.target[rows] = self._draw_targets(len(rows), random) if targets is None else targets
        buffer.strokes_left[rows] = torch.from_numpy(budgets.round() * buffer.strokes_per_step).to(buffer.strokes_left)

    def _error(self, canvas: Tensor, target: Tensor) -> Tensor:
        """Mean squared errors (B,), never quite 0."""
        return (canvas - target).square().mean((1, 2, 3)) + self.config.least_error

    def state_dict(self) -> dict[str, Any]:
        """All that ``load_state_dict`` needs to go on as if nothing had happened, but for the random numbers.

        All processes have to ask for it, and the first is given the buffers of all.
        """
        own = [
            [
                {"canvas": buffer.canvas.cpu(), "target": buffer.target.cpu(), "left": buffer.strokes_left.cpu()}
                for buffer in itertools.chain.from_iterable(buffers)
            ]
            for buffers in self._buffers
        ]
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "buffers": [*itertools.chain.from_iterable(self._processes.gather(own))],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken; batches that there were not begin with bare paper.

        Args:
            state: of the first process; that of others wants no buffers.
        """
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        for buffers, kept in zip(self._buffers, self._share_out(state.get("buffers")), strict=False):
            for buffer, stored in zip(itertools.chain.from_iterable(buffers), kept, strict=True):
                parts = (stored[name].to(buffer.canvas.device) for name in ("canvas", "target", "left"))
                buffer.canvas, buffer.target, buffer.strokes_left = parts

    def _share_out(self, stored: list[Any] | None) -> list[Any]:
        """What was stored of this process's batches; fewer than it has, where there were fewer."""
        size, shares = self.config.batches, None
        if stored is not None:
            shares = [stored[rank * size : (rank + 1) * size] for rank in range(self._processes.count)]
        return self._processes.scatter(shares)


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
