"""Matching pursuit: every pick is the best that is left, and its gain is true."""

import pytest
import torch
from paintgym.agents.search.matching_pursuit import matching_pursuit
from paintgym.painters.canvas import composite

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

    def residual(numbers: list[int], color: torch.Tensor) -> float:
        stack = torch.cat([colors[:, : len(numbers) - 1], color[None, None]], 1)
        return float(error(canvas, target, coverage[:, numbers], stack))

    for number, pick in enumerate(picked):
        before = picked[:number]
        least = residual([*before, pick], colors[0, number])
        for rival in set(range(7)) - set(before):
            trials = (colors[0, number], *torch.rand(5, 3))
            assert all(least <= residual([*before, rival], color) + 1e-4 for color in trials)


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
