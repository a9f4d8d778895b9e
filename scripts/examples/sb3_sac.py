"""SAC of stable-baselines3: ``python -m paintgym.scripts.examples.sb3_sac --total-steps 8000``."""

from dataclasses import dataclass

import gymnasium as gym
import paintgym
import torch
import tyro
from paintgym.agents.baselines.network import PlainFeatures, make_adapter
from stable_baselines3 import SAC


@dataclass(frozen=True)
class Arguments:
    """Train a policy from a replay buffer and print how it scores on held-out targets, before and after."""

    task: str = "paintgym/Shapes-v0"
    """Its id; Shapes-v0 needs no data."""
    num_envs: int = 16
    """Environments in the batch."""
    total_steps: int = 8_000
    """Strokes to train for."""
    learning_starts: int = 500
    """Strokes by chance at first."""
    gradient_steps: int = 8
    """Gradient steps for each step of all environments."""
    batch_size: int = 128
    """Steps of one gradient step."""
    buffer_size: int = 8_000
    """Steps that are remembered."""
    learning_rate: float = 5e-4
    """Adam's."""
    entropy: float = 1e-3
    """Weight of the entropy, fixed: an automatic one, tuned for rewards near 1, drowns what a stroke improves."""
    episodes: int = 48
    """Held-out targets to paint for a score."""
    seed: int = 0
    """Seed of environment and policy."""


def main(arguments: Arguments) -> None:
    """Train and evaluate."""
    env = gym.make_vec(arguments.task, num_envs=arguments.num_envs, autoreset_mode="SameStep", reward="log")
    model = SAC(
        "CnnPolicy",
        make_adapter(env),
        learning_rate=arguments.learning_rate,
        buffer_size=arguments.buffer_size,
        learning_starts=arguments.learning_starts,
        batch_size=arguments.batch_size,
        train_freq=1,
        gradient_steps=arguments.gradient_steps,
        gamma=0.9,
        ent_coef=arguments.entropy,
        policy_kwargs={"features_extractor_class": PlainFeatures, "net_arch": {"pi": [], "qf": [256]}},
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
