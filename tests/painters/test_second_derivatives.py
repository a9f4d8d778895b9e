"""Differentiating twice: right numbers, never zeros."""

import pytest
import torch
from paintgym.agents.policy.bound import bound
from paintgym.painters.canvas import composite, paint_strokes, white_canvas
from paintgym.painters.neural import profiles
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.registry import load_painter
from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")


def doubles(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("alpha", ["any", "empty", "opaque"])
def test_second_derivatives_of_composites_are_exact(alpha: str) -> None:
    canvas, color = doubles(1, 3, 2, 2).requires_grad_(), doubles(1, 3, 3, seed=1).requires_grad_()
    coverage = doubles(1, 3, 1, 2, 2, seed=2)
    coverage = {"any": coverage, "empty": 0 * coverage, "opaque": 0 * coverage + 1}[alpha].requires_grad_()
    assert torch.autograd.gradgradcheck(composite, (canvas, coverage, color))


def test_third_derivatives_of_composites_are_exact() -> None:
    def curvature(color: Tensor, coverage: Tensor) -> Tensor:
        painted = composite(torch.ones(1, 3, 2, 2, dtype=torch.float64), coverage, color)
        first = torch.autograd.grad(painted.pow(3).sum(), color, create_graph=True)
        return torch.autograd.grad(first[0].sum(), coverage, create_graph=True)[0]

    assert torch.autograd.gradcheck(
        curvature, (doubles(1, 2, 3).requires_grad_(), doubles(1, 2, 1, 2, 2, seed=1).requires_grad_())
    )


def test_derivatives_of_profiles_are_exact() -> None:
    positions = torch.arange(-4, 4, dtype=torch.float64)
    mean, variance, log_height = doubles(3) + 1, doubles(2, 3, seed=1) + 4, doubles(2, 3, seed=2)

    def call(mean: Tensor, variance: Tensor, log_height: Tensor) -> Tensor:
        return profiles.gaussian_profiles(mean, *profiles.in_powers_of_two(variance, log_height), positions)

    inputs = [values.requires_grad_() for values in (mean, variance, log_height)]
    assert torch.autograd.gradcheck(call, inputs, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, inputs)


def test_second_derivatives_of_bounded_values_are_those_of_the_values_inside() -> None:
    values = torch.tensor([0.2, 0.7], requires_grad=True)
    (first,) = torch.autograd.grad(bound(values, 0.0, 1.0).pow(3).sum(), values, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), values)
    torch.testing.assert_close(second, 6 * values.detach())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gan", "vae", "gan-deconv", "proxy"])
@pytest.mark.parametrize("number", [1, 2, 6, 11])
def test_second_derivatives_of_paintings_agree_with_differences_of_first_ones(name: str, number: int) -> None:
    painter = (ProxyPainter() if name == "proxy" else load_painter(name)).double()
    strokes = doubles(1, 2, 12, seed=3)

    def first(moved: Tensor, create_graph: bool = False) -> Tensor:
        canvas = white_canvas(1, 64, dtype=torch.float64)
        error = (paint_strokes(canvas, moved, painter) - 0.3).square().mean()
        return torch.autograd.grad(error, moved, create_graph=create_graph)[0]

    leaf = strokes.clone().requires_grad_()
    # Red moves, as the painters are exact in it: where the noise of dabs lies has no gradient, on purpose.
    (second,) = torch.autograd.grad(first(leaf, create_graph=True)[0, 0, 6], leaf)
    step = torch.zeros_like(strokes)
    step[0, 0, 6] = 1e-6
    up, down = (first((strokes + sign * step).requires_grad_())[0, 0, number] for sign in (1, -1))
    expected = (up - down) / 2e-6
    assert expected != 0
    torch.testing.assert_close(second[0, 0, number], expected, rtol=1e-4, atol=1e-9)
