"""The batched environment whose observations, rewards, flags and infos are tensors that stay where they are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from torch import Tensor

from ...checks import check_whole
from ...errors import InvalidInputError
from ...painters.late_check import LateCheck
from ...painters.modes import plain_torch
from ...painters.pixels import to_tensor
from ..inputs import choose_target
from ..state import PaintingState
from .arrays import Mask, PaintingVectorEnv
from .compiling import CompiledStep
from .memory import told_what_fits
from .residents import Residents, draw_targets

TensorStep = tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]
"""Observations, rewards float32, terminated, truncated, infos."""

PIXELS = ("uint8", "float")
OUTPUTS = ("numpy", "torch")


def make_painting_vec(num_envs: int = 1, *, output: str = "numpy", **arguments: Any) -> PaintingVectorEnv:
    """What ``gymnasium.make_vec`` makes: arrays by default, tensors with ``output="torch"``.

    Raises:
        InvalidInputError: another output, or an argument that this one does not have.
    """
    if output not in OUTPUTS:
        raise InvalidInputError(f"output is {output!r}, expected one of {', '.join(OUTPUTS)}")
    if output == "torch":
        return TensorVectorEnv(num_envs, **arguments)
    for name in ("pixels", "compile", "resident_bytes"):
        if name in arguments:
            raise InvalidInputError(f"{name} is for output='torch'; leave it out, or make tensors")
    return PaintingVectorEnv(num_envs, **arguments)


class TensorVectorEnv(PaintingVectorEnv):
    """``PaintingVectorEnv`` with tensors on ``device`` for actions, observations, rewards, flags and infos.

    ## Description
    ``gym.make_vec("paintgym/Painting-v0", num_envs=1024, output="torch", device="cuda")`` makes it. Spaces, rewards,
    episodes, autoreset modes and the keys of infos are those of ``PaintingVectorEnv``, and so are the values; rewards
    are float32. ``step`` never waits for the device: when episodes end is counted on the host.

    ## Targets
    They stay on the device as uint8. Which one a row paints is a hash of its seed and of how many episodes it has
    begun since it was seeded (``draw_targets``), so a row's targets depend on nothing but its seed.

    ## Info
    Of the arrays' masks each is a tensor too. In ``SameStep``, ``final_obs`` is one tensor of all rows' observations
    as they were before the reset, with ``_final_obs`` telling which of them ended an episode.

    ## Bad actions
    Another shape, type or device raises at once; a number that is not finite raises in the same step on a CPU, and in
    one of the next from a GPU, as the host does not wait to hear of it.

    ## Arguments
    Those of ``PaintingVectorEnv``, and

    | argument | default | meaning |
    |---|---|---|
    | ``pixels`` | ``"uint8"`` | or ``"float"``: observations in [0, 1] as float32, not rounded to levels |
    | ``compile`` | False | steps by ``torch.compile``, on a GPU as CUDA graphs; with one warning as they are where it fails |
    | ``resident_bytes`` | 1 GiB | larger sets of targets are not kept on the device, but brought there for each episode |

    Examples:
        >>> import gymnasium, paintgym
        >>> env = gymnasium.make_vec("paintgym/Shapes-v0", num_envs=4, output="torch")
        >>> observations, infos = env.reset(seed=0)
        >>> observations, rewards, terminated, truncated, infos = env.step(torch.zeros(4, 12))
        >>> observations.dtype, rewards.shape, infos["score"].shape
        (torch.uint8, torch.Size([4]), torch.Size([4]))
    """  # noqa: E501

    def __init__(
        self,
        num_envs: int = 1,
        *,
        pixels: str = "uint8",
        compile: bool = False,
        resident_bytes: int = 2**30,
        **arguments: Any,
    ) -> None:
        super().__init__(num_envs, **arguments)
        if pixels not in PIXELS:
            raise InvalidInputError(f"pixels are {pixels!r}, expected one of {', '.join(PIXELS)}")
        if not isinstance(compile, bool):
            raise InvalidInputError(f"compile is {compile!r}, expected True or False")
        self.metadata = {**self.metadata, "output": "torch"}
        if pixels == "float":
            shape = self.single_observation_space.shape or ()
            self.single_observation_space = spaces.Box(0.0, 1.0, shape, np.float32)
            self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._float = pixels == "float"
        self._residents = Residents(self.targets, self.device, check_whole("resident_bytes", resident_bytes, 0))
        self._episodes = np.zeros(self.num_envs, np.int64)
        self._advance: Callable[..., Any] = CompiledStep(self._paint, self.device) if compile else self._paint
        self._late = LateCheck()
        self._index = torch.full((self.num_envs,), -1, device=self.device)
        self._all = torch.ones(self.num_envs, dtype=torch.bool, device=self.device)

    @plain_torch()
    def reset(  # type: ignore[override]
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Tensor, dict[str, Any]]:
        """As ``PaintingVectorEnv.reset``; ``reset_mask`` may be a tensor."""
        mask = self._begin(seed, options)
        return self._see(self._current()), self._told(mask)

    @plain_torch()
    @torch.no_grad()
    def step(self, actions: Tensor) -> TensorStep:  # type: ignore[override]
        """Paint one action's strokes in each environment, but for those whose turn it is to be reset.

        Args:
            actions: (num_envs, 12 * strokes_per_step) float32 on the environments' device.

        Raises:
            InvalidInputError: the actions have another shape, type or device, or hold NaN or infinity.
            ResetNeeded: the environments were not reset, or, without autoreset, a budget is spent.
        """
        previous = self._current()
        self._check_ended()
        painting = ~self._ended
        actions = self._checked(actions, painting)
        ended = truncated = np.zeros_like(painting)
        strokes = None
        if painting.any():
            with told_what_fits(self.core, self.num_envs, self.targets.size, self.device):
                self._state, rewards, strokes, observations = self._advance(previous, actions)
            rewards = self._masked(rewards, painting)
            self._steps[painting] += 1
            spent = self._steps * self.core.strokes_per_step >= self.core.stroke_budget
            ended = painting & spent
            if self._most_steps is not None:
                truncated = painting & (self._steps >= self._most_steps)
        else:
            rewards = torch.zeros(self.num_envs, device=self.device)
        if not painting.all():
            self._restart(~painting)
            observations = self._see(self._current())
        flags = self._flags(ended), self._flags(truncated)
        over = ended | truncated
        self._ended = over.copy()
        if self.autoreset_mode is not AutoresetMode.SAME_STEP or not over.any():
            return observations, rewards, *flags, self._told(np.ones_like(painting), strokes, painting)
        final = {"final_obs": observations, "final_info": self._told(over, strokes, over)}
        fresh = self._see(self._restart(over))
        if over.all():
            observations = fresh
        else:
            observations = observations.clone()
            observations[self._sent(np.flatnonzero(over))] = fresh
        infos = self._told(np.ones_like(over), strokes, ~over)
        for key, value in final.items():
            infos |= {key: value, f"_{key}": self._flags(over)}
        return observations, rewards, *flags, infos

    def _paint(self, state: PaintingState, actions: Tensor) -> tuple[PaintingState, Tensor, Tensor, Tensor]:
        strokes = self.core.strokes(state, actions)
        after = self.core.lay(state, strokes)
        return after, self.core.reward(state, after), strokes, self._see(after)

    def _see(self, state: PaintingState) -> Tensor:
        return self.core.observation(state) if self._float else self.core.quantized_observation(state)

    def _seeded(self, row: int) -> None:
        self._episodes[row] = 0

    def _restart(self, mask: Mask, options: Sequence[Mapping[str, Any]] | None = None) -> PaintingState:
        rows = np.flatnonzero(mask)
        seeds = np.array([self._stream(row)[1] & 0xFFFF_FFFF_FFFF_FFFF for row in rows.tolist()], np.uint64)
        indices = draw_targets(seeds, self._episodes[rows], len(self.targets))
        self._episodes[rows] += 1
        given: dict[int, Any] = {}
        for place, row in enumerate(rows.tolist()):
            if options and options[row]:
                indices[place], given[place] = choose_target(self.targets, options[row], self._stream(row)[0])
        drawn = np.where(indices < 0, 0, indices)
        pictures = self._residents.pictures(drawn) if len(given) < len(rows) else None
        if given:
            told = to_tensor(np.stack(list(given.values())), self.device)
            pictures = told if pictures is None else pictures.index_copy(0, self._sent(np.array([*given])), told)
        assert pictures is not None
        self._target_index[rows] = indices
        self._index = self._sent(self._target_index)
        return self._replace(mask, pictures)

    def _told(self, mask: Mask, strokes: Tensor | None = None, painted: Mask | None = None) -> dict[str, Any]:
        """The infos of the rows in ``mask``, with the strokes of those in ``painted``."""
        state = self._current()
        facts: dict[str, tuple[Tensor, Mask]] = {
            "loss": (state.loss.clone(), mask),
            "score": (self.core.score(state), mask),
            "stroke_index": (state.stroke_budget - state.strokes_left, mask),
            "target_index": (self._index, mask),
        }
        if state.focus is not None:
            facts["focus"] = (state.focus.clone(), mask)
        if strokes is not None and painted is not None and painted.any():
            facts["stroke"] = (strokes, painted)
        infos: dict[str, Any] = {}
        for key, (values, rows) in facts.items():
            infos |= {key: self._masked(values, rows), f"_{key}": self._flags(rows)}
        return infos

    def _masked(self, values: Tensor, rows: Mask) -> Tensor:
        """Values (num_envs, ...) of some rows, and 0 elsewhere."""
        if rows.all():
            return values
        return values.where(self._sent(rows).view(-1, *(1,) * (values.ndim - 1)), 0)

    def _flags(self, rows: Mask) -> Tensor:
        """A mask there; nothing is sent for the usual ones, of all rows or none."""
        if rows.all():
            return self._all.clone()
        return self._sent(rows) if rows.any() else torch.zeros_like(self._all)

    def _sent(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values.copy()).to(self.device, non_blocking=True)

    def _checked(self, actions: Any, painting: Mask) -> Tensor:
        shape = (self.num_envs, self.core.action_length)
        if not isinstance(actions, Tensor):
            raise InvalidInputError(
                f"the action is a {type(actions).__name__}, expected a tensor: the environments were made with "
                "output='torch'; convert it with torch.as_tensor(action, device=env.device)"
            )
        if actions.device != self._index.device:
            raise InvalidInputError(
                f"the action is on {actions.device}, expected {self._index.device} as the environments; move it with "
                f".to({str(self._index.device)!r})"
            )
        if actions.dtype != torch.float32 or actions.shape != shape:
            raise InvalidInputError(
                f"the action is {actions.dtype} of shape {tuple(actions.shape)}, expected torch.float32 of {shape}"
            )
        numbers: Tensor = actions.detach()
        if not painting.all():
            numbers = self._masked(numbers, painting)
        self._late(numbers.isfinite().all().logical_not(), "an action is not finite; expected numbers in [-1, 1]")
        return numbers
