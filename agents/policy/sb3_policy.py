"""The stable-baselines3 policy around the stroke network: how it is built, stored and loaded. Training is elsewhere."""

import copy
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from ...checks import check_whole
from ...envs.views.canvas import OBSERVATION_CHANNELS, strokes_left_of
from ...errors import InvalidInputError
from ...files import write_whole
from ...painters.stroke import CANVAS_SIZE, STROKE_LENGTH
from .config import PlannerConfig
from .model import PaintingPPO, as_vec_env, check_strokes
from .network import StrokeNetwork
from .planner import Planner
from .registry import load_weights, read_policy
from .schedule import DEFAULT_STROKES_PER_STEP

_VALUE_SIDE = 8
"""Pixels a side of the error map that the value is told from; the value's weights depend on it."""


class ValueNetwork(nn.Module):
    """What is still to be gained, from a coarse map of the error and the strokes that are left."""

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(_VALUE_SIDE**2 + 1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1)
        )

    def forward(self, observation: Tensor) -> Tensor:
        """Values (B, 1) of observations (B, 7, 64, 64) in [0, 1]."""
        error = (observation[:, :3] - observation[:, 3:6]).square().sum(1, keepdim=True)
        coarse = F.adaptive_avg_pool2d(error, _VALUE_SIDE).flatten(1)
        values: Tensor = self.layers(torch.cat([coarse, torch.log1p(strokes_left_of(observation))[:, None] / 5], 1))
        return values


class _PaintingFeatures(BaseFeaturesExtractor):
    """Actions (12 * strokes_per_step) and value of an observation, side by side: the policy's heads only part them.

    The planner selects places and, at each, one of several strokes, and moves it a little. In training mode, which PPO
    enters between rollout and learning, selection and moves stay as they were when it began. Else a weight that moves a
    little could lay a stroke elsewhere, and the likelihood of the action that was taken would drop to nothing.
    """

    def __init__(
        self,
        observation_space: gymnasium.Space[Any],
        strokes_per_step: int,
        width: int,
        hidden: int,
        brushes: bool = False,
        planner: PlannerConfig | None = None,
    ) -> None:
        super().__init__(observation_space, STROKE_LENGTH * strokes_per_step + 1)
        self.strokes_per_step = strokes_per_step
        self.network = StrokeNetwork(width, hidden, brushes)
        self.value = ValueNetwork()
        self.planner = Planner(self.network, planner)
        self._selector: Planner | None = None

    def train(self, mode: bool = True) -> "_PaintingFeatures":
        """See the class."""
        self._selector = Planner(copy.deepcopy(self.network), self.planner.config) if mode else None
        super().train(mode)
        return self

    def forward(self, observation: Tensor) -> Tensor:
        if observation.shape[2:] != (CANVAS_SIZE, CANVAS_SIZE):
            observation = F.interpolate(observation, (CANVAS_SIZE, CANVAS_SIZE), mode="bilinear", antialias=True)
        count, selector = self.strokes_per_step, self._selector
        if selector:
            with torch.no_grad():
                selection = selector.select(selector.propose(observation, count), observation, count)
                moves = selection.strokes - selector.decode(observation, selection)
            strokes = self.planner.decode(observation, selection) + moves
        else:
            strokes = self.planner(observation, count)
        return torch.cat([strokes.flatten(1) * 2 - 1, self.value(observation)], 1)


class _Part(nn.Module):
    """Parts features (B, 12 * T + 1) into actions and value."""

    def __init__(self, features_dim: int) -> None:
        super().__init__()
        self.latent_dim_pi, self.latent_dim_vf = features_dim - 1, 1

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        return features[:, :-1]

    def forward_critic(self, features: Tensor) -> Tensor:
        return features[:, -1:]


class PaintingPolicy(ActorCriticPolicy):
    """An ``ActorCriticPolicy`` for ``paintgym/Painting-v0``: a Gaussian around the stroke network's strokes::

        PPO(paintgym.PaintingPolicy, env, policy_kwargs={"log_std_init": -2.5})

    Args:
        observation_space: (7, size, size) uint8 as the environment has it; 64 is what the network sees.
        action_space: (12 * strokes_per_step,) in [-1, 1].
        lr_schedule: learning rate by the part of training that is left.
        width: numbers that describe each patch of a window.
        hidden: width of the network.
        brushes: whether the network is told the brush's ribbon.
        planner: how the network's proposals are selected and refined.
        log_std_init: ln of the standard deviation of actions, at first.
        options: of ``ActorCriticPolicy``.

    Raises:
        InvalidInputError: spaces that are not the painting environment's.
    """

    def __init__(
        self,
        observation_space: gymnasium.Space[Any],
        action_space: gymnasium.Space[Any],
        lr_schedule: Schedule,
        *,
        width: int = 64,
        hidden: int = 256,
        brushes: bool = False,
        planner: PlannerConfig | None = None,
        log_std_init: float = -2.0,
        **options: Any,
    ) -> None:
        if observation_space.shape is None or observation_space.shape[:1] != (OBSERVATION_CHANNELS,):
            raise InvalidInputError(
                f"observations have shape {observation_space.shape}, expected ({OBSERVATION_CHANNELS}, size, size)"
            )
        length = int(np.prod(action_space.shape or (0,)))
        if not length or length % STROKE_LENGTH:
            raise InvalidInputError(
                f"actions have shape {action_space.shape}, expected {STROKE_LENGTH} numbers for each stroke"
            )
        extractor = {
            "strokes_per_step": length // STROKE_LENGTH,
            "width": width,
            "hidden": hidden,
            "brushes": brushes,
            "planner": planner,
        }
        options |= {"features_extractor_class": _PaintingFeatures, "features_extractor_kwargs": extractor}
        options |= {"net_arch": [], "ortho_init": False, "log_std_init": log_std_init}
        super().__init__(observation_space, action_space, lr_schedule, **options)

    @property
    def network(self) -> StrokeNetwork:
        """The network that proposes strokes."""
        network: StrokeNetwork = self.features_extractor.network  # type: ignore[assignment]
        return network

    @property
    def planner(self) -> Planner:
        """What decides, by the network's proposals."""
        planner: Planner = self.features_extractor.planner  # type: ignore[assignment]
        return planner

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _Part(self.features_dim)  # type: ignore[assignment]

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)
        # The features are the actions and the value already.
        self.action_net, self.value_net = nn.Identity(), nn.Identity()  # type: ignore[assignment]
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]


def build_policy(
    strokes_per_step: int = DEFAULT_STROKES_PER_STEP,
    *,
    env: Any = None,
    ppo: dict[str, Any] | None = None,
    **options: Any,
) -> PaintingPPO:
    """An untrained model with a ``PaintingPolicy``.

    Args:
        strokes_per_step: strokes in one action, where there is no environment that says so.
        env: environments to train in; by default there are none (``set_env`` gives it some).
        ppo: options of ``PaintingPPO``.
        options: of ``PaintingPolicy``.
    """
    model = PaintingPPO(PaintingPolicy, env, policy_kwargs=options, _init_setup_model=False, **(ppo or {}))
    if env is None:
        box = gymnasium.spaces.Box
        model.observation_space = box(0, 255, (OBSERVATION_CHANNELS, CANVAS_SIZE, CANVAS_SIZE), np.uint8)
        model.action_space = box(-1.0, 1.0, (STROKE_LENGTH * strokes_per_step,), np.float32)
        model.n_envs = 1
    model._setup_model()
    return model


def load_policy(
    name: str | Path = "paintings", strokes_per_step: int | None = None, *, env: Any = None, **options: Any
) -> PaintingPPO:
    """Load a trained policy as a stable-baselines3 ``PPO`` model; nothing is unpickled::

        env = gym.make_vec("paintgym/Painting-v0", num_envs=16, autoreset_mode="SameStep", strokes_per_step=4)
        paintgym.load_policy("paintings", env=env, learning_rate=1e-5).learn(100_000)

    Args:
        name: a shipped policy (``"mnist"`` or ``"paintings"``), or a ``.safetensors`` file that ``save_policy`` wrote.
        strokes_per_step: strokes in one action; the same weights serve any number. By default as many as ``env``
            paints in a step, or 4 without one.
        env: environments to train in, as many and as large as may be: what ``PPO`` takes, or a gymnasium vector
            environment. ``set_env`` gives the model others later.
        options: of ``PPO``, such as ``n_steps``, ``learning_rate`` and ``policy_kwargs``. Without ``n_steps`` the
            environments take about 2,048 steps together between two updates.

    Raises:
        InvalidInputError: no such policy, a file that is not a policy's, or environments that it does not fit.
    """
    path, network, weights = read_policy(name)
    if strokes_per_step is not None:
        strokes_per_step = check_whole("strokes_per_step", strokes_per_step, 1)
    if env is not None:
        env = as_vec_env(env)
        if strokes_per_step is not None:
            check_strokes(env, gymnasium.spaces.Box(-1.0, 1.0, (STROKE_LENGTH * strokes_per_step,), np.float32))
    network |= options.pop("policy_kwargs", None) or {}
    model = build_policy(strokes_per_step or DEFAULT_STROKES_PER_STEP, env=env, ppo=options, **network)
    policy = model.policy
    load_weights(policy.features_extractor, weights, path)
    policy.set_training_mode(False)
    return model


def save_policy(policy: PaintingPolicy, path: str | Path, options: dict[str, Any], card: dict[str, Any]) -> None:
    """Write a policy's weights in 16 bits, and its card beside them as ``.json``, each whole or not at all.

    Args:
        policy: what to save.
        path: a ``.safetensors`` path.
        options: ``width``, ``hidden`` and ``brushes``, where they are not the defaults.
        card: how it was trained and what it reaches; must be JSON.
    """
    path = Path(path)
    weights = policy.features_extractor.state_dict()
    halves = {key: value.detach().cpu().half().contiguous() for key, value in weights.items()}
    with write_whole(path) as temporary:
        temporary.write_bytes(save(halves, {"policy": json.dumps(options)}))
    with write_whole(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")
