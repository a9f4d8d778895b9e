"""PPO in one plain loop: ``python -m paintgym.scripts.examples.cleanrl_style_ppo --total-steps 40000``.

After CleanRL's ``ppo_continuous_action.py``: nothing but torch and the vector environment, whose tensors stay on the
device.
"""

import time
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import paintgym
import torch
import tyro
from torch import Tensor, nn
from torch.distributions import Normal


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
    """Parts into which the steps of an update are divided."""
    epochs: int = 10
    """How often an update goes through its steps."""
    learning_rate: float = 5e-4
    """Adam's, falling linearly to 0."""
    gamma: float = 0.9
    """Discount."""
    gae_lambda: float = 0.95
    """Lambda of generalized advantage estimation."""
    clip: float = 0.2
    """How far the policy may move, as a ratio of probabilities."""
    value_weight: float = 0.5
    """Weight of the value's loss."""
    largest_gradient: float = 0.5
    """Norm to which gradients are clipped."""
    episodes: int = 48
    """Held-out targets to paint for a score."""
    device: str = "cpu"
    """Where environments and network are."""
    seed: int = 0
    """Seed of environment and policy."""


class ActorCritic(nn.Module):
    """Observations (B, C, h, w) uint8 to a distribution of actions and a value."""

    def __init__(self, shape: tuple[int, int, int], numbers: int) -> None:
        super().__init__()
        channels, height, width = shape
        self.body = nn.Sequential(
            nn.Conv2d(channels, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * -(-height // 8) * -(-width // 8), 256),
            nn.ReLU(),
        )
        self.mean = nn.Linear(256, numbers)
        self.value = nn.Linear(256, 1)
        self.log_deviation = nn.Parameter(torch.full((numbers,), -2.0))
        nn.init.orthogonal_(self.mean.weight, 0.01)
        nn.init.zeros_(self.mean.bias)

    def forward(self, observation: Tensor) -> tuple[Normal, Tensor]:
        """The distribution of actions (B, numbers) and values (B,)."""
        features = self.body(observation / 255)
        return Normal(self.mean(features), self.log_deviation.exp()), self.value(features)[:, 0]


def main(arguments: Arguments) -> None:
    """Train and evaluate."""
    torch.manual_seed(arguments.seed)
    env: Any = gym.make_vec(
        arguments.task,
        num_envs=arguments.num_envs,
        output="torch",
        device=arguments.device,
        autoreset_mode="SameStep",
        reward="log",
    )
    agent = ActorCritic(env.single_observation_space.shape, env.single_action_space.shape[0]).to(arguments.device)
    optimizer = torch.optim.Adam(agent.parameters(), lr=arguments.learning_rate, eps=1e-5)
    length = env.unwrapped.core.stroke_budget
    updates = max(1, arguments.total_steps // (length * arguments.num_envs))
    begun = time.perf_counter()

    def act(observation: Tensor) -> Tensor:
        action: Tensor = agent(observation.to(arguments.device))[0].mean.clamp(-1, 1).cpu()
        return action

    before = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    present, _ = env.reset(seed=arguments.seed)
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = arguments.learning_rate * (1 - update / updates)
        steps: list[tuple[Tensor, ...]] = []
        for _ in range(length):
            with torch.no_grad():
                policy, value = agent(present)
                action = policy.sample()
            following, reward, terminated, _, infos = env.step(action)
            steps.append((present, action, policy.log_prob(action).sum(1), value, reward, terminated))
            present = following
        observations, actions, log_probabilities, values, rewards, ended = map(torch.stack, zip(*steps, strict=True))

        with torch.no_grad():
            following_value, following_advantage = agent(present)[1], torch.zeros_like(values[0])
        advantages = torch.zeros_like(values)
        for step in reversed(range(length)):
            # An episode ends with its budget, which is observed: nothing follows, so nothing is bootstrapped.
            goes_on = (~ended[step]).float()
            error = rewards[step] + arguments.gamma * following_value * goes_on - values[step]
            following_advantage = error + arguments.gamma * arguments.gae_lambda * goes_on * following_advantage
            advantages[step], following_value = following_advantage, values[step]

        batch = [part.flatten(0, 1) for part in (observations, actions, log_probabilities, advantages)]
        returns = (advantages + values).flatten()
        for _ in range(arguments.epochs):
            for rows in torch.randperm(len(returns), device=returns.device).chunk(arguments.minibatches):
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

        if update % 10 == 0 or update == updates - 1:
            done = (update + 1) * len(returns)
            score = infos["final_info"]["score"].mean()
            print(f"step {done:6}: score {score:.3f} with noise, {done / (time.perf_counter() - begun):.0f} steps/s")
    after = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    others = paintgym.reference_scores(arguments.task)
    print(f"score {before:.3f} before training, {after:.3f} after it; {others}")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
