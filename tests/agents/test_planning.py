"""How a policy plans: the best of many strokes are picked, and moved so that they fit."""

import pytest
import torch
from helpers.small_policy import smooth_picture
from paintgym.agents.search.matching_pursuit import matching_pursuit
from paintgym.agents.search.refine import refine, stack_gradient
from paintgym.painters.canvas import composite
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.pixels import to_tensor
from paintgym.painters.stroke import COLOR

pytestmark = pytest.mark.usefixtures("one_thread")


def error(canvas: torch.Tensor, target: torch.Tensor, coverage: torch.Tensor, color: torch.Tensor) -> torch.Tensor:
    """Summed squared errors (B,) of strokes with coverage (B, T, P) and colors (B, T, 3) on canvases (B, 3, P)."""
    painted = composite(canvas[..., None], coverage[:, :, None, :, None], color)
    return (painted[..., 0] - target).square().sum((1, 2))


def test_every_pick_is_the_best_that_is_left() -> None:
    coverage, canvas, target = torch.rand(1, 7, 40) ** 4, torch.rand(1, 3, 40), torch.rand(1, 3, 40)
    index, colors, _ = matching_pursuit(coverage, canvas, target, 4)
    picked = index[0].tolist()
    assert len(set(picked)) == 4

    def left(numbers: list[int], hue: torch.Tensor) -> float:
        hues = torch.cat([colors[:, : len(numbers) - 1], hue[None, None]], 1)
        return float(error(canvas, target, coverage[:, numbers], hues))

    for number, own in enumerate(picked):
        before = picked[:number]
        least = left([*before, own], colors[0, number])
        for rival in set(range(7)) - set(before):
            assert all(least <= left([*before, rival], hue) + 1e-4 for hue in (colors[0, number], *torch.rand(5, 3)))


def test_gains_are_the_error_that_is_gone() -> None:
    coverage, canvas, target = torch.rand(2, 6, 50) ** 4, torch.rand(2, 3, 50), torch.rand(2, 3, 50)
    picked = matching_pursuit(coverage, canvas, target, 3)
    ink = coverage.gather(1, picked.numbers[..., None].expand(-1, -1, 50))
    before = (canvas - target).square().sum((1, 2))
    torch.testing.assert_close(picked.gain.sum(1), before - error(canvas, target, ink, picked.color))


def test_noise_makes_picks_random() -> None:
    coverage, canvas, target = torch.rand(1, 50, 50) ** 4, torch.rand(1, 3, 50), torch.rand(1, 3, 50)
    assert torch.equal(*(matching_pursuit(coverage, canvas, target, 5).numbers for _ in range(2)))
    assert not torch.equal(*(matching_pursuit(coverage, canvas, target, 5, noise=3.0).numbers for _ in range(2)))


def scene() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    strokes = torch.rand(2, 5, 12)
    canvas, target = (torch.cat([to_tensor(smooth_picture(seed + n)[None]) for n in range(2)]) for seed in (0, 20))
    return strokes, canvas, target


def test_polishing_follows_the_true_gradient() -> None:
    draft = ProxyPainter().double()
    strokes, canvas, target = (part.double() for part in scene())
    gradient = stack_gradient(strokes, canvas.flatten(2), target.flatten(2), draft)
    strokes.requires_grad_()
    coverage = draft(strokes.flatten(0, 1)).unflatten(0, (2, 5))
    loss = (composite(canvas, coverage, strokes[..., COLOR]) - target).square().sum()
    (expected,) = torch.autograd.grad(loss, strokes)
    torch.testing.assert_close(gradient, expected, atol=1e-3, rtol=1e-4)


def test_polishing_lowers_the_error_the_more_steps_it_takes() -> None:
    strokes, canvas, target = scene()
    draft = ProxyPainter()
    lefts = []
    for steps in (0, 3, 30):
        moved = refine(strokes, canvas, target, draft, steps)
        assert ((moved >= 0) & (moved <= 1)).all()
        coverage = draft(moved.flatten(0, 1)).view(2, 5, -1)
        lefts.append(error(canvas.flatten(2), target.flatten(2), coverage, moved[..., COLOR]))
    assert torch.equal(refine(strokes, canvas, target, draft, 0), strokes)
    assert (lefts[1] < 0.97 * lefts[0]).all()
    assert (lefts[2] < lefts[1]).all()
