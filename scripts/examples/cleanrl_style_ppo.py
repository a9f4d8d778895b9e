"""PPO in one plain loop: ``python -m paintgym.scripts.examples.cleanrl_style_ppo --total-steps 20000``.

After CleanRL's ``ppo_continuous_action.py``: nothing but torch and the vector environment.
"""

import time
from dataclasses import dataclass

import gymnasium as gym
import paintgym  # noqa: F401 (registers the environment)
import torch
import tyro
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from paintgym.scripts.examples import STILL_LIFE
from torch import Tensor, nn
from torch.distributions import Normal


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
    total_steps: int = 20_000
    """Strokes to train for."""
    rollout: int = 20
    """Steps of each environment between two updates."""
    minibatches: int = 4
    """Parts into which the steps of an update are divided."""
    epochs: int = 4
    """How often an update goes through its steps."""
    learning_rate: float = 3e-4
    """Adam's, falling linearly to 0."""
    gamma: float = 0.99
    """Discount."""
    gae_lambda: float = 0.95
    """Lambda of generalized advantage estimation."""
    clip: float = 0.2
    """How far the policy may move, as a ratio of probabilities."""
    value_weight: float = 0.5
    """Weight of the value's loss."""
    largest_gradient: float = 0.5
    """Norm to which gradients are clipped."""
    seed: int = 0
    """Seed of environment and policy."""


class ActorCritic(nn.Module):
    """Observations (B, 7, 64, 64) uint8 to a distribution of actions and a value."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(7, 32, 5, stride=4, padding=2),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 4 * 4, 128),
            nn.ReLU(),
        )
        self.mean = nn.Linear(128, 12)
        self.value = nn.Linear(128, 1)
        self.log_deviation = nn.Parameter(torch.full((12,), -1.0))
        nn.init.orthogonal_(self.mean.weight, 0.01)

    def forward(self, observation: Tensor) -> tuple[Normal, Tensor]:
        """The distribution of actions (B, 12) and values (B,)."""
        features = self.body(observation / 255)
        return Normal(self.mean(features), self.log_deviation.exp()), self.value(features)[:, 0]


def main(arguments: Arguments) -> None:
    """Train."""
    torch.manual_seed(arguments.seed)
    env = RecordEpisodeStatistics(
        gym.make_vec(
            "paintgym/Painting-v0",
            num_envs=arguments.num_envs,
            autoreset_mode="SameStep",
            target=arguments.target,
            perceptual=arguments.perceptual,
            reward="improvement",
            stroke_budget=arguments.stroke_budget,
        )
    )
    agent = ActorCritic()
    optimizer = torch.optim.Adam(agent.parameters(), lr=arguments.learning_rate, eps=1e-5)
    steps = (arguments.rollout, arguments.num_envs)
    observations = torch.zeros(*steps, 7, 64, 64, dtype=torch.uint8)
    actions = torch.zeros(*steps, 12)
    log_probabilities, rewards, values, advantages = (torch.zeros(steps) for _ in range(4))
    ended = torch.zeros(steps, dtype=torch.bool)
    updates = max(1, arguments.total_steps // rewards.numel())
    begun = time.perf_counter()

    present = torch.as_tensor(env.reset(seed=arguments.seed)[0])
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = arguments.learning_rate * (1 - update / updates)
        gains: list[float] = []
        for step in range(arguments.rollout):
            with torch.no_grad():
                policy, values[step] = agent(present)
                actions[step] = policy.sample()
            log_probabilities[step] = policy.log_prob(actions[step]).sum(1)
            observations[step] = present
            following, reward, terminated, _, infos = env.step(actions[step].numpy())
            rewards[step] = torch.as_tensor(reward)
            ended[step] = torch.as_tensor(terminated)
            present = torch.as_tensor(following)
            if "episode" in infos:
                gains += infos["episode"]["r"][infos["_episode"]].tolist()

        with torch.no_grad():
            following_value, following_advantage = agent(present)[1], torch.zeros(arguments.num_envs)
        for step in reversed(range(arguments.rollout)):
            # An episode ends with its budget, which is observed: nothing follows, so nothing is bootstrapped.
            goes_on = (~ended[step]).float()
            error = rewards[step] + arguments.gamma * following_value * goes_on - values[step]
            following_advantage = error + arguments.gamma * arguments.gae_lambda * goes_on * following_advantage
            advantages[step], following_value = following_advantage, values[step]

        batch = [part.flatten(0, 1) for part in (observations, actions, log_probabilities, advantages)]
        returns = (advantages + values).flatten()
        for _ in range(arguments.epochs):
            for rows in torch.randperm(len(returns)).chunk(arguments.minibatches):
                observation, action, old_log_probability, advantage = (part[rows] for part in batch)
                policy, value = agent(observation)
                ratio = (policy.log_prob(action).sum(1) - old_log_probability).exp()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                clipped = ratio.clamp(1 - arguments.clip, 1 + arguments.clip)
                loss = -torch.min(ratio * advantage, clipped * advantage).mean()
                loss = loss + arguments.value_weight * (value - returns[rows]).square().mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), arguments.largest_gradient)
                optimizer.step()

        done = (update + 1) * len(returns)
        gain = f"an episode lowers the loss by {sum(gains) / len(gains):.4f}" if gains else "no episode ended"
        print(f"step {done:6}: {gain}, {done / (time.perf_counter() - begun):.0f} steps/s")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
