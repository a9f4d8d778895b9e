"""SAC of stable-baselines3: ``python -m paintgym.scripts.examples.sb3_sac --total-steps 2000``."""

from dataclasses import dataclass

import gymnasium as gym
import paintgym
import tyro
from paintgym.scripts.examples import STILL_LIFE
from stable_baselines3 import SAC
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor


@dataclass(frozen=True)
class Arguments:
    """Train a policy from a replay buffer and print what it gains on white paper, before and after."""

    target: str = STILL_LIFE
    """What to paint: shapes, mnist, paintings, photographs, a folder or a picture."""
    perceptual: str = "mse"
    """The loss: mse, or one with a network such as vgg19."""
    stroke_budget: int = 5
    """Strokes of an episode."""
    num_envs: int = 8
    """Environments in the batch."""
    total_steps: int = 2_000
    """Strokes to train for."""
    buffer_size: int = 5_000
    """Steps that are remembered, 57 kB each."""
    learning_starts: int = 200
    """Random strokes before the first update."""
    batch_size: int = 64
    """Steps of one gradient step."""
    seed: int = 0
    """Seed of environment and policy."""


def main(arguments: Arguments) -> None:
    """Train and evaluate."""
    env = gym.make_vec(
        "paintgym/Painting-v0",
        num_envs=arguments.num_envs,
        autoreset_mode="SameStep",
        target=arguments.target,
        perceptual=arguments.perceptual,
        reward="improvement",
        stroke_budget=arguments.stroke_budget,
    )
    monitored = VecMonitor(paintgym.PaintingVecEnv(env))
    model = SAC(
        "CnnPolicy",
        monitored,
        buffer_size=arguments.buffer_size,
        learning_starts=arguments.learning_starts,
        batch_size=arguments.batch_size,
        # The default tunes the entropy for rewards near 1; the improvements of single strokes are near 0.01.
        ent_coef=1e-4,
        seed=arguments.seed,
        device="cpu",
        verbose=1,
    )
    before, _ = evaluate_policy(model, monitored, n_eval_episodes=arguments.num_envs)
    model.learn(arguments.total_steps, log_interval=40)
    after, _ = evaluate_policy(model, monitored, n_eval_episodes=arguments.num_envs)
    print(f"an episode lowers the loss by {before:.4f} before training and by {after:.4f} after it")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
