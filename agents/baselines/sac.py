"""SAC on a task of the ladder: stable-baselines3's, with the plain network and a fixed entropy coefficient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ContinuousCritic
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.sac.policies import CnnPolicy
from torch import Tensor, nn

from .config import SACConfig
from .network import Actor, PlainFeatures, fuse, make_adapter


class SACLearner:
    """SAC from the first step to the last in one go.

    Its replay memory is no part of a checkpoint: a run that was interrupted begins again.

    Args:
        make_env: gives a vector environment of so many.
        config: settings.
        steps: of environments in all.
        seed: of weights, targets and noise.
    """

    def __init__(self, make_env: Callable[[int], Any], config: SACConfig, steps: int, seed: int) -> None:
        self.config, self.steps = config, steps
        env = make_adapter(make_env(config.num_envs))
        env.seed(seed)
        device = env.get_attr("device", indices=0)[0]
        self.model = SAC(
            _Policy,
            env,
            learning_rate=config.learning_rate,
            buffer_size=steps,
            learning_starts=config.warmup_steps,
            batch_size=config.batch_size,
            gamma=config.gamma,
            ent_coef=config.entropy,
            train_freq=1,
            gradient_steps=max(1, round(config.updates_per_step * config.num_envs)),
            policy_kwargs={
                "features_extractor_class": PlainFeatures,
                "features_extractor_kwargs": {"config": config.network},
                "net_arch": {"pi": [], "qf": [config.network.hidden]},
                "optimizer_kwargs": fuse(device),
            },
            seed=seed,
            device=device,
        )
        self.observation_space = env.observation_space
        self._started = False
        for layer, middle in ((self.model.actor.mu, 0.0), (self.model.actor.log_std, config.log_std)):
            assert isinstance(layer, nn.Linear)
            nn.init.orthogonal_(layer.weight, 0.01)
            nn.init.constant_(layer.bias, middle)

    @property
    def done(self) -> int:
        """Steps of environments so far."""
        return int(self.model.num_timesteps)

    def learn(self, until: int, report: Callable[[int, float], object]) -> None:
        """Go on to so many steps, rounded up to whole steps of all environments."""
        steps = min(until, self.steps) - self.done
        if steps > 0:
            self.model.learn(steps, callback=_Report(report), reset_num_timesteps=not self._started)
            self._started = True

    def actor(self) -> Actor:
        """The policy's mean."""
        policy = self.model.actor
        length = int(np.prod(self.model.action_space.shape or ()))
        actor = Actor(self.observation_space, length, self.config.network, squash=True)
        actor.features.load_state_dict(policy.features_extractor.state_dict())
        actor.mean.load_state_dict(policy.mu.state_dict())
        return actor.eval()

    def state_dict(self) -> None:
        """None: see the class."""


class _Critic(ContinuousCritic):
    """Where the actor learns, no gradient flows to its convolutions: a tenth of the time, for what is thrown away."""

    def forward(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, ...]:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not actions.requires_grad):
            features = self.extract_features(obs, self.features_extractor)
        values = torch.cat([features, actions], dim=1)
        return tuple(network(values) for network in self.q_networks)


class _Policy(CnnPolicy):
    def make_critic(self, features_extractor: BaseFeaturesExtractor | None = None) -> ContinuousCritic:
        return _Critic(**self._update_features_extractor(self.critic_kwargs, features_extractor)).to(self.device)


class _Report(BaseCallback):
    def __init__(self, report: Callable[[int, float], object]) -> None:
        super().__init__()
        self._report = report

    def _on_step(self) -> bool:
        self._report(self.model.num_timesteps, float(np.mean(self.locals["rewards"])))
        return True
