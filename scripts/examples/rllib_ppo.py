"""PPO of RLlib on a local Ray: ``python -m paintgym.scripts.examples.rllib_ppo --iterations 20``.

Needs ``pip install paintgym[ray]``.
"""

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import paintgym  # noqa: F401 (registers the environment)
import ray
import tyro
from gymnasium.vector import VectorEnv
from gymnasium.wrappers.vector import TransformObservation
from paintgym.scripts.examples import STILL_LIFE
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.tune.registry import register_env


@dataclass(frozen=True)
class Arguments:
    """Train a policy and print what its episodes gain."""

    target: str = STILL_LIFE
    """What to paint: shapes, mnist, paintings, photographs, a folder or a picture."""
    perceptual: str = "mse"
    """The loss: mse, or one with a network such as vgg19."""
    stroke_budget: int = 10
    """Strokes of an episode."""
    num_envs: int = 16
    """Environments in the batch."""
    iterations: int = 20
    """Rounds of collecting and learning."""
    batch_size: int = 320
    """Strokes of a round."""
    minibatch_size: int = 64
    """Strokes of one gradient step."""
    seed: int = 0
    """Seed of environment and policy."""


def make_env(config: dict[str, Any]) -> VectorEnv[Any, Any, Any]:
    """The vector environment as RLlib's convolutions take pictures: channels last, floats in [0, 1]."""
    env = gym.make_vec("paintgym/Painting-v0", **config)
    return TransformObservation(
        env,
        lambda observations: np.moveaxis(observations, 1, -1) / np.float32(255),
        single_observation_space=gym.spaces.Box(0.0, 1.0, (64, 64, 7), np.float32),
    )


def main(arguments: Arguments) -> None:
    """Train."""
    ray.init(num_cpus=1, include_dashboard=False)
    register_env("painting", make_env)
    config = (
        PPOConfig()
        .environment(
            "painting",
            env_config={
                "target": arguments.target,
                "perceptual": arguments.perceptual,
                "reward": "improvement",
                "stroke_budget": arguments.stroke_budget,
            },
        )
        .env_runners(
            num_env_runners=0,  # one batched environment in this process beats several small ones beside it
            num_envs_per_env_runner=arguments.num_envs,
            gym_env_vectorize_mode="vector_entry_point",
        )
        .rl_module(
            model_config=DefaultModelConfig(
                conv_filters=[[32, 5, 4], [32, 3, 2], [32, 3, 2]], head_fcnet_hiddens=[128], vf_share_layers=True
            )
        )
        .training(
            train_batch_size_per_learner=arguments.batch_size,
            minibatch_size=arguments.minibatch_size,
            num_epochs=4,
            lr=3e-4,
        )
        .debugging(seed=arguments.seed)
    )
    algorithm = config.build_algo()
    for iteration in range(arguments.iterations):
        figures = algorithm.train()["env_runners"]
        gain = figures.get("episode_return_mean", float("nan"))
        print(f"iteration {iteration + 1:3}: an episode lowers the loss by {gain:.4f}")
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main(tyro.cli(Arguments))
