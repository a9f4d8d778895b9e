"""Settings of the baselines, one dataclass for each algorithm. Only numbers: reading them does not wait for torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkConfig:
    """The plain network of all baselines: three convolutions of stride 2 and a layer, then the heads."""

    channels: tuple[int, ...] = (32, 64, 64)
    """Of the convolutions."""
    hidden: int = 256
    """Width of the layer after them."""


@dataclass(frozen=True)
class PPOConfig:
    """Proximal policy optimization (Schulman et al., 2017), by stable-baselines3; a rollout is one episode."""

    num_envs: int = 64
    """Pictures painted side by side."""
    epochs: int = 10
    """How often a rollout is gone through. Five times, with a network of 16, 32 and 64 channels, PPO learned twice as
    fast, Digits-v0 as well (.923 against .921, five seeds), Shapes-v0 less (.846 against .859)."""
    minibatches: int = 4
    """Parts of it, a step of Adam for each."""
    learning_rate: float = 5e-4
    """Of Adam at first: on Digits-v0, 100,000 steps, better than 1e-3 (scores .89 and .88 to .88 and .87) and 3e-4."""
    last_learning_rate: float = 5e-5
    """In the end; between them lies a line."""
    gamma: float = 0.9
    """Discount: strokes hardly wait for each other."""
    gae_lambda: float = 0.95
    """Of generalized advantage estimation."""
    clip_range: float = 0.2
    """Of the ratio of likelihoods."""
    log_std: float = -2.0
    """ln of the standard deviation of actions at first: e^-1.5 begins faster and ends lower."""
    largest_gradient: float = 0.5
    """Norm to which gradients are clipped."""
    share_features: bool = True
    """Whether policy and value have one body: two take half as long again, and scored the same on Digits-v0."""
    network: NetworkConfig = NetworkConfig()


@dataclass(frozen=True)
class SACConfig:
    """Soft actor-critic (Haarnoja et al., 2018), by stable-baselines3."""

    num_envs: int = 16
    """Pictures painted side by side."""
    learning_rate: float = 5e-4
    """Of Adam."""
    gamma: float = 0.9
    """Discount: strokes hardly wait for each other."""
    entropy: float = 1e-3
    """Coefficient of the entropy, fixed: the automatic one learned nothing in painting (scores .05 against .77), and at
    1e-4 all was lost after 5,000 steps of Shapes-v0 (0 against .73)."""
    log_std: float = -2.0
    """ln of the standard deviation of actions at first, before they are squashed; PPO's. With stable-baselines3's own 0
    strokes lie all over the window: after 5,000 steps of Shapes-v0 scores were .62, and those of action 0 about .64."""
    batch_size: int = 64
    """Transitions in a step of Adam: 256 took three times as long for scores .02 higher after 10,000 steps."""
    updates_per_step: float = 0.5
    """Steps of Adam for each step of an environment."""
    warmup_steps: int = 64
    """Steps of environments before learning begins, of strokes across the window."""
    network: NetworkConfig = NetworkConfig()


@dataclass(frozen=True)
class AnalyticGradientConfig:
    """Short-horizon gradients through painter and canvas, after SHAC (Xu et al., 2022), without its critic."""

    num_envs: int = 32
    """Pictures painted side by side."""
    horizon: int = 5
    """Steps that gradients flow back through."""
    learning_rate: float = 1e-3
    """Of Adam at first; it falls to a tenth in a line."""
    noise: float = 0.1
    """Standard deviation of the noise on actions: without any, the network sees its own canvases alone."""
    largest_gradient: float = 1.0
    """Norm to which gradients are clipped."""
    network: NetworkConfig = NetworkConfig()


@dataclass(frozen=True)
class CloningConfig:
    """Behavior cloning of the gradient agent: its strokes, each taken when the view looks nearest to it."""

    paintings: int = 200
    """That the gradient agent paints to be cloned."""
    iterations: int = 60
    """Steps of Adam of the gradient agent for each of them."""
    epochs: int = 60
    """How often all states are gone through."""
    batch_size: int = 128
    """States in a step of Adam."""
    learning_rate: float = 1e-3
    """Of Adam at first; it falls to zero as a cosine."""
    network: NetworkConfig = NetworkConfig()


@dataclass(frozen=True)
class ClonedPPOConfig(PPOConfig):
    """PPO that begins with a cloned policy, and little noise."""

    log_std: float = -2.5
    """ln of the standard deviation of actions at first."""
    learning_rate: float = 3e-4
    """Of Adam at first: a good policy is soon forgotten."""
    last_learning_rate: float = 3e-5
    """In the end."""
    share_features: bool = False
    """A value that knows nothing yet would spoil the body that the policy begins with: .910 fell to .848 at once."""
    cloning: CloningConfig = CloningConfig()


@dataclass(frozen=True)
class AnalyticPPOConfig(PPOConfig):
    """PPO that begins with a policy taught by gradients through the canvas, and little noise."""

    log_std: float = -3.0
    """ln of the standard deviation of actions at first."""
    epochs: int = 2
    """How often a rollout is gone through: with so little noise ten times, at 2e-4, threw two of three policies far off
    in their first updates, one from .91 to .26."""
    learning_rate: float = 5e-5
    """Of Adam at first: a good policy is soon forgotten."""
    last_learning_rate: float = 5e-6
    """In the end."""
    share_features: bool = False
    """A value that knows nothing yet would spoil the body that the policy begins with: .910 fell to .848 at once."""
    analytic: AnalyticGradientConfig = AnalyticGradientConfig()
    analytic_steps: int = 100_000
    """Steps of environments by gradients, before those of PPO."""


ALGORITHMS: dict[str, type] = {
    "ppo": PPOConfig,
    "sac": SACConfig,
    "analytic": AnalyticGradientConfig,
    "cloning": CloningConfig,
    "cloning+ppo": ClonedPPOConfig,
    "analytic+ppo": AnalyticPPOConfig,
}
"""Algorithms by name, and their settings."""
