"""A plain policy and its PPO update, to be timed beside the environment: nothing else of a training library."""

import torch
from torch import Tensor, nn
from torch.distributions import Normal

EPOCHS = 10
"""How often PPO goes through its steps, as the ladder's baselines do; one is timed."""
ROLLOUT_STEPS = 16
"""Steps of each environment between two updates: some thousand actions in a minibatch keep a GPU busy."""
MINIBATCHES = 4
"""Parts of the steps that are gone through."""
_CLIP, _VALUE_WEIGHT = 0.2, 0.5


class PlainLearner:
    """The baselines' network, three convolutions and a layer, with actions and a value.

    Args:
        shape: of an observation, (C, h, w) uint8.
        numbers: of an action.
        device: where it is.
    """

    def __init__(self, shape: tuple[int, ...], numbers: int, device: torch.device) -> None:
        layers: list[nn.Module] = []
        channels, height, width = shape
        for outputs in (32, 64, 64):
            layers += [nn.Conv2d(channels, outputs, 3, stride=2, padding=1), nn.ReLU()]
            channels, height, width = outputs, -(-height // 2), -(-width // 2)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * height * width, 256), nn.ReLU())
        self.heads = nn.Linear(256, numbers + 1)
        self.network = nn.Sequential(self.body, self.heads).to(device)
        self.deviation = torch.full((numbers,), 0.135, device=device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-4)

    @torch.no_grad()
    def act(self, observations: Tensor) -> Tensor:
        """Actions (B, numbers) for observations (B, C, h, w) uint8."""
        actions: Tensor = Normal(self.network(observations / 255)[:, :-1], self.deviation).sample()
        return actions

    def epoch(self, observations: Tensor, actions: Tensor, likelihoods: Tensor, advantages: Tensor) -> None:
        """Go once through steps (N, ...) as PPO does."""
        for rows in torch.randperm(len(actions), device=actions.device).chunk(MINIBATCHES):
            output = self.network(observations[rows] / 255)
            likelihood = Normal(output[:, :-1], self.deviation).log_prob(actions[rows]).sum(1)
            ratio = (likelihood - likelihoods[rows]).exp()
            gain = torch.min(ratio * advantages[rows], ratio.clamp(1 - _CLIP, 1 + _CLIP) * advantages[rows])
            loss = _VALUE_WEIGHT * (output[:, -1] - advantages[rows]).square().mean() - gain.mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
