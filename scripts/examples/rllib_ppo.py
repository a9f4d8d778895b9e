"""PPO of RLlib on Ray: ``python -m paintgym.scripts.examples.rllib_ppo --iterations 100``.

Needs ``pip install paintgym[rllib]``, in an environment of its own: ``scripts/rllib.sh`` makes one and runs this in it.
"""

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import paintgym
import ray
import torch
import tyro
from gymnasium.vector import VectorEnv
from gymnasium.wrappers.vector import TransformObservation
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import DefaultPPOTorchRLModule
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env


@dataclass(frozen=True)
class Arguments:
    """Train a policy on a task of the ladder and print how it scores on held-out targets, before and after."""

    task: str = "paintgym/Shapes-v0"
    """Its id; Shapes-v0 needs no data."""
    address: str = "local"
    """The Ray cluster: local starts one on this machine; auto is the one that this machine is part of."""
    env_runners: int = 0
    """Processes that collect strokes; with 0 the learner's own does, which on one machine beats several beside it."""
    learners: int = 0
    """Processes that learn, each from its part of a round, with gradients that are averaged; with 0 this one does."""
    gpus_per_learner: float = 0
    """Of each learner; without, it learns on a core."""
    num_envs: int = 64
    """Environments in the batch of each process that collects."""
    iterations: int = 100
    """Rounds of collecting and learning."""
    batch_size: int = 320
    """Strokes of a round, for each learner."""
    minibatch_size: int = 80
    """Strokes of one gradient step."""
    epochs: int = 10
    """How often a round's strokes are gone through."""
    learning_rate: float = 5e-4
    """Adam's."""
    episodes: int = 48
    """Held-out targets to paint for a score."""
    seed: int = 0
    """Seed of environment and policy."""


class PaintingModule(DefaultPPOTorchRLModule):  # type: ignore[misc]  # RLlib is not there to be looked at
    """RLlib's own network, but for how far its actions scatter at first: it learns little by strokes at random."""

    def setup(self) -> None:
        """Make the network."""
        super().setup()
        torch.nn.init.constant_(self.pi.log_std, -2.0)


def make_env(config: dict[str, Any]) -> VectorEnv[Any, Any, Any]:
    """The vector environment as RLlib's convolutions take pictures: channels last, floats in [0, 1]."""
    # By the package's name too: a process that collects has imported nothing.
    env = gym.make_vec(f"paintgym:{config['task']}", num_envs=config["num_envs"], reward="log")
    channels, height, width = env.single_observation_space.shape or ()
    return TransformObservation(
        env,
        lambda observations: np.moveaxis(observations, 1, -1) / np.float32(255),
        single_observation_space=gym.spaces.Box(0.0, 1.0, (height, width, channels), np.float32),
    )


def main(arguments: Arguments) -> None:
    """Train and evaluate."""
    if arguments.address == "local":
        # A core for each process, for this one too, however many this machine has.
        ray.init("local", num_cpus=1 + arguments.env_runners + arguments.learners, include_dashboard=False)
    else:
        ray.init(arguments.address)
    register_env("painting", lambda config: make_env({**config, "num_envs": config.get("num_envs", 1)}))
    config = (
        PPOConfig()
        .environment("painting", env_config={"task": arguments.task, "num_envs": arguments.num_envs})
        .env_runners(
            num_env_runners=arguments.env_runners,
            num_envs_per_env_runner=arguments.num_envs,
            gym_env_vectorize_mode="vector_entry_point",
        )
        .learners(num_learners=arguments.learners, num_gpus_per_learner=arguments.gpus_per_learner)
        .rl_module(
            rl_module_spec=RLModuleSpec(module_class=PaintingModule),
            model_config=DefaultModelConfig(
                conv_filters=[[32, 3, 2], [64, 3, 2], [64, 3, 2]],
                head_fcnet_hiddens=[256],
                vf_share_layers=True,
                free_log_std=True,
            ),
        )
        .training(
            train_batch_size_per_learner=arguments.batch_size,
            minibatch_size=arguments.minibatch_size,
            num_epochs=arguments.epochs,
            lr=arguments.learning_rate,
            gamma=0.9,
            lambda_=0.95,
            clip_param=0.2,
            use_kl_loss=False,  # where actions scatter little, it would hold the policy where it is
            grad_clip=0.5,
        )
        .debugging(seed=arguments.seed)
    )
    algorithm = config.build_algo()

    def act(observation: torch.Tensor) -> torch.Tensor:
        seen = observation.movedim(1, -1).float() / 255
        output = algorithm.get_module().forward_inference({Columns.OBS: seen})[Columns.ACTION_DIST_INPUTS]
        action: torch.Tensor = output.chunk(2, -1)[0].clamp(-1, 1)
        return action

    before = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    for iteration in range(arguments.iterations):
        figures = algorithm.train()["env_runners"]
        if iteration % 10 == 0:
            gained = figures.get("episode_return_mean", float("nan"))
            print(f"iteration {iteration + 1:3}: the loss falls by a factor of e^{gained:.2f}")
    after = paintgym.held_out_score(arguments.task, act, arguments.episodes)
    others = paintgym.reference_scores(arguments.task)
    print(f"score {before:.3f} before training, {after:.3f} after it; {others}")
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main(tyro.cli(Arguments))
