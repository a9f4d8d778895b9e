"""PPO of TorchRL on a native environment: ``python -m paintgym.scripts.examples.torchrl_ppo --total-steps 40000``.

Needs ``pip install paintgym[torchrl]``.
"""

from dataclasses import dataclass

import paintgym
import torch
import tyro
from paintgym.envs.vector.torchrl import TorchRLPaintingEnv
from tensordict.nn import AddStateIndependentNormalScale, TensorDictModule
from torch import Tensor, nn
from torchrl.collectors import Collector
from torchrl.modules import IndependentNormal, ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE


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
    device: str = "cpu"
    """Where environments and networks are."""
    seed: int = 0
    """Seed of environment and policy."""


class Body(nn.Module):
    """Observations (..., C, h, w) uint8 to features (..., 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LazyConv2d(32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.LazyLinear(256),
            nn.ReLU(),
        )

    def forward(self, observation: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.layers(observation.flatten(0, -4) / 255)
        return features.view(*observation.shape[:-3], -1)


def main(arguments: Arguments) -> None:
    """Train and evaluate."""
    torch.manual_seed(arguments.seed)
    env = TorchRLPaintingEnv(arguments.task, arguments.num_envs, arguments.device, reward="log")
    env.set_seed(arguments.seed)
    numbers = env.action_spec.shape[-1]
    last = nn.Linear(256, numbers)
    nn.init.orthogonal_(last.weight, 0.01)
    nn.init.zeros_(last.bias)
    mean = nn.Sequential(Body(), last)
    actor = ProbabilisticActor(
        TensorDictModule(
            nn.Sequential(mean, AddStateIndependentNormalScale(numbers, scale_mapping="exp", init_value=-2.0)),
            in_keys=["observation"],
            out_keys=["loc", "scale"],
        ),
        in_keys=["loc", "scale"],
        distribution_class=IndependentNormal,
        return_log_prob=True,
    ).to(arguments.device)
    critic = ValueOperator(nn.Sequential(Body(), nn.Linear(256, 1)), in_keys=["observation"]).to(arguments.device)
    with torch.no_grad():
        critic(actor(env.reset()))  # so that lazy layers learn their sizes
    advantage = GAE(gamma=0.9, lmbda=0.95, value_network=critic, average_gae=True)
    objective = ClipPPOLoss(actor, critic, entropy_coeff=0.0)
    optimizer = torch.optim.Adam(objective.parameters(), lr=arguments.learning_rate)
    batch = arguments.num_envs * env.env.core.stroke_budget
    updates = max(1, arguments.total_steps // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda update: 1 - update / updates)

    def act(observation: Tensor) -> Tensor:
        action: Tensor = mean(observation.to(arguments.device)).clamp(-1, 1).cpu()
        return action

    before = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    collector = Collector(env, actor, frames_per_batch=batch, total_frames=updates * batch, no_cuda_sync=True)
    for update, rollout in enumerate(collector):
        for _ in range(arguments.epochs):
            with torch.no_grad():
                advantage(rollout)
            flat = rollout.reshape(-1)
            for rows in torch.randperm(len(flat), device=flat.device).chunk(arguments.minibatches):
                losses = objective(flat[rows])
                optimizer.zero_grad()
                (losses["loss_objective"] + losses["loss_critic"]).backward()
                nn.utils.clip_grad_norm_(objective.parameters(), 0.5)
                optimizer.step()
        schedule.step()
        if update % 10 == 0 or update == updates - 1:
            ended = rollout["next", "score"][rollout["next", "done"]]
            print(f"step {(update + 1) * batch:6}: score {ended.mean():.3f} with noise")
    after = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    others = paintgym.reference_scores(arguments.task)
    print(f"score {before:.3f} before training, {after:.3f} after it; {others}")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
