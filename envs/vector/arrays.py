"""Many paintings at once: ``PaintingVectorEnv``. What one environment is, painting.py says; the work is core.py's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from torch import Tensor

from ...checks import check_whole
from ...errors import InvalidInputError
from ...painters.modes import plain_torch
from ...painters.pixels import to_tensor
from ..inputs import check_actions, check_reset_mask, check_seeds, choose_target, options_of, plain_spec
from ..painting import PaintingEnv
from ..rendering import render_state
from ..state import PaintingState
from .memory import told_what_fits

Mask = NDArray[np.bool_]
"""(num_envs,) bool."""
VectorStep = tuple[NDArray[np.uint8], NDArray[np.float64], Mask, Mask, dict[str, Any]]

_RESET_MASK = "reset_mask"


class PaintingVectorEnv(VectorEnv[NDArray[np.uint8], NDArray[np.float32], NDArray[Any]]):
    """``num_envs`` environments ``paintgym/Painting-v0`` in one: a step is one call of painter, canvas and loss.

    ## Description
    ``gym.make_vec("paintgym/Painting-v0", num_envs=64, ...)`` makes it. Spaces, rewards, episodes and arguments are
    those of ``PaintingEnv``; actions, observations, rewards (float64) and flags have ``num_envs`` rows. Row i does
    what a ``PaintingEnv`` with the same seed and actions does. Painter and loss see all rows at once, and their
    float32 sums depend a little on the batch: losses agree within 0.1 % and observations within one level.

    ## Seeds
    ``reset(seed=s)`` seeds environment i with s + i, ``reset(seed=[...])`` each with its own (None: go on with
    its random numbers), as gymnasium's own vector environments do.

    ## Reset options
    ``reset_mask`` (a bool array of ``num_envs``) resets only some environments: of the others observations are
    repeated and infos masked. ``target_index`` and ``target`` are one for all, or a list (or array) of one for each
    environment, where None draws a target and entries outside of the mask are ignored.

    ## Autoreset
    | ``autoreset_mode`` | when the episode of an environment has ended |
    |---|---|
    | ``"NextStep"`` | its next step is a reset: the action is ignored, the reward 0, no flag is set |
    | ``"SameStep"`` | it is reset at once: the observation is the new episode's, the old one's last is in ``info["final_obs"]`` and ``info["final_info"]`` |
    | ``"Disabled"`` | it must be reset (``reset_mask``) before the next step, which raises otherwise |

    The mode is in ``autoreset_mode`` and in ``metadata["autoreset_mode"]``.

    ## Info
    The keys of ``PaintingEnv``, each an array of ``num_envs`` rows, with a mask of the same name after an
    underscore that tells which rows have it: ``stroke`` is missing in those that were reset.

    ## Rendering
    ``rgb_array``: a tuple of ``num_envs`` pictures, canvas beside target.

    ## Arguments
    Those of ``PaintingEnv``, and

    | argument | default | meaning |
    |---|---|---|
    | ``num_envs`` | 1 | how many environments |
    | ``autoreset_mode`` | ``"NextStep"`` | see above; gymnasium's ``AutoresetMode`` or its value |
    | ``max_episode_steps`` | None | truncates episodes after so many steps, as gymnasium's ``TimeLimit`` does |

    Raises:
        InvalidInputError: an argument, action or option that cannot be used.
        MissingDataError: pictures or weights are not in the data folder (``PAINTGYM_DATA``).
    """  # noqa: E501

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        **arguments: Any,
    ) -> None:
        num_envs = check_whole("num_envs", num_envs, 1)
        if max_episode_steps == -1:  # gymnasium.make has it for no limit
            max_episode_steps = None
        if max_episode_steps is not None:
            max_episode_steps = check_whole("max_episode_steps", max_episode_steps, 1)
        modes = [mode.value for mode in AutoresetMode]
        if autoreset_mode not in [*AutoresetMode, *modes]:
            raise InvalidInputError(f"autoreset_mode is {autoreset_mode!r}, expected one of {', '.join(modes)}")
        # Its arguments are checked, and its parts found, in one place: a single environment, which paints nothing.
        single = PaintingEnv(**arguments)
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**single.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = single.render_mode
        self.device = single.device
        self.targets = single.targets
        self.core = single.core
        self.single_action_space = single.action_space
        self.single_observation_space = single.observation_space
        self.action_space = batch_space(single.action_space, num_envs)
        self.observation_space = batch_space(single.observation_space, num_envs)
        self._state: PaintingState | None = None
        self._target_index = np.full(num_envs, -1, np.int64)
        self._ended = np.zeros(num_envs, np.bool_)
        self._most_steps = max_episode_steps
        self._steps = np.zeros(num_envs, np.int64)
        self._streams: list[tuple[np.random.Generator, int] | None] = [None] * num_envs
        self._spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """How the environments were made, by ``gymnasium.make_vec``."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = plain_spec(spec, self.targets)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The random numbers of each environment."""
        return tuple(self._stream(row)[0] for row in range(self.num_envs))

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each environment."""
        return tuple(self._stream(row)[1] for row in range(self.num_envs))

    @property
    def state(self) -> PaintingState:
        """Canvases, targets and losses of all environments as they stand; not to be changed."""
        return self._current()

    @plain_torch()
    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """White paper before targets, in all environments or in those of a mask; see the class for the options."""
        mask = self._begin(seed, options)
        return self._observe(self._current()), self._facts(mask)

    @plain_torch()
    def step(self, actions: NDArray[np.float32]) -> VectorStep:
        """Paint one action's strokes in each environment, but for those whose turn it is to be reset.

        Raises:
            InvalidInputError: the actions have another shape, or hold NaN or infinity.
            ResetNeeded: the environments were not reset, or, without autoreset, a budget is spent.
        """
        previous = self._current()
        self._check_ended()
        painting = ~self._ended
        batch = torch.as_tensor(self._check_actions(actions, painting), device=self.device)
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros_like(painting), np.zeros_like(painting)
        strokes = None
        if painting.any():
            with torch.no_grad(), told_what_fits(self.core, self.num_envs, self.targets.size, self.device):
                # All rows, also those about to be reset: leaving them out would copy the others' features.
                self._state = self.core.lay(previous, laid := self.core.strokes(previous, batch))
                rewards[painting] = self.core.reward(previous, self._state).cpu().numpy()[painting]
                terminated = self.core.terminal(self._state).cpu().numpy() & painting
                strokes = laid.cpu().numpy()
            self._steps[painting] += 1
            if self._most_steps is not None:
                truncated = painting & (self._steps >= self._most_steps)
        if not painting.all():
            self._restart(~painting)
        self._ended = ended = terminated | truncated
        observations = self._observe(self._current())
        if self.autoreset_mode is AutoresetMode.SAME_STEP and ended.any():
            infos = self._restart_now(observations, ended.copy(), strokes)
        else:
            infos = self._facts(np.ones_like(painting), strokes, painting)
        return observations, rewards, terminated, truncated, infos

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """For each environment the canvas with the target to its right; nothing without a render mode."""
        if self.render_mode is None:
            return None
        state = self._current()
        return tuple(render_state(state, self.core.view))

    def _begin(self, seed: Any, options: dict[str, Any] | None) -> Mask:
        """Begin the episodes that a reset names, all or those of a mask, which is returned."""
        options = dict(options or {})
        mask = check_reset_mask(options.pop(_RESET_MASK, None), self.num_envs)
        if self._state is None and not mask.all():
            raise ResetNeeded("the environments have no canvases yet; call reset() without a reset_mask first")
        per_env = [options_of(row, options, self.num_envs) for row in range(self.num_envs)]
        for row, one in enumerate(check_seeds(seed, self.num_envs)):
            if mask[row] and one is not None:
                self._streams[row] = seeding.np_random(one)
                self._seeded(row)
        with told_what_fits(self.core, self.num_envs, self.targets.size, self.device):
            self._restart(mask, per_env)
        return mask

    def _seeded(self, row: int) -> None:
        """Called when an environment has got a seed."""

    def _restart_now(self, observations: NDArray[np.uint8], ended: Mask, strokes: Any) -> dict[str, Any]:
        """Begin the next episodes of the rows in ``ended``, in ``observations`` too; the infos of the step."""
        final_observations = np.full(self.num_envs, None, dtype=object)
        for row in np.flatnonzero(ended):
            final_observations[row] = observations[row].copy()
        final_infos = self._facts(ended, strokes, ended)
        observations[ended] = self._observe(self._restart(ended))
        return {
            **self._facts(np.ones_like(ended), strokes, ~ended),
            "final_obs": final_observations,
            "_final_obs": ended.copy(),
            "final_info": final_infos,
            "_final_info": ended.copy(),
        }

    def _restart(self, mask: Mask, options: Sequence[Mapping[str, Any]] | None = None) -> PaintingState:
        """Begin the episodes of the rows in ``mask``; their state alone is returned."""
        rows = np.flatnonzero(mask).tolist()
        chosen = [choose_target(self.targets, options[row] if options else {}, self._stream(row)[0]) for row in rows]
        self._target_index[rows] = [index for index, _ in chosen]
        return self._replace(mask, to_tensor(np.stack([picture for _, picture in chosen]), self.device))

    def _replace(self, mask: Mask, pictures: Tensor) -> PaintingState:
        """Paper before pictures (N, 3, size, size) in the rows of a mask; their state alone is returned."""
        with torch.no_grad():
            fresh = self.core.initial(pictures)
        if mask.all():
            self._state = fresh
        else:
            rows = torch.from_numpy(np.flatnonzero(mask)).to(self.device, non_blocking=True)
            self._current().overwrite(rows, fresh)
        self._ended[mask] = False
        self._steps[mask] = 0
        return fresh

    def _current(self) -> PaintingState:
        if self._state is None:
            raise ResetNeeded("the environments have no canvases yet; call reset() first")
        return self._state

    def _stream(self, row: int) -> tuple[np.random.Generator, int]:
        stream = self._streams[row]
        if stream is None:
            stream = self._streams[row] = seeding.np_random()
        return stream

    def _observe(self, state: PaintingState) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = self.core.quantized_observation(state).cpu().numpy()
        return pixels

    def _facts(self, mask: Mask, strokes: Any = None, painted: Mask | None = None) -> dict[str, Any]:
        """The infos of the rows in ``mask``, with the strokes of those in ``painted``."""
        state = self._current()
        facts = {
            "loss": (state.loss.double().cpu().numpy(), mask),
            "score": (self.core.score(state).double().cpu().numpy(), mask),
            "stroke_index": ((state.stroke_budget - state.strokes_left).cpu().numpy(), mask),
            "target_index": (self._target_index, mask),
        }
        if state.focus is not None:
            facts["focus"] = (state.focus.cpu().numpy().astype(np.float32), mask)
        if painted is not None and painted.any():
            facts["stroke"] = (strokes, painted)
        infos: dict[str, Any] = {}
        for key, (values, rows) in facts.items():
            infos[key] = np.zeros_like(values)
            infos[key][rows] = values[rows]
            infos[f"_{key}"] = rows.copy()
        return infos

    def _check_ended(self) -> None:
        if self.autoreset_mode is AutoresetMode.DISABLED and self._ended.any():
            raise ResetNeeded(
                f"the strokes or steps of environments {np.flatnonzero(self._ended).tolist()} are spent; reset them "
                "with reset(options={'reset_mask': ...}) before the next step()"
            )

    def _check_actions(self, actions: Any, painting: Mask) -> NDArray[np.float32]:
        array = np.where(
            painting[:, None], check_actions(actions, (self.num_envs, self.core.action_length)), np.float32(0)
        )
        finite = np.isfinite(array)
        if not finite.all():
            row, number = np.argwhere(~finite)[0]
            raise InvalidInputError(
                f"number {number} of the action of environment {row} is not finite; expected numbers in [-1, 1]"
            )
        return array
