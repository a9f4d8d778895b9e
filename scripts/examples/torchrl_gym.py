"""PPO of TorchRL over its GymWrapper: ``python -m paintgym.scripts.examples.torchrl_gym --total-steps 20000``.

Needs ``pip install paintgym[torchrl]``.
"""

from dataclasses import dataclass

import gymnasium as gym
import paintgym  # noqa: F401 (registers the environment)
import torch
import tyro
from paintgym.scripts.examples import STILL_LIFE
from tensordict.nn import NormalParamExtractor, TensorDictModule
from torch import Tensor, nn
from torchrl.envs import ExplorationType, GymWrapper, set_exploration_type
from torchrl.modules import ProbabilisticActor, TanhNormal, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE


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
    """Strokes to train for; each update sees two episodes of every environment."""
    minibatches: int = 4
    """Parts into which the steps of an update are divided."""
    epochs: int = 4
    """How often an update goes through its steps."""
    learning_rate: float = 3e-4
    """Adam's."""
    seed: int = 0
    """Seed of environment and policy."""


class Body(nn.Module):
    """Observations (..., 7, 64, 64) uint8 to features (..., 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
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

    def forward(self, observation: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.layers(observation.flatten(0, -4) / 255)
        return features.view(*observation.shape[:-3], -1)


def main(arguments: Arguments) -> None:
    """Train."""
    torch.manual_seed(arguments.seed)
    env = GymWrapper(
        gym.make_vec(
            "paintgym/Painting-v0",
            num_envs=arguments.num_envs,
            autoreset_mode="Disabled",  # TorchRL resets by itself, with reset masks
            target=arguments.target,
            perceptual=arguments.perceptual,
            reward="improvement",
            stroke_budget=arguments.stroke_budget,
        )
    )
    env.set_seed(arguments.seed)
    numbers = env.action_spec.shape[-1]
    actor = ProbabilisticActor(
        TensorDictModule(
            nn.Sequential(Body(), nn.Linear(128, 2 * numbers), NormalParamExtractor()),
            in_keys=["observation"],
            out_keys=["loc", "scale"],
        ),
        in_keys=["loc", "scale"],
        distribution_class=TanhNormal,
        return_log_prob=True,
    )
    critic = ValueOperator(nn.Sequential(Body(), nn.Linear(128, 1)), in_keys=["observation"])
    advantage = GAE(gamma=0.99, lmbda=0.95, value_network=critic, average_gae=True)
    objective = ClipPPOLoss(actor, critic, entropy_coeff=0.0)
    optimizer = torch.optim.Adam(objective.parameters(), lr=arguments.learning_rate)

    steps = 2 * arguments.stroke_budget
    for update in range(max(1, arguments.total_steps // (steps * arguments.num_envs))):
        with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
            rollout = env.rollout(steps, actor, break_when_any_done=False)
        gain = rollout["next", "reward"].sum().item() / rollout["next", "done"].sum().item()
        for _ in range(arguments.epochs):
            with torch.no_grad():
                advantage(rollout)
            flat = rollout.reshape(-1)
            for rows in torch.randperm(len(flat)).chunk(arguments.minibatches):
                losses = objective(flat[rows])
                optimizer.zero_grad()
                (losses["loss_objective"] + losses["loss_critic"]).backward()
                nn.utils.clip_grad_norm_(objective.parameters(), 0.5)
                optimizer.step()
        print(f"step {(update + 1) * len(flat):6}: an episode lowers the loss by {gain:.4f}")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
