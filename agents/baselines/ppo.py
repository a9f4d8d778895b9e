"""PPO on a task of the ladder: stable-baselines3's, with the plain network."""

import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import LinearSchedule, set_random_seed

from .config import PPOConfig
from .network import Actor, PlainFeatures, fuse, make_adapter


class PPOLearner:
    """PPO that can be taken up again between rollouts, of which each begins afresh.

    Args:
        make_env: gives a vector environment of so many, with the autoreset mode that it is asked for.
        config: settings.
        steps: of environments in all.
        seed: of weights, targets and noise.
    """

    def __init__(self, make_env: Callable[..., Any], config: PPOConfig, steps: int, seed: int) -> None:
        self.config, self.steps, self._seed = config, steps, seed
        # A rollout is an episode, and begins with a reset: another one as it ends would be a sixth of Shapes-v0's time.
        env = make_adapter(make_env(config.num_envs, autoreset_mode="Disabled"), autoreset=False)
        core, device = env.get_attr("core", indices=0)[0], env.get_attr("device", indices=0)[0]
        length = core.stroke_budget // core.strokes_per_step
        self.rollout = config.num_envs * length
        self.model = PPO(
            "CnnPolicy",
            env,
            n_steps=length,
            batch_size=self.rollout // config.minibatches,
            n_epochs=config.epochs,
            learning_rate=LinearSchedule(config.learning_rate, config.last_learning_rate, 1.0),
            gamma=config.gamma,
            gae_lambda=config.gae_lambda,
            clip_range=config.clip_range,
            max_grad_norm=config.largest_gradient,
            policy_kwargs={
                "features_extractor_class": PlainFeatures,
                "features_extractor_kwargs": {"config": config.network},
                "share_features_extractor": config.share_features,
                "net_arch": [],
                "log_std_init": config.log_std,
                "optimizer_kwargs": {**fuse(device), "eps": 1e-5},  # the latter is stable-baselines3's own
            },
            seed=seed,
            device=device,
        )
        self.observation_space: gymnasium.Space[Any] = env.observation_space

    @property
    def done(self) -> int:
        """Steps of environments so far."""
        return int(self.model.num_timesteps)

    def start_from(self, actor: Actor) -> None:
        """Begin with the weights of an actor."""
        self.model.policy.features_extractor.load_state_dict(actor.features.state_dict())
        self.model.policy.action_net.load_state_dict(actor.mean.state_dict())

    def learn(self, until: int, report: Callable[[int, float], object]) -> None:
        """Go on to so many steps, rounded up to whole rollouts."""
        rollouts = math.ceil((min(until, self.steps) - self.done) / self.rollout)
        if rollouts > 0:
            # The schedule runs over all steps: stable-baselines3 counts what is left of this call alone.
            self.model._total_timesteps = self.steps
            callback = _FreshRollouts(self._seed, self.steps, report)
            self.model.learn(rollouts * self.rollout, callback=callback, reset_num_timesteps=False)

    def actor(self) -> Actor:
        """The policy's mean."""
        policy, config = self.model.policy, self.config.network
        actor = Actor(self.observation_space, int(np.prod(self.model.action_space.shape or ())), config)
        actor.features.load_state_dict(policy.features_extractor.state_dict())
        actor.mean.load_state_dict(policy.action_net.state_dict())
        return actor.eval()

    def state_dict(self) -> dict[str, Any]:
        """All that ``load_state_dict`` needs to go on as if nothing had happened."""
        policy = self.model.policy
        return {
            "policy": policy.state_dict(),
            "optimizer": policy.optimizer.state_dict(),
            "done": self.done,
            "updates": self.model._n_updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was taken."""
        self.model.policy.load_state_dict(state["policy"])
        self.model.policy.optimizer.load_state_dict(state["optimizer"])
        self.model.num_timesteps, self.model._n_updates = int(state["done"]), int(state["updates"])


class _FreshRollouts(BaseCallback):
    """The chance of a rollout depends on the seed and the steps before it alone: so runs can be taken up again."""

    def __init__(self, seed: int, steps: int, report: Callable[[int, float], object]) -> None:
        super().__init__()
        self._seed, self._steps, self._report = seed, steps, report
        self._sum = 0.0

    def _on_rollout_start(self) -> None:
        done = self.model.num_timesteps
        self.model._total_timesteps = self._steps
        chance = np.random.SeedSequence([self._seed, done])
        set_random_seed(int(chance.generate_state(1)[0]))
        env = self.model.env
        assert env is not None
        env.seed(int(chance.generate_state(2)[1] >> 1))
        self.model._last_obs = env.reset()  # type: ignore[assignment]
        self._sum = 0.0

    def _on_step(self) -> bool:
        self._sum += float(np.mean(self.locals["rewards"]))
        return True

    def _on_rollout_end(self) -> None:
        self._report(self.model.num_timesteps, self._sum)
