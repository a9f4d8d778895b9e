"""Gradients of the reward through painter and canvas, with the plain network: what knowing the simulator is worth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ...envs.core import PaintingCore
from ...envs.rewards import POTENTIAL_BASED
from ...painters.neural.straight_through import pass_straight_through
from ...painters.pixels import to_tensor
from .config import AnalyticGradientConfig
from .network import Actor


class AnalyticLearner:
    """Short-horizon gradient ascent on the sum of rewards.

    Args:
        make_env: gives a vector environment of so many; its core, targets and spaces are used.
        config: settings.
        steps: of environments in all.
        seed: of weights, targets and noise.
    """

    def __init__(self, make_env: Callable[[int], Any], config: AnalyticGradientConfig, steps: int, seed: int) -> None:
        self.config, self.steps, self._seed, self.done = config, steps, seed, 0
        env = make_env(config.num_envs).unwrapped
        core: PaintingCore = env.core
        self._core = PaintingCore(
            pass_straight_through(core.painter),
            core.loss,
            reward=core.reward_name,
            view=core.view,
            paper=core.paper,
            stroke_budget=core.stroke_budget,
            strokes_per_step=core.strokes_per_step,
        )
        self._length = core.stroke_budget // core.strokes_per_step
        # A horizon's rewards are then known from the losses at its ends: networks, which most of the time goes to where
        # the loss is perceptual, see a fifth of the canvases.
        self._adds_up = core.reward_name in POTENTIAL_BASED
        self._targets, self._device = env.targets, env.device
        torch.manual_seed(seed)
        self._actor = Actor(env.single_observation_space, core.action_length, config.network).to(env.device)
        self._optimizer = torch.optim.Adam(self._actor.parameters(), config.learning_rate)

    def learn(self, until: int, report: Callable[[int, float], object]) -> None:
        """Go on to so many steps, rounded up to whole episodes."""
        config = self.config
        while self.done < min(until, self.steps):
            # The chance of an episode depends on the seed and the steps before it alone.
            generator = np.random.default_rng([self._seed, self.done])
            torch.manual_seed(int(generator.integers(2**31)))
            numbers = generator.integers(len(self._targets), size=config.num_envs)
            with torch.no_grad():
                state = self._core.initial(
                    to_tensor(np.stack([self._targets.picture(int(number)) for number in numbers]), self._device)
                )
            part = 1 - 0.9 * self.done / self.steps
            for group in self._optimizer.param_groups:
                group["lr"] = config.learning_rate * part
            episode, total = 0.0, torch.zeros((), device=self._device)
            previous = state
            for step in range(1, self._length + 1):
                action = self._actor(self._core.observation(state))
                action = action + config.noise * torch.randn_like(action)
                ends = step % config.horizon == 0 or step == self._length
                state = self._core.transition(state, action, measured=ends or not self._adds_up)
                if ends or not self._adds_up:
                    total, previous = total + self._core.reward(previous, state).mean(), state
                if ends:
                    self._ascend(total)
                    episode += float(total.detach())
                    total, state = torch.zeros_like(total), state.detached()
                    previous = state
            self.done += config.num_envs * self._length
            report(self.done, episode)

    def _ascend(self, total: torch.Tensor) -> None:
        self._optimizer.zero_grad()
        (-total).backward()
        torch.nn.utils.clip_grad_norm_(self._actor.parameters(), self.config.largest_gradient)
        self._optimizer.step()

    def actor(self) -> Actor:
        """The policy."""
        return self._actor

    def state_dict(self) -> dict[str, Any]:
        """All that ``load_state_dict`` needs to go on as if nothing had happened."""
        return {"actor": self._actor.state_dict(), "optimizer": self._optimizer.state_dict(), "done": self.done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken."""
        self._actor.load_state_dict(state["actor"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.done = int(state["done"])
