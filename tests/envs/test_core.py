"""Rows of the core: budgets of their own, and states that take rows of others."""

import copy

import numpy as np
import pytest
import torch
from helpers.small_vector import PICTURES, PooledLoss, disc_painter
from paintgym.envs.core import PaintingCore
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.views.canvas import strokes_left_of
from paintgym.errors import InvalidInputError
from paintgym.painters.pixels import to_tensor
from paintgym.painters.registry import load_painter
from torch import Tensor

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("one_thread")]


def test_rows_may_have_budgets_of_their_own() -> None:
    core = PaintingCore(disc_painter, PixelLoss(), stroke_budget=8, strokes_per_step=2)
    state = core.initial(to_tensor(np.stack(PICTURES[:3])), torch.tensor([2, 8, 4]))
    ends = []
    for _ in range(4):
        state = core.transition(state, torch.zeros(3, 24))
        ends.append(core.terminal(state).tolist())
    assert ends == [[True, False, False], [True, False, True], [True, False, True], [True, True, True]]
    state = core.transition(
        core.initial(to_tensor(np.stack(PICTURES[:3])), torch.tensor([4, 8, 20])), torch.zeros(3, 24)
    )
    assert strokes_left_of(core.observation(state)).tolist() == pytest.approx([2, 6, 18], rel=1e-5)


def test_strokes_left_can_be_read_from_an_8_bit_observation() -> None:
    core = PaintingCore(disc_painter, PixelLoss())
    budgets = torch.tensor([1, 2, 3, 15, 100, 1000, 4000])
    state = core.initial(to_tensor(np.stack(PICTURES[:1] * len(budgets))), budgets)
    read = strokes_left_of(core.quantized_observation(state).float() / 255)
    assert read.tolist() == pytest.approx(budgets.tolist(), rel=0.04)


def test_overwriting_rows_changes_these_and_no_others() -> None:
    core = PaintingCore(disc_painter, PooledLoss(), stroke_budget=8)
    pictures = to_tensor(np.stack(PICTURES))
    state, other = core.initial(pictures[:3]), core.initial(pictures[3:], torch.tensor([5, 6]))
    other = core.transition(other, torch.zeros(2, 12))
    before = copy.deepcopy(state)
    state.overwrite(torch.tensor([2, 0]), other)
    parts = zip(state.tensors(), before.tensors(), other.tensors(), strict=True)
    for values, old, new in parts:
        assert torch.equal(values, torch.stack([new[1], old[1], new[0]]))
    assert state.strokes_left.tolist() == [5, 8, 4]


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (torch.tensor([2.0, 2.0]), r"torch.float32 of shape \(2,\), expected torch.int64 \(2,\)"),
        (torch.tensor([2]), r"of shape \(1,\)"),
        (torch.tensor([0, 2]), r"holds \[0, 2\], expected multiples of strokes_per_step = 2"),
        (torch.tensor([2, 3]), "expected multiples of strokes_per_step = 2"),
    ],
)
def test_budgets_that_do_not_fit_raise(budget: Tensor, message: str) -> None:
    core = PaintingCore(disc_painter, PixelLoss(), stroke_budget=8, strokes_per_step=2)
    with pytest.raises(InvalidInputError, match=message):
        core.initial(to_tensor(np.stack(PICTURES[:2])), budget)


@pytest.mark.parametrize("number", [-1.0, 0.0, 0.3, 1.0])
def test_actions_of_equal_numbers_paint_nothing(number: float) -> None:
    core = PaintingCore(load_painter("gan"), PixelLoss())
    state = core.initial(to_tensor(PICTURES[0]))
    painted = core.transition(state, torch.full((1, 12), number))
    torch.testing.assert_close(painted.canvas, state.canvas, atol=2e-3, rtol=0)


@pytest.mark.parametrize("value", [np.int64(8), np.uint8(8), torch.tensor(8)])
def test_numbers_of_any_library_count_strokes(value: object) -> None:
    core = PaintingCore(disc_painter, PixelLoss(), stroke_budget=value, strokes_per_step=np.int32(2))
    assert (core.stroke_budget, core.action_length) == (8, 24)
    with pytest.raises(InvalidInputError, match="stroke_budget is 7"):
        PaintingCore(disc_painter, PixelLoss(), stroke_budget=7, strokes_per_step=2)
