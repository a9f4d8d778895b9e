"""stable-baselines3's view of the vector environment: ``PaintingVecEnv``. Nothing is painted or copied here."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from ...errors import InvalidInputError


class PaintingVecEnv(VecEnv):
    """A gymnasium vector environment as the ``VecEnv`` that stable-baselines3 trains and evaluates with::

        env = gym.make_vec("paintgym/Painting-v0", num_envs=64, autoreset_mode="SameStep")
        PPO("CnnPolicy", VecMonitor(PaintingVecEnv(env))).learn(100_000)

    Observations are handed on as they are. Infos are empty but for environments whose episode ended in the step:
    theirs are the last ones of the episode, with ``terminal_observation`` and ``TimeLimit.truncated``. Infos of
    resets are in ``reset_infos``; ``seed`` and ``set_options`` hold for the next ``reset``.

    The environments are one object. Attributes and results of methods that are tuples of ``num_envs`` (such as
    ``np_random`` and ``render()``) are shared out among them; others are the same for all.

    Args:
        env: a vector environment whose autoreset mode is ``"SameStep"``.

    Raises:
        InvalidInputError: another autoreset mode.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise InvalidInputError(
                f"the vector environment's autoreset mode is {getattr(mode, 'value', mode)!r}, expected 'SameStep', "
                "as stable-baselines3 resets; make it with autoreset_mode='SameStep'"
            )
        self.env = env
        self._actions: NDArray[np.float32] | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self.metadata = env.metadata
        self.spec = env.spec

    def reset(self) -> NDArray[np.uint8]:
        """Begin all episodes; see the class about seeds and options."""
        keys = {key for options in self._options for key in options}
        options = {key: [options.get(key) for options in self._options] for key in keys}
        # VectorEnv's annotation knows one seed alone, its implementations take a list.
        observations, infos = self.env.reset(seed=self._seeds, options=options)  # type: ignore[arg-type]
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [_row(infos, index) for index in range(self.num_envs)]
        return observations  # type: ignore[no-any-return]

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Take note of actions (num_envs, ...); ``step_wait`` does the work."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step: observations, rewards (num_envs,) float32, whether episodes ended, and infos."""
        observations, rewards, terminated, truncated, infos = self.env.step(self._actions)
        ended = terminated | truncated
        listed: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for index in np.flatnonzero(ended).tolist():
            listed[index] = {
                **_row(infos["final_info"], index),
                "terminal_observation": infos["final_obs"][index],
                "TimeLimit.truncated": bool(truncated[index] and not terminated[index]),
            }
            self.reset_infos[index] = _row(infos, index)
        return observations, rewards.astype(np.float32), ended, listed

    def close(self) -> None:
        """Close the vector environment."""
        self.env.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """What each environment renders; None without a render mode."""
        return self.env.render() or [None] * self.num_envs  # type: ignore[return-value]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute, for each environment that ``indices`` names (all by default)."""
        return self._share_out(getattr(self.env, attr_name), indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of all environments.

        Raises:
            InvalidInputError: ``indices`` leaves some out.
        """
        if set(self._get_indices(indices)) != set(range(self.num_envs)):
            raise InvalidInputError(
                f"{attr_name} cannot be set in some of the environments, which are one object; leave out indices"
            )
        setattr(self.env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method once; its result, for each environment that ``indices`` names (all by default)."""
        return self._share_out(getattr(self.env, method_name)(*method_args, **method_kwargs), indices)

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """False for each: single environments, and with them wrappers of single ones, do not exist."""
        return [False for _ in self._get_indices(indices)]

    def _share_out(self, value: Any, indices: VecEnvIndices) -> list[Any]:
        shared = isinstance(value, tuple) and len(value) == self.num_envs
        return [value[index] if shared else value for index in self._get_indices(indices)]


def _row(infos: dict[str, Any], index: int) -> dict[str, Any]:
    """What the infos of a vector environment say about one environment's present episode, in Python's own numbers."""
    here = {
        key: values[index]
        for key, values in infos.items()
        if not key.startswith(("_", "final_")) and infos[f"_{key}"][index]
    }
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in here.items()}
