"""Refining follows the gradient, and lowers the error."""

import pytest
import torch
from helpers.small_policy import smooth_picture
from paintgym.agents.search.config import RefineConfig
from paintgym.agents.search.refine import refine, squared_error, stack_gradient
from paintgym.painters.canvas import composite
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.pixels import to_tensor
from paintgym.painters.stroke import COLOR

pytestmark = pytest.mark.usefixtures("one_thread")


def error(canvas: torch.Tensor, target: torch.Tensor, coverage: torch.Tensor, color: torch.Tensor) -> torch.Tensor:
    """Summed squared errors (B,) of strokes with coverage (B, T, P) and colors (B, T, 3) on canvases (B, 3, P)."""
    painted = composite(canvas[..., None], coverage[:, :, None, :, None], color)
    return (painted[..., 0] - target).square().sum((1, 2))


def scene() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    strokes = torch.rand(2, 5, 12)
    canvas, target = (torch.cat([to_tensor(smooth_picture(seed + n)[None]) for n in range(2)]) for seed in (0, 20))
    return strokes, canvas, target


def test_refining_follows_the_true_gradient() -> None:
    proxy = ProxyPainter().double()
    strokes, canvas, target = (part.double() for part in scene())
    gradient = stack_gradient(strokes, canvas.flatten(2), squared_error(target), proxy)
    strokes.requires_grad_()
    coverage = proxy(strokes.flatten(0, 1)).unflatten(0, (2, 5))
    loss = (composite(canvas, coverage, strokes[..., COLOR]) - target).square().sum()
    (expected,) = torch.autograd.grad(loss, strokes)
    torch.testing.assert_close(gradient, expected, atol=1e-3, rtol=1e-4)


def test_refining_lowers_the_error_the_more_steps_it_takes() -> None:
    strokes, canvas, target = scene()
    proxy = ProxyPainter()
    errors = []
    for steps in (0, 3, 30):
        moved = refine(strokes, canvas, squared_error(target), proxy, RefineConfig(steps=steps))
        assert ((moved >= 0) & (moved <= 1)).all()
        coverage = proxy(moved.flatten(0, 1)).view(2, 5, -1)
        errors.append(error(canvas.flatten(2), target.flatten(2), coverage, moved[..., COLOR]))
    assert torch.equal(refine(strokes, canvas, squared_error(target), proxy, RefineConfig(steps=0)), strokes)
    assert (errors[1] < 0.97 * errors[0]).all()
    assert (errors[2] < errors[1]).all()
