"""Painting as a function of state and action: pure torch, batched, differentiable. Nothing here knows Gymnasium."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..checks import check_whole
from ..errors import InvalidInputError
from ..painters.canvas import paint_strokes
from ..painters.painter import Painter
from ..painters.stroke import STROKE_LENGTH
from ..painters.stroke_list import check_background
from .losses.loss import Loss, check_pictures
from .rewards import REWARDS, score
from .state import PaintingState
from .views.registry import make_view
from .views.view import View

Paper = str | tuple[float, float, float]
"""``"white"``, ``"mean"`` (the target's mean color), or red, green and blue in [0, 1]."""


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
        reward: ``"negative_loss"``, ``"improvement"``, ``"relative"`` or ``"log"``; see ``rewards``.
        view: what a policy sees and what its numbers mean: ``"canvas"``, ``"focus"``, settings of one such as
            ``{"name": "focus", "window": 16}``, or a ``View``; see ``views``.
        paper: what is painted on: ``"white"``, ``"mean"`` for the target's mean color, or a color.
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
        view: str | Mapping[str, Any] | View = "canvas",
        paper: Paper = "white",
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
        self.view = make_view(view)
        self.paper = check_paper(paper)
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
            canvas: (B, 3, size, size) in [0, 1], what is painted on; the core's paper by default.

        Raises:
            InvalidInputError: targets, canvases or budgets of another shape, or budgets that do not fit.
        """
        check_pictures("target", target)
        if stroke_budget is None:
            budget = torch.full((len(target),), self.stroke_budget, dtype=torch.int64, device=target.device)
        else:
            budget = self._check_budgets(stroke_budget, len(target)).to(target.device)
        if canvas is None:
            canvas = self._paper_for(target)
        elif canvas.shape != target.shape:
            raise InvalidInputError(
                f"canvas has shape {tuple(canvas.shape)}, expected the target's {tuple(target.shape)}"
            )
        features = self.loss.features(target)
        loss, focus = self.loss(canvas, features), self.view.find_focus(canvas, target)
        return PaintingState(canvas, target, features, loss, loss.clone(), budget, budget.clone(), focus)

    def _paper_for(self, target: Tensor) -> Tensor:
        if self.paper == "white":
            return torch.ones_like(target)
        if self.paper == "mean":
            return target.mean((2, 3), keepdim=True).expand_as(target).contiguous()
        return target.new_tensor(self.paper)[:, None, None].expand_as(target).contiguous()

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

    def strokes(self, state: PaintingState, action: Tensor) -> Tensor:
        """The strokes (B, strokes_per_step, 12) in [0, 1] of actions (B, 12 * strokes_per_step), as the view has them.

        In the canvas view a stroke is (action + 1) / 2, and what lies outside [-1, 1] counts as the nearest number
        inside. There an action of equal numbers, such as 0, is a stroke of no length: it paints nothing, and hardly has
        a gradient to learn from. In the focus view action 0 is a short stroke at the focus.

        Raises:
            InvalidInputError: actions of another shape.
        """
        if action.ndim != 2 or action.shape[1] != self.action_length:
            raise InvalidInputError(
                f"action has shape {tuple(action.shape)}, expected (B, {self.action_length}): "
                f"{STROKE_LENGTH} numbers for each of {self.strokes_per_step} strokes"
            )
        return self.view.strokes(state, action.view(-1, self.strokes_per_step, STROKE_LENGTH))

    def actions(self, state: PaintingState, strokes: Tensor) -> Tensor:
        """The actions (B, 12 * T) that mean strokes (B, T, 12): the inverse of ``strokes`` where nothing is clipped."""
        return self.view.numbers(state, strokes).flatten(1)

    def transition(self, state: PaintingState, action: Tensor, *, measured: bool = True) -> PaintingState:
        """The state after painting the strokes of actions (B, 12 * strokes_per_step) in [-1, 1], the last on top.

        Args:
            state: before it.
            action: what is painted.
            measured: whether the loss is computed. Otherwise the state keeps the one before: for who asks only after
                some steps what they were worth together, as potential-based rewards tell (``rewards``).

        Raises:
            InvalidInputError: actions of another shape or number.
        """
        return self.lay(state, self.strokes(state, action), measured=measured)

    def lay(self, state: PaintingState, strokes: Tensor, *, measured: bool = True) -> PaintingState:
        """The state after painting strokes (B, strokes_per_step, 12) in [0, 1]: a step whose strokes are known."""
        canvas = paint_strokes(state.canvas, strokes, self.painter)
        return replace(
            state,
            canvas=canvas,
            loss=self.loss(canvas, state.target_features) if measured else state.loss,
            strokes_left=(state.strokes_left - self.strokes_per_step).clamp(min=0),
            focus=self.view.find_focus(canvas, state.target),
        )

    def reward(self, previous: PaintingState, state: PaintingState) -> Tensor:
        """Rewards (B,) of a transition, by the reward's name; see ``rewards``."""
        return REWARDS[self.reward_name](previous.loss, state.loss, state.first_loss)

    def score(self, state: PaintingState) -> Tensor:
        """1 - L(t) / L(0), (B,): the part of the paper's loss that is gone."""
        return score(state.loss, state.first_loss)

    def terminal(self, state: PaintingState) -> Tensor:
        """Whether the budget is spent, (B,) bool."""
        return state.strokes_left == 0

    def observation_shape(self, size: int) -> tuple[int, int, int]:
        """Channels, height and width of an observation of canvases of ``size`` pixels."""
        return self.view.shape(size)

    def observation(self, state: PaintingState) -> Tensor:
        """What a policy sees, (B, C, h, w) float in [0, 1]; in the canvas view canvas, target, budget left.

        The budget is 30 ln(1 + strokes left) / 255: a policy paints otherwise with five strokes left than with 500, and
        in 8 bits a scale in even steps cannot tell one stroke from none.
        """
        return self.view.observe(state)

    def quantized_observation(self, state: PaintingState) -> Tensor:
        """``observation`` as Gymnasium's classes give it: (B, C, h, w) uint8, without gradients."""
        with torch.no_grad():
            parts = self.view.parts(state)
        pixels = torch.empty(
            len(state.canvas), *self.view.shape(state.canvas.shape[-1]), dtype=torch.uint8, device=state.canvas.device
        )
        start = 0
        for values, channels in parts:
            # By way of int16: from float32 to uint8 torch converts number by number, three times as slowly.
            pixels[:, start : start + channels].copy_((values * 255).round_().short())
            start += channels
        return pixels


def check_paper(paper: Any) -> Paper:
    """``"white"``, ``"mean"``, or a color as three floats in [0, 1].

    Raises:
        InvalidInputError: anything else.
    """
    if isinstance(paper, str):
        if paper in ("white", "mean"):
            return paper
        raise InvalidInputError(f"paper is {paper!r}, expected 'white', 'mean', or red, green and blue in [0, 1]")
    return check_background(paper)
