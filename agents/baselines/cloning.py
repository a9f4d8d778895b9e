"""Behavior cloning of the gradient agent: what its paintings teach a plain network."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...envs.core import PaintingCore
from ...envs.state import PaintingState
from ...painters.device import upload
from ...painters.pixels import to_tensor
from ...painters.stroke import CONTROL, STROKE_FIELDS
from ...painters.style import Style
from ..gradient import GradientAgent
from .config import CloningConfig
from .network import Actor

_OTHER_END = {"start_x": "end_x", "start_y": "end_y", "entry_pressure": "end_pressure"}
_BACKWARDS = [
    STROKE_FIELDS.index({**_OTHER_END, **{end: start for start, end in _OTHER_END.items()}}.get(name, name))
    for name in STROKE_FIELDS
]
"""A stroke's numbers in the order of the same stroke from its other end."""


class CloningLearner:
    """Lets the gradient agent paint, and learns its strokes by heart.

    The gradient agent's strokes have an order of painting, but it decided on all of them at once. Each is taken when
    the view looks nearest to it, from the end that makes the view's numbers smaller, and told as these, cut to [-1, 1].

    Args:
        make_env: gives a vector environment of so many; its core, targets and spaces are used.
        config: settings.
        steps: of environments; cloning takes paintings times strokes of them, whatever is asked.
        seed: of weights, targets and batches.
    """

    def __init__(self, make_env: Callable[[int], Any], config: CloningConfig, steps: int, seed: int) -> None:
        self.config, self._seed, self.done = config, seed, 0
        env = make_env(1).unwrapped
        self._core: PaintingCore = env.core
        self._targets, self._device = env.targets, env.device
        self.steps = config.paintings * self._core.stroke_budget
        torch.manual_seed(seed)
        self._actor = Actor(env.single_observation_space, self._core.action_length, config.network).to(env.device)

    def learn(self, until: int, report: Callable[[int, float], object]) -> None:
        """Paint and learn, all at once, when the last step is asked for."""
        if until < self.steps or self.done:
            return
        observations, actions = self._paint(report)
        optimizer = torch.optim.Adam(self._actor.parameters(), self.config.learning_rate)
        generator = np.random.default_rng([self._seed, 1])
        batches = max(1, len(observations) // self.config.batch_size)
        total, step = self.config.epochs * batches, 0
        for _ in range(self.config.epochs):
            for rows in torch.from_numpy(generator.permutation(len(observations))).chunk(batches):
                for group in optimizer.param_groups:
                    group["lr"] = self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total))
                loss = (self._actor(observations[rows].float() / 255) - actions[rows]).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
        self.done = self.steps
        report(self.done, -float(loss.detach()))

    @torch.no_grad()
    def _paint(self, report: Callable[[int, float], object]) -> tuple[Tensor, Tensor]:
        """Observations (N, C, h, w) uint8 and actions (N, length) of the gradient agent's paintings."""
        core, generator = self._core, np.random.default_rng([self._seed, 0])
        agent = GradientAgent(painter=core.painter, loss="mse", iterations=self.config.iterations)
        observations, actions = [], []
        for number in range(self.config.paintings):
            picture = self._targets.picture(int(generator.integers(len(self._targets))))
            state = core.initial(to_tensor(picture, self._device))
            paper = state.canvas[0].mean((1, 2)).clamp(0, 1)
            style = Style(background=(float(paper[0]), float(paper[1]), float(paper[2])))
            painted = agent.paint(picture, core.stroke_budget, style=style, seed=number)
            strokes = torch.from_numpy(painted.strokes).to(self._device)
            while len(strokes):
                chosen = _nearest(state, strokes, core.strokes_per_step)
                action = core.actions(state, _either_way(core, state, strokes[chosen])[None]).clamp(-1, 1)
                observations.append(core.quantized_observation(state))
                actions.append(action)
                state = core.transition(state, action)
                kept = torch.ones(len(strokes), dtype=torch.bool, device=self._device)
                kept[chosen] = False
                strokes = strokes[kept]
            report((number + 1) * core.stroke_budget, float(core.score(state)))
        return torch.cat(observations), torch.cat(actions)

    def actor(self) -> Actor:
        """The policy."""
        return self._actor

    def state_dict(self) -> None:
        """None: there is nothing half done."""


def _either_way(core: PaintingCore, state: PaintingState, strokes: Tensor) -> Tensor:
    """Strokes (T, 12) from the end that makes the view's numbers smaller, which leaves much the same ink.

    Which one the gradient agent began with is chance, and the mean of both ways is a stroke of no length.
    """
    both = torch.stack([strokes, strokes[:, upload(_BACKWARDS, strokes.device)]])
    numbers = core.view.numbers(state, both.flatten(0, 1)[None])[0].unflatten(0, both.shape[:2])
    nearer = numbers.square().sum(-1).argmin(0)
    return both[nearer, torch.arange(len(strokes), device=strokes.device)]


def _nearest(state: PaintingState, strokes: Tensor, count: int) -> Tensor:
    """Which ``count`` strokes (T, 12) have their middles nearest to where the view looks; else the first."""
    if state.focus is None:
        return torch.arange(count)
    distance = (strokes[:, CONTROL] * state.target.shape[-1] - state.focus[:, :2]).square().sum(1)
    return distance.topk(count, largest=False).indices
