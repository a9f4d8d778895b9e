"""PPO of stable-baselines3: ``python -m paintgym.scripts.examples.sb3_ppo --total-steps 20000``."""

from dataclasses import dataclass

import gymnasium as gym
import paintgym
import tyro
from paintgym.scripts.examples import STILL_LIFE
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor


@dataclass(frozen=True)
class Arguments:
    """Train a policy and print what it gains on white paper, before and after."""

    target: str = STILL_LIFE
    """What to paint: shapes, mnist, paintings, photographs, a folder or a picture."""
    perceptual: str = "mse"
    """The loss: mse, or one with a network such as vgg19."""
    stroke_budget: int = 10
    """Strokes of an episode."""
    num_envs: int = 16
    """Environments in the batch."""
    total_steps: int = 20_000
    """Strokes to train for."""
    rollout: int = 20
    """Steps of each environment between two updates."""
    batch_size: int = 64
    """Steps of one gradient step."""
    learning_rate: float = 3e-4
    """Adam's, falling linearly to 0."""
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
    model = PPO(
        "CnnPolicy",
        monitored,
        n_steps=arguments.rollout,
        batch_size=arguments.batch_size,
        n_epochs=4,
        learning_rate=lambda left: left * arguments.learning_rate,
        use_sde=True,
        policy_kwargs={"log_std_init": -2.0, "ortho_init": False},
        seed=arguments.seed,
        device="cpu",
        verbose=1,
    )
    before, _ = evaluate_policy(model, monitored, n_eval_episodes=arguments.num_envs)
    model.learn(arguments.total_steps)
    after, _ = evaluate_policy(model, monitored, n_eval_episodes=arguments.num_envs)
    print(f"an episode lowers the loss by {before:.4f} before training and by {after:.4f} after it")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
