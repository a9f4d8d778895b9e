"""PPO of stable-baselines3: ``python -m paintgym.scripts.examples.sb3_ppo --total-steps 40000``."""

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import paintgym
import torch
import tyro
from paintgym.agents.baselines.network import PlainFeatures, make_adapter
from stable_baselines3 import PPO


@dataclass(frozen=True)
class Arguments:
    """Train a policy on a task of the ladder and print how it scores on held-out targets, before and after."""

    task: str = "paintgym/Shapes-v0"
    """Its id; Shapes-v0 needs no data."""
    num_envs: int = 64
    """Environments in the batch."""
    total_steps: int = 40_000
    """Strokes to train for; each update sees an episode of every environment."""
    minibatches: int = 4
    """Parts of an update, a gradient step for each."""
    epochs: int = 10
    """How often an update goes through its steps."""
    learning_rate: float = 5e-4
    """Adam's, falling linearly to 0."""
    episodes: int = 48
    """Held-out targets to paint for a score."""
    seed: int = 0
    """Seed of environment and policy."""


def main(arguments: Arguments) -> None:
    """Train and evaluate."""
    env: Any = gym.make_vec(arguments.task, num_envs=arguments.num_envs, autoreset_mode="SameStep", reward="log")
    length = env.unwrapped.core.stroke_budget
    model = PPO(
        "CnnPolicy",
        make_adapter(env),
        n_steps=length,
        batch_size=arguments.num_envs * length // arguments.minibatches,
        n_epochs=arguments.epochs,
        gamma=0.9,
        learning_rate=lambda left: left * arguments.learning_rate,
        policy_kwargs={"features_extractor_class": PlainFeatures, "net_arch": [], "log_std_init": -2.0},
        seed=arguments.seed,
        device="cpu",
        verbose=1,
    )

    def act(observation: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(model.predict(observation.numpy(), deterministic=True)[0])

    before = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    model.learn(arguments.total_steps)
    after = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    others = paintgym.reference_scores(arguments.task)
    print(f"score {before:.3f} before training, {after:.3f} after it; {others}")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
