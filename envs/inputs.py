"""Actions, reset options and arguments of environments as people bring them, checked and in one form."""

from collections.abc import Mapping
from copy import copy
from enum import Enum
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray
from torch import Tensor

from ..checks import check_whole
from ..errors import InvalidInputError
from ..painters.stroke import STROKE_LENGTH
from .pictures import Picture, fit_picture, load_picture
from .targets.targets import Targets

_OPTION_DIMENSIONS = {"target": 3, "target_index": 0}
"""Reset options, and how many dimensions an array has that is one for all environments."""


def choose_target(targets: Targets, options: Mapping[str, Any], generator: np.random.Generator) -> tuple[int, Picture]:
    """The target of an episode: what the options of a reset name, or one drawn evenly.

    Returns:
        Its number, -1 if it came with the options, and its (size, size, 3) uint8 pixels, not to be written into.

    Raises:
        InvalidInputError: options that are unknown or cannot be used.
    """
    if len(options) > 1 or not set(options) <= set(_OPTION_DIMENSIONS):
        names = ", ".join(_OPTION_DIMENSIONS)
        raise InvalidInputError(f"reset options are {sorted(options)}, expected one of {names}, or none")
    if "target" in options:
        return -1, fit_picture(load_picture(options["target"], enough=targets.size), targets.size)
    index = targets.check(options["target_index"] if options else generator.integers(len(targets)))
    return index, targets.picture(index)


def options_of(row: int, options: Mapping[str, Any], num_envs: int) -> dict[str, Any]:
    """The options that a single environment would get: each value is one for all, or a row of one for each.

    Raises:
        InvalidInputError: a row of another number.
    """
    chosen = {}
    for key, value in options.items():
        one_each = isinstance(value, list | tuple) or (
            isinstance(value, np.ndarray | Tensor) and value.ndim > _OPTION_DIMENSIONS.get(key, 0)
        )
        if one_each and len(value) != num_envs:
            raise InvalidInputError(
                f"the reset option {key} has {len(value)} entries, expected one for each of {num_envs} "
                "environments, or one for all"
            )
        if not one_each or value[row] is not None:
            chosen[key] = value[row] if one_each else value
    return chosen


def check_seed(seed: Any) -> int | None:
    """The seed of a reset as Python's own number; None goes on with the random numbers there are.

    Raises:
        InvalidInputError: no whole number, or a negative one.
    """
    return None if seed is None else check_whole("seed", seed, 0)


def check_seeds(seed: Any, num_envs: int) -> list[int | None]:
    """The seed of each environment: one for all gives seed + i to environment i.

    Raises:
        InvalidInputError: another number of seeds, or what cannot be one.
    """
    if isinstance(seed, list | tuple) or (isinstance(seed, np.ndarray | Tensor) and seed.ndim):
        if len(seed) != num_envs:
            raise InvalidInputError(f"there are {len(seed)} seeds, expected one, or one for each of {num_envs}")
        return [check_seed(one) for one in seed]
    first = check_seed(seed)
    return [None if first is None else first + row for row in range(num_envs)]


def check_reset_mask(mask: Any, num_envs: int) -> NDArray[np.bool_]:
    """Which environments a reset is for: all by default. A tensor is waited for.

    Raises:
        InvalidInputError: anything but a bool array or tensor of (num_envs,), or one that names none.
    """
    if mask is None:
        return np.ones(num_envs, np.bool_)
    if isinstance(mask, Tensor):
        mask = mask.cpu().numpy()
    if not isinstance(mask, np.ndarray) or mask.shape != (num_envs,) or mask.dtype != np.bool_:
        found = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise InvalidInputError(f"reset_mask is {found}, expected a bool array of shape ({num_envs},)")
    if not mask.any():
        raise InvalidInputError("reset_mask names no environment; expected True for at least one")
    return mask


def check_actions(actions: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Actions as float32 of the shape that is expected; of tensors, from any device, the numbers without the gradient.

    Raises:
        InvalidInputError: they are no real numbers, or of another shape.
    """
    if isinstance(actions, Tensor):
        actions = actions.detach()
        actions = (actions.float() if actions.is_floating_point() else actions).cpu().numpy()
    try:
        array = np.asarray(actions)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, object)
    if array.dtype.kind not in "iuf":
        kind = f"an array of {array.dtype}" if isinstance(actions, np.ndarray) else f"a {type(actions).__name__}"
        raise InvalidInputError(f"the action is {kind}, expected float32 numbers of shape {shape}")
    if array.shape != shape:
        raise InvalidInputError(f"the action has shape {array.shape}, expected {shape}{_explain(array, shape)}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused as such
        return array.astype(np.float32)


def _explain(actions: NDArray[Any], shape: tuple[int, ...]) -> str:
    """What to do where actions hold another number of strokes than the environment paints in a step."""
    held, rest = divmod(actions.shape[-1] if actions.ndim else 0, STROKE_LENGTH)
    wanted = shape[-1] // STROKE_LENGTH
    if rest or not held or held == wanted or actions.shape[:-1] != shape[:-1]:
        return ""
    return (
        f": it holds {held} strokes, and the environment paints {wanted} a step; make the environment with "
        f"strokes_per_step={held}, or the policy with strokes_per_step={wanted}"
    )


def plain_spec(spec: EnvSpec | None, targets: Targets) -> EnvSpec | None:
    """A copy of an environment's specification that is JSON where it can be, and depends on nobody else's memory.

    Numbers of NumPy and torch become Python's, paths and devices their names; relative paths stay as they were given.
    Pictures that were given are those that the environment has, which are copies.
    """
    if spec is None:
        return None
    spec = copy(spec)
    spec.kwargs = {name: _plain(value) for name, value in spec.kwargs.items()}
    if targets.given is not None and "target" in spec.kwargs:
        spec.kwargs["target"] = targets.given
    return spec


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray | Tensor) and not value.ndim):
        return value.item()
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, torch.device) else value
