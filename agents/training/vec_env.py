"""stable-baselines3's view of the vector environment: ``PaintingVecEnv``. Nothing is painted or copied here."""

import operator
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn
from torch.utils._pytree import tree_map_only

from ...errors import InvalidInputError

LEAST_CNN_SIZE = 36
"""Pixels a side that stable-baselines3's ``CnnPolicy`` needs: its convolutions of 8, 4 and 3 pixels leave one of 36."""

_READING = ("render", "get_wrapper_attr", "has_wrapper_attr")
"""Methods that change nothing, so that calling them once answers for any of the environments."""


class PaintingVecEnv(VecEnv):
    """A gymnasium vector environment as the ``VecEnv`` that stable-baselines3 trains and evaluates with::

        env = gym.make_vec("paintgym/Painting-v0", num_envs=64, autoreset_mode="SameStep")
        PPO("CnnPolicy", VecMonitor(PaintingVecEnv(env)), n_steps=32).learn(100_000)

    PPO remembers ``n_steps`` (2048 by default) steps of every environment, 29 kB each at 64 pixels: 3.8 GB for 64
    environments, which also learn nothing before all are taken. 32 steps of 64 environments are as many as 2048 of one.

    Observations are handed on as they are; tensors, where the environment was made with ``output="torch"``, are copied
    to arrays once. Infos are empty but for environments whose episode ended in the step:
    theirs are the last ones of the episode, with ``terminal_observation`` and ``TimeLimit.truncated``. Infos of
    resets are in ``reset_infos``; ``seed`` and ``set_options`` hold for the next ``reset``.

    Gymnasium's vector wrappers may lie between. Those of observations want the autoreset mode ``"Disabled"``; episodes
    are then begun anew from here. What ``RecordEpisodeStatistics`` says of an episode is in its last info.

    The environments are one object. Attributes and results of methods that are tuples of ``num_envs`` (such as
    ``np_random`` and ``render()``) are shared out among them; others are the same for all. ``env_method("reset")``
    begins the episodes of those that ``indices`` names, and returns observation and infos of each.

    Args:
        env: a vector environment whose autoreset mode is ``"SameStep"`` or ``"Disabled"``.
        autoreset: whether episodes that ended begin anew at once. Without it, which wants the mode ``"Disabled"``, a
            training whose rollouts end with their episodes calls ``reset`` itself: targets are not made twice.

    Raises:
        InvalidInputError: another autoreset mode, or one that begins episodes anew against ``autoreset``.

    Warns:
        UserWarning: its pictures are smaller than the 36 pixels that ``CnnPolicy`` needs.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], autoreset: bool = True) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode not in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
            raise InvalidInputError(
                f"the vector environment's autoreset mode is {getattr(mode, 'value', mode)!r}, expected 'SameStep' "
                "(or 'Disabled', under wrappers that want it), as stable-baselines3 resets; make it with "
                "autoreset_mode='SameStep'"
            )
        self.env = env
        self._resets_itself = mode is AutoresetMode.SAME_STEP
        if self._resets_itself and not autoreset:
            raise InvalidInputError(
                "the vector environment's autoreset mode is 'SameStep', expected 'Disabled' with autoreset=False"
            )
        self._autoreset = autoreset
        self._tensors = env.metadata.get("output") == "torch"
        self._actions: NDArray[np.float32] | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self.metadata = env.metadata
        self.spec = env.spec
        shape = env.single_observation_space.shape or ()
        if len(shape) == 3 and sorted(shape)[1] < LEAST_CNN_SIZE:
            warnings.warn(
                f"observations have shape {shape}; stable-baselines3's CnnPolicy needs at least {LEAST_CNN_SIZE} "
                "pixels a side: make the environment with a larger size, or give the policy a features_extractor_class",
                stacklevel=2,
            )

    def reset(self) -> NDArray[np.uint8]:
        """Begin all episodes; see the class about seeds and options."""
        keys = {key for options in self._options for key in options}
        options = {key: [options.get(key) for options in self._options] for key in keys}
        # VectorEnv's annotation knows one seed alone, its implementations take a list.
        observations, infos = _arrays(self.env.reset(seed=self._seeds, options=options))  # type: ignore[arg-type]
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [_row(infos, index) for index in range(self.num_envs)]
        return observations  # type: ignore[no-any-return]

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Take note of actions (num_envs, ...); ``step_wait`` does the work."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step: observations, rewards (num_envs,) float32, whether episodes ended, and infos."""
        actions: Any = self._actions
        if self._tensors:
            actions = torch.as_tensor(actions, dtype=torch.float32, device=self._find("device"))
        observations, rewards, terminated, truncated, infos = _arrays(self.env.step(actions))
        ended = terminated | truncated
        listed: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        rows = np.flatnonzero(ended).tolist()
        for index in rows:
            here = _row(infos, index)
            if self._resets_itself:
                last, final = here.pop("final_info"), here.pop("final_obs")
                # The environment's own infos are of the new episode by now, what wrappers add is of the old one.
                self.reset_infos[index] = {key: value for key, value in here.items() if key in last}
                listed[index] = {**here, **last, "terminal_observation": final}
            else:
                listed[index] = {**here, "terminal_observation": observations[index].copy()}
            listed[index]["TimeLimit.truncated"] = bool(truncated[index] and not terminated[index])
        if rows and self._autoreset and not self._resets_itself:
            observations, infos = _arrays(self.env.reset(options={"reset_mask": ended}))
            self._note_resets(infos, rows)
        return observations, np.asarray(rewards, np.float32), ended, listed

    def close(self) -> None:
        """Close the vector environment."""
        self.env.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """What each environment renders; None without a render mode."""
        return self.env.render() or [None] * self.num_envs  # type: ignore[return-value]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute, for each environment that ``indices`` names (all by default)."""
        return self._share_out(self._find(attr_name), self._rows(indices))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of all environments, in the wrapper that has it, if one does.

        Raises:
            InvalidInputError: ``indices`` leaves some out.
        """
        if self._covers_all(indices, f"{attr_name} cannot be set in"):
            setattr(self._owner(attr_name), attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method once; its result, for each environment that ``indices`` names (all by default).

        Raises:
            InvalidInputError: ``indices`` leaves some out, and the method is neither ``reset`` nor one that only reads.
        """
        rows = self._rows(indices)
        if method_name == "reset" and rows:
            return self._reset_rows(rows, *method_args, **method_kwargs)
        if method_name not in _READING and not self._covers_all(indices, f"{method_name} cannot be called for"):
            return []
        return self._share_out(self._find(method_name)(*method_args, **method_kwargs), rows)

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """False for each: single environments, and with them wrappers of single ones, do not exist."""
        return [False for _ in self._rows(indices)]

    def _reset_rows(self, rows: list[int], *, seed: Any = None, options: dict[str, Any] | None = None) -> list[Any]:
        """Begin the episodes of some environments, each with the same seed and options, as single ones would be."""
        mask = np.zeros(self.num_envs, np.bool_)
        mask[rows] = True
        options = dict(options or {})
        if not mask.all():
            options["reset_mask"] = mask
        seeds = None if seed is None else [seed if chosen else None for chosen in mask.tolist()]
        observations, infos = _arrays(self.env.reset(seed=seeds, options=options))  # type: ignore[arg-type]
        self._note_resets(infos, rows)
        return [(observations[index], self.reset_infos[index]) for index in rows]

    def _note_resets(self, infos: Any, rows: Iterable[int]) -> None:
        for index in rows:
            self.reset_infos[index] = _row(infos, index)

    def _layers(self) -> Iterator[VectorEnv[Any, Any, Any]]:
        """The wrappers from the outermost, and the environments that they wrap."""
        layer = self.env
        while isinstance(layer, VectorWrapper):
            yield layer
            layer = layer.env
        yield layer

    def _find(self, name: str) -> Any:
        """An attribute of the outermost layer that has it."""
        return getattr(next((layer for layer in self._layers() if hasattr(layer, name)), self.env), name)

    def _owner(self, name: str) -> Any:
        """The outermost layer that has an attribute of its own, not one handed through; else the environments."""
        *wrappers, environments = self._layers()
        for layer in wrappers:
            own = [vars(kind) for kind in type(layer).__mro__ if kind not in VectorWrapper.__mro__]
            if any(name in names for names in (vars(layer), *own)):
                return layer
        return environments

    def _rows(self, indices: VecEnvIndices) -> list[int]:
        """The numbers of the environments that are named, in that order; negative ones count from the end.

        Raises:
            InvalidInputError: there is no such environment.
        """
        if indices is None:
            return list(range(self.num_envs))
        rows = []
        for index in np.atleast_1d(np.asarray(indices, object)):
            try:
                rows.append(range(self.num_envs)[operator.index(index)])
            except (TypeError, IndexError):
                raise InvalidInputError(
                    f"indices hold {index!r}, expected numbers of environments, 0 to {self.num_envs - 1}"
                ) from None
        return rows

    def _covers_all(self, indices: VecEnvIndices, refusal: str) -> bool:
        """Whether ``indices`` name all environments; if not, they name none.

        Raises:
            InvalidInputError: they name some.
        """
        rows = set(self._rows(indices))
        if rows and len(rows) < self.num_envs:
            raise InvalidInputError(f"{refusal} some of the environments, which are one object; leave out indices")
        return bool(rows)

    def _share_out(self, value: Any, rows: list[int]) -> list[Any]:
        shared = isinstance(value, tuple) and len(value) == self.num_envs
        return [value[index] if shared else value for index in rows]


def _arrays(values: Any) -> Any:
    """The same with arrays for tensors, of any device, wherever there are any."""
    return tree_map_only(torch.Tensor, lambda tensor: tensor.cpu().numpy(), values)


def _row(infos: Any, index: int) -> dict[str, Any]:
    """What the infos of a vector environment say about one environment, in Python's own numbers.

    Infos are a dictionary of arrays and, as wrappers add them, of such dictionaries, with a mask beside each; or, from
    ``DictInfoToList``, a list of dictionaries.
    """
    if isinstance(infos, list):
        return {key: _plain(value) for key, value in infos[index].items()}
    here = {}
    for key, values in infos.items():
        mask = infos.get(f"_{key}")
        if not key.startswith("_") and (mask is None or mask[index]):
            here[key] = _row(values, index) if isinstance(values, dict) else _plain(values[index])
    return here


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value.item() if isinstance(value, np.generic) else value
