"""stable-baselines3's PPO as policies are loaded with it: for any number of environments, of any size."""

import math
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv
from stable_baselines3 import PPO
from stable_baselines3.common.type_aliases import GymEnv
from stable_baselines3.common.vec_env import VecEnv

from ...envs.views.canvas import OBSERVATION_CHANNELS
from ...errors import InvalidInputError
from ...painters.device import find_device
from ...painters.stroke import STROKE_LENGTH

_ROLLOUT = 2048
"""Steps that all environments together take between two updates, about: what PPO's defaults are for one environment."""


class PaintingPPO(PPO):
    """``PPO`` whose environments can be exchanged for more or fewer, and for ones of another size::

        model = paintgym.load_policy("paintings", env=env, learning_rate=1e-5)
        model.learn(100_000)
        model.set_env(other)

    Steps are remembered from the first environment on: a model without one has no buffer.

    Args:
        policy: ``PaintingPolicy``.
        env: what ``PPO`` takes, or a gymnasium vector environment, which is put into a ``PaintingVecEnv``.
        n_steps: steps of each environment between two updates; by default the environments take about 2,048 together,
            a whole number of batches.
        batch_size: steps of a gradient step.
        device: ``"cpu"``, ``"cuda"``, or ``"auto"`` for the GPU if there is one.
        options: of ``PPO``.

    Raises:
        InvalidInputError: a device that cannot be used, or environments that the policy does not fit.
    """

    def __init__(
        self,
        policy: Any,
        env: Any = None,
        *,
        n_steps: int | None = None,
        batch_size: int = 64,
        device: Any = "auto",
        **options: Any,
    ) -> None:
        if device != "auto":
            find_device(device)  # PPO would take the CPU in silence.
        env = as_vec_env(env)
        self._adapts_n_steps = n_steps is None
        n_steps = _choose_n_steps(getattr(env, "num_envs", 1), batch_size) if n_steps is None else n_steps
        super().__init__(policy, env, n_steps=n_steps, batch_size=batch_size, device=device, **options)

    def set_env(self, env: GymEnv, force_reset: bool = True) -> None:
        """Train in these environments from now on.

        Args:
            env: as the class has it.
            force_reset: whether training begins with a reset.

        Raises:
            InvalidInputError: environments that the policy does not fit.
        """
        env = self._wrap_env(as_vec_env(env), self.verbose)
        check_strokes(env, self.action_space)
        shape = env.observation_space.shape
        if not shape or shape[0] != OBSERVATION_CHANNELS or len(shape) != 3:
            raise InvalidInputError(f"observations have shape {shape}, expected ({OBSERVATION_CHANNELS}, size, size)")
        # The network scales what it sees, so it has no size of its own.
        self.observation_space = self.policy.observation_space = env.observation_space
        self.n_envs = env.num_envs
        super().set_env(env, force_reset)
        if self._adapts_n_steps:
            self.n_steps = _choose_n_steps(self.n_envs, self.batch_size)
        assert self.rollout_buffer_class is not None
        self.rollout_buffer = self.rollout_buffer_class(
            self.n_steps,
            self.observation_space,
            self.action_space,
            device=self.device,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            n_envs=self.n_envs,
            **self.rollout_buffer_kwargs,
        )

    def _setup_model(self) -> None:
        n_steps = self.n_steps
        if self.env is None:
            self.n_steps = 1
        super()._setup_model()
        self.n_steps = n_steps


def as_vec_env(env: Any) -> Any:
    """Environments as stable-baselines3 takes them: an id is made, a gymnasium vector environment wrapped."""
    from ..training.vec_env import PaintingVecEnv

    if isinstance(env, str):
        return gymnasium.make(env)
    return PaintingVecEnv(env) if isinstance(env, VectorEnv) else env


def check_strokes(env: VecEnv | gymnasium.Env[Any, Any], action_space: gymnasium.Space[Any]) -> None:
    """Raise InvalidInputError unless environments take the actions of a policy."""
    wanted, given = (space.shape for space in (env.action_space, action_space))
    if wanted == given:
        return
    assert given is not None
    held = given[0] // STROKE_LENGTH
    if not wanted or len(wanted) != 1 or wanted[0] % STROKE_LENGTH:
        raise InvalidInputError(f"the environment's actions have shape {wanted}, expected {given}")
    raise InvalidInputError(
        f"the policy lays {held} strokes a step, and the environment paints {wanted[0] // STROKE_LENGTH}; make the "
        f"environment with strokes_per_step={held}, or load_policy with "
        f"strokes_per_step={wanted[0] // STROKE_LENGTH}"
    )


def _choose_n_steps(num_envs: int, batch_size: int) -> int:
    """Steps of each environment, so that all take about ``_ROLLOUT``, in whole batches."""
    unit = batch_size // math.gcd(batch_size, num_envs)
    return max(1, _ROLLOUT // (num_envs * unit)) * unit
