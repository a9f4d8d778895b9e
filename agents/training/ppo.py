"""PPO for policies: stable-baselines3's own, in the batched environment, in rounds that can be taken up again.

In a round every environment paints one picture, from bare paper to the last stroke. The chance of a round depends on
the seed and on the steps before it alone; so a run that was interrupted between rounds goes on as if it had not been.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from stable_baselines3.common.utils import LinearSchedule, set_random_seed
from stable_baselines3.common.vec_env import VecMonitor

from ...painters.pixels import to_uint8
from ..policy.sb3_policy import PaintingPolicy
from .config import PolicyTrainingConfig
from .target_sampler import TargetSampler
from .vec_env import PaintingVecEnv


def make_ppo(config: PolicyTrainingConfig, sampler: TargetSampler, options: dict[str, Any]) -> PPO:
    """An untrained model with its environments.

    Args:
        config: what is to be trained.
        sampler: draws the pictures that are painted.
        options: ``width`` and ``hidden`` of the network.
    """
    environment = gymnasium.make_vec(
        "paintgym/Painting-v0",
        num_envs=config.ppo_environments,
        autoreset_mode="SameStep",
        # Only what is painted after the last stroke of a round; each round brings its own pictures.
        target=list(to_uint8(sampler.draw(1, np.random.default_rng(config.seed)))),
        painter=config.painter,
        perceptual=config.perceptual,
        reward="improvement",
        stroke_budget=config.ppo_strokes,
        strokes_per_step=config.ppo_strokes_per_step,
        device=config.device,
    )
    return PPO(
        PaintingPolicy,
        VecMonitor(PaintingVecEnv(environment)),
        n_steps=config.ppo_round // config.ppo_environments,
        batch_size=min(config.ppo_batch_size, config.ppo_round),
        n_epochs=config.ppo_epochs,
        # Not to zero: that is what the last round would learn with.
        learning_rate=LinearSchedule(config.ppo_learning_rate, 0.1 * config.ppo_learning_rate, 1.0),
        # Improvements of an episode add up to what it gained: nothing later is worth less.
        gamma=1.0,
        gae_lambda=config.ppo_gae_lambda,
        target_kl=config.ppo_target_kl,
        policy_kwargs={**options, "planner": config.planner, "log_std_init": config.ppo_log_std},
        device=config.device,
    )


class ResetCallback(BaseCallback):
    """Begins each round of ``learn`` afresh, and says between rounds how far it has come.

    Args:
        config: what is trained.
        sampler: draws the pictures that are painted.
        report: called every step with the actions so far, and the mean return of late.
        measure: called before the first round, now and then between rounds, and at the end, with the actions so far.
    """

    def __init__(
        self,
        config: PolicyTrainingConfig,
        sampler: TargetSampler,
        report: Callable[[int, float], object],
        measure: Callable[[int], object],
    ) -> None:
        super().__init__()
        self._config = config
        self._sampler = sampler
        self._report = report
        self._measure = measure

    def _on_rollout_start(self) -> None:
        config, done = self._config, self.model.num_timesteps
        if done % (config.ppo_evaluate_every * config.ppo_round) == 0:
            self._measure(done)
        chance = np.random.SeedSequence([config.seed, done])
        set_random_seed(int(chance.generate_state(1)[0]))
        environment = self.model.env
        assert environment is not None
        pictures = to_uint8(self._sampler.draw(config.ppo_environments, np.random.default_rng(chance)))
        environment.set_options([{"target": picture} for picture in pictures])
        self.model._last_obs = environment.reset()  # type: ignore[assignment]

    def _on_step(self) -> bool:
        returns: deque[dict[str, float]] = self.model.ep_info_buffer or deque()
        self._report(self.num_timesteps, float(np.mean([info["r"] for info in returns])) if returns else math.nan)
        return True

    def _on_training_end(self) -> None:
        self._measure(self.num_timesteps)


def train_ppo(model: PPO, config: PolicyTrainingConfig, done: int, folder: str, callback: ResetCallback) -> None:
    """Carry PPO from ``done`` actions to the end.

    Args:
        model: from ``make_ppo``.
        config: what it was made with.
        done: actions that the model has learned from already.
        folder: where TensorBoard's ``rollout/`` and ``train/`` go.
        callback: takes part.
    """
    model.set_logger(Logger(folder, [TensorBoardOutputFormat(folder)]))
    model.num_timesteps = done
    model.learn(config.stages["ppo"] - done, callback=callback, reset_num_timesteps=False)
    model.logger.dump(model.num_timesteps)  # What learn() noted of its last round.
    model.logger.close()
