"""Other actions for the painting environments, single and vector: numbers on a grid, and strokes in a chain."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from ..checks import check_whole
from ..errors import InvalidInputError
from ..painters.stroke import COLOR, CONTROL, END, END_PRESSURE, ENTRY_PRESSURE, SIZE, START, STROKE_LENGTH

_POINTS = (START, CONTROL, END)
_SHORT_LENGTH = STROKE_LENGTH - 2


class ActionGrid:
    """What whole numbers mean: after SPIRAL (Ganin et al., 2018), places on a grid, all else in a few steps.

    Args:
        grid: places along each side of what the view shows.
        levels: steps of each pressure and of the brush size.
        colors: steps of each color channel.
        strokes_per_step: strokes of an action.
    """

    def __init__(self, grid: int = 16, levels: int = 5, colors: int = 8, strokes_per_step: int = 1) -> None:
        self.grid = check_whole("grid", grid, 2, 256)
        self.levels = check_whole("levels", levels, 2, 256)
        self.colors = check_whole("colors", colors, 2, 256)
        places, steps = [self.grid**2] * len(_POINTS), [self.levels] * 3 + [self.colors] * 3
        self.space = spaces.MultiDiscrete(np.array([*places, *steps] * strokes_per_step))

    def numbers(self, action: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Actions (..., 12 * strokes) in [-1, 1] of whole numbers (..., 9 * strokes): start, middle, end (place = row *
        grid + column), entry pressure, end pressure, size, red, green, blue.
        """
        parts = np.asarray(action).reshape(*np.shape(action)[:-1], -1, len(_POINTS) + 6)
        numbers = np.zeros((*parts.shape[:-1], STROKE_LENGTH), np.float32)
        for index, point in enumerate(_POINTS):
            place = np.stack([parts[..., index] % self.grid, parts[..., index] // self.grid], -1)
            # Middles of the cells: their borders would be clipped half the time.
            numbers[..., point] = (2 * place + 1) / self.grid - 1
        for index, number in enumerate((ENTRY_PRESSURE, END_PRESSURE, SIZE), len(_POINTS)):
            numbers[..., number] = 2 * parts[..., index] / (self.levels - 1) - 1
        numbers[..., COLOR] = 2 * parts[..., len(_POINTS) + 3 :] / (self.colors - 1) - 1
        return numbers.reshape(*np.shape(action)[:-1], -1)


class DiscreteActions(gymnasium.ActionWrapper[Any, Any, Any], RecordConstructorArgs):
    """A painting environment whose actions are whole numbers, ``MultiDiscrete``; see ``ActionGrid``.

    Args:
        env: ``paintgym/Painting-v0`` or a task, in any view.
        grid: as for ``ActionGrid``; so are the others.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], grid: int = 16, levels: int = 5, colors: int = 8) -> None:
        RecordConstructorArgs.__init__(self, grid=grid, levels=levels, colors=colors)
        gymnasium.ActionWrapper.__init__(self, env)
        self._grid = ActionGrid(grid, levels, colors, _strokes_of(env.action_space))
        self.action_space = self._grid.space

    def action(self, action: Any) -> NDArray[np.float32]:
        """The environment's own numbers."""
        return self._grid.numbers(action)


class DiscreteVectorActions(VectorActionWrapper):
    """The same for a vector environment."""

    def __init__(self, env: VectorEnv[Any, Any, Any], grid: int = 16, levels: int = 5, colors: int = 8) -> None:
        super().__init__(env)
        self._grid = ActionGrid(grid, levels, colors, _strokes_of(env.single_action_space))
        self.single_action_space = self._grid.space
        self.action_space = gymnasium.vector.utils.batch_space(self._grid.space, env.num_envs)

    def actions(self, actions: Any) -> NDArray[np.float32]:
        """The environments' own numbers."""
        return self._grid.numbers(actions)


class ChainedStrokes(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Every stroke begins where the last one ended: actions are the 10 numbers beside the start, in their order.

    The first stroke of an episode begins in the middle of the canvas. For the canvas view alone, one stroke a step:
    what a place is in another view changes from step to step.

    Args:
        env: ``paintgym/Painting-v0`` or a task with ``view="canvas"``.

    Raises:
        InvalidInputError: another view, or several strokes a step.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gymnasium.Wrapper.__init__(self, env)
        _check_chainable(env.unwrapped, env.action_space)
        self.action_space = spaces.Box(-1.0, 1.0, (_SHORT_LENGTH,), np.float32)
        self._end = np.zeros(2, np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin in the middle."""
        self._end = np.zeros(2, np.float32)
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        """Paint from the last end."""
        whole = _insert(np.asarray(action, np.float32), self._end)
        self._end = whole[END].clip(-1, 1)
        return self.env.step(whole)


class ChainedVectorStrokes(VectorWrapper):
    """The same for a vector environment; where an episode ends and begins in one, so does its chain."""

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env)
        _check_chainable(env.unwrapped, env.single_action_space)
        self.single_action_space = spaces.Box(-1.0, 1.0, (_SHORT_LENGTH,), np.float32)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, env.num_envs)
        self._ends = np.zeros((env.num_envs, 2), np.float32)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        """Begin in the middle, in those environments that are reset."""
        mask = (options or {}).get("reset_mask")
        self._ends[slice(None) if mask is None else mask] = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, actions: Any) -> Any:
        """Paint from the last ends."""
        whole = _insert(np.asarray(actions, np.float32), self._ends)
        seen, rewards, terminated, truncated, infos = self.env.step(whole)
        self._ends = whole[:, END].clip(-1, 1)
        # Who has painted no stroke by now has begun anew.
        self._ends[infos["stroke_index"] == 0] = 0
        return seen, rewards, terminated, truncated, infos


def _insert(action: NDArray[np.float32], start: NDArray[np.float32]) -> NDArray[np.float32]:
    if action.shape[-1:] != (_SHORT_LENGTH,):
        raise InvalidInputError(f"the action has shape {action.shape}, expected {_SHORT_LENGTH} numbers for a stroke")
    return np.concatenate([action[..., : START.start], start, action[..., START.start :]], -1)


def _strokes_of(space: gymnasium.Space[Any]) -> int:
    length = (space.shape or (0,))[-1]
    if not isinstance(space, spaces.Box) or not length or length % STROKE_LENGTH:
        raise InvalidInputError(f"the action space is {space}, expected that of a painting environment")
    return int(length // STROKE_LENGTH)


def _check_chainable(env: Any, space: gymnasium.Space[Any]) -> None:
    view = getattr(getattr(env, "core", None), "view", None)
    if view is None or view.name != "canvas" or _strokes_of(space) != 1:
        raise InvalidInputError("chained strokes need a painting environment with view='canvas', one stroke a step")
