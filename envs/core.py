"""Painting as a function of state and action: pure torch, batched, differentiable. Nothing here knows Gymnasium."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..checks import check_whole
from ..errors import InvalidInputError
from ..painters.canvas import paint_strokes
from ..painters.painter import Painter
from ..painters.stroke import STROKE_LENGTH
from .losses.loss import Features, Loss, check_pictures

REWARDS = ("negative_loss", "improvement")
OBSERVATION_CHANNELS = 7

_BUDGET_LEVELS = 30.0
"""Levels, of 255, for every factor of e in the strokes left: 4,913 strokes and more look alike."""


@dataclass(frozen=True, eq=False)
class PaintingState:
    """B half-painted pictures. States are never changed, only replaced, but for ``overwrite``.

    Attributes:
        canvas: (B, 3, size, size) float32 in [0, 1].
        target: (B, 3, size, size) float32 in [0, 1].
        target_features: what the loss remembers of the targets, computed once an episode.
        loss: (B,) distance between canvas and target.
        stroke_budget: (B,) int64, strokes of the whole episode; every picture has its own.
        strokes_left: (B,) int64 in [0, stroke_budget].
    """

    canvas: Tensor
    target: Tensor
    target_features: Features
    loss: Tensor
    stroke_budget: Tensor
    strokes_left: Tensor

    def overwrite(self, rows: Tensor, other: "PaintingState") -> None:
        """Put the N pictures of ``other`` in the place of ``rows``, (N,) int64.

        For an owner who shares the state with nobody: replacing it would copy the features of all B targets.
        """
        for mine, theirs in zip(self._tensors(), other._tensors(), strict=True):
            mine[rows] = theirs

    def _tensors(self) -> tuple[Tensor, ...]:
        return (self.canvas, self.target, *self.target_features, self.loss, self.stroke_budget, self.strokes_left)


class PaintingCore:
    """The painting environment without its clothes, for training through the canvas::

        state = core.initial(target)
        while not core.terminal(state).all():
            previous, state = state, core.transition(state, policy(core.observation(state)))
            reward = core.reward(previous, state)  # differentiable with respect to the policy's weights

    Works on the device of the targets, painter and loss, which must be one. Gradients flow from canvas, loss,
    reward and observation back to the actions; under ``torch.no_grad`` the values are the same.

    Args:
        painter: strokes (N, 12) in [0, 1] to coverage (N, 1, h, w) in [0, 1].
        loss: distance between canvas and target.
        reward: ``"negative_loss"`` or ``"improvement"``.
        stroke_budget: strokes of an episode, a multiple of ``strokes_per_step``; ``initial`` takes others.
        strokes_per_step: strokes painted by one action.

    Raises:
        InvalidInputError: unknown reward, or numbers that do not fit.
    """

    def __init__(
        self,
        painter: Painter,
        loss: Loss,
        *,
        reward: str = "negative_loss",
        stroke_budget: int = 100,
        strokes_per_step: int = 1,
    ) -> None:
        if reward not in REWARDS:
            raise InvalidInputError(f"there is no reward {reward!r}; expected one of {', '.join(REWARDS)}")
        stroke_budget = check_whole("stroke_budget", stroke_budget, 1)
        strokes_per_step = check_whole("strokes_per_step", strokes_per_step, 1)
        if stroke_budget % strokes_per_step:
            raise InvalidInputError(
                f"stroke_budget is {stroke_budget}, expected a multiple of strokes_per_step = {strokes_per_step}"
            )
        self.painter = painter
        self.loss = loss
        self.reward_name = reward
        self.stroke_budget = stroke_budget
        self.strokes_per_step = strokes_per_step

    @property
    def action_length(self) -> int:
        """Numbers in one action: 12 a stroke."""
        return STROKE_LENGTH * self.strokes_per_step

    def initial(
        self, target: Tensor, stroke_budget: Tensor | None = None, canvas: Tensor | None = None
    ) -> PaintingState:
        """Paper before targets.

        Args:
            target: (B, 3, size, size) in [0, 1].
            stroke_budget: (B,) int64, multiples of ``strokes_per_step``, where pictures differ in it.
            canvas: (B, 3, size, size) in [0, 1], what is painted on; white paper by default.

        Raises:
            InvalidInputError: targets, canvases or budgets of another shape, or budgets that do not fit.
        """
        check_pictures("target", target)
        if stroke_budget is None:
            budget = torch.full((len(target),), self.stroke_budget, dtype=torch.int64, device=target.device)
        else:
            budget = self._check_budgets(stroke_budget, len(target)).to(target.device)
        if canvas is None:
            canvas = torch.ones_like(target)
        elif canvas.shape != target.shape:
            raise InvalidInputError(
                f"canvas has shape {tuple(canvas.shape)}, expected the target's {tuple(target.shape)}"
            )
        features = self.loss.features(target)
        return PaintingState(canvas, target, features, self.loss(canvas, features), budget, budget.clone())

    def _check_budgets(self, budgets: Tensor, batch: int) -> Tensor:
        if budgets.dtype != torch.int64 or budgets.shape != (batch,):
            raise InvalidInputError(
                f"stroke_budget is {budgets.dtype} of shape {tuple(budgets.shape)}, expected torch.int64 ({batch},)"
            )
        if bool(((budgets < 1) | (budgets % self.strokes_per_step != 0)).any()):
            raise InvalidInputError(
                f"stroke_budget holds {sorted(set(budgets.tolist()))}, expected multiples of strokes_per_step = "
                f"{self.strokes_per_step}, at least one step"
            )
        return budgets

    def strokes(self, action: Tensor) -> Tensor:
        """The strokes (B, strokes_per_step, 12) in [0, 1] of actions (B, 12 * strokes_per_step).

        A stroke is (action + 1) / 2; what lies outside [-1, 1] counts as the nearest number inside. An action of equal
        numbers, such as 0, is a stroke of no length: it paints nothing, and hardly has a gradient to learn from.

        Raises:
            InvalidInputError: actions of another shape.
        """
        if action.ndim != 2 or action.shape[1] != self.action_length:
            raise InvalidInputError(
                f"action has shape {tuple(action.shape)}, expected (B, {self.action_length}): "
                f"{STROKE_LENGTH} numbers for each of {self.strokes_per_step} strokes"
            )
        return ((action + 1) / 2).clamp(0, 1).view(-1, self.strokes_per_step, STROKE_LENGTH)

    def transition(self, state: PaintingState, action: Tensor) -> PaintingState:
        """The state after painting the strokes of actions (B, 12 * strokes_per_step) in [-1, 1], the last on top.

        Raises:
            InvalidInputError: actions of another shape or number.
        """
        canvas = paint_strokes(state.canvas, self.strokes(action), self.painter)
        return replace(
            state,
            canvas=canvas,
            loss=self.loss(canvas, state.target_features),
            strokes_left=(state.strokes_left - self.strokes_per_step).clamp(min=0),
        )

    def reward(self, previous: PaintingState, state: PaintingState) -> Tensor:
        """Rewards (B,) of a transition: -loss, or for ``"improvement"`` the loss before minus the loss after."""
        return -state.loss if self.reward_name == "negative_loss" else previous.loss - state.loss

    def terminal(self, state: PaintingState) -> Tensor:
        """Whether the budget is spent, (B,) bool."""
        return state.strokes_left == 0

    def observation(self, state: PaintingState) -> Tensor:
        """What a policy sees, (B, 7, size, size) float in [0, 1]: canvas, target, budget left.

        The budget is 30 ln(1 + strokes left) / 255: a policy paints otherwise with five strokes left than with 500, and
        in 8 bits a scale in even steps cannot tell one stroke from none.
        """
        plane = self._budget_left(state).expand_as(state.canvas[:, :1])
        return torch.cat((state.canvas, state.target, plane), 1)

    def quantized_observation(self, state: PaintingState) -> Tensor:
        """``observation`` as Gymnasium's classes give it: (B, 7, size, size) uint8, without gradients."""
        batch, _, height, width = state.canvas.shape
        pixels = torch.empty(batch, OBSERVATION_CHANNELS, height, width, dtype=torch.uint8, device=state.canvas.device)
        for part, values in (
            (pixels[:, :3], state.canvas.detach()),
            (pixels[:, 3:6], state.target),
            (pixels[:, 6:], self._budget_left(state)),
        ):
            # By way of int16: from float32 to uint8 torch converts number by number, three times as slowly.
            part.copy_((values * 255).round_().short())
        return pixels

    def _budget_left(self, state: PaintingState) -> Tensor:
        return budget_plane(state.strokes_left.to(state.canvas.dtype))


def budget_plane(strokes_left: Tensor) -> Tensor:
    """How an observation in [0, 1] shows ``strokes_left`` (B,): (B, 1, 1, 1), to be expanded."""
    return (_BUDGET_LEVELS / 255 * torch.log1p(strokes_left)).clamp(max=1)[:, None, None, None]


def observe(canvas: Tensor, target: Tensor, left: Tensor) -> Tensor:
    """Observations (B, 7, H, W) of canvases and targets (B, 3, H, W) in [0, 1] with ``left`` strokes, (B,), to go."""
    return torch.cat([canvas, target, budget_plane(left).expand_as(canvas[:, :1])], 1)


def strokes_left_of(observation: Tensor) -> Tensor:
    """How many strokes are left, (B,), read from observations (B, 7, size, size) in [0, 1] to within 2 %."""
    return torch.expm1(observation[:, -1, 0, 0] * (255 / _BUDGET_LEVELS))
