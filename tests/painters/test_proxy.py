"""The proxy renderer: near the GAN painter, valid at the edges, differentiated alike by hand and by autograd."""

import pytest
import torch
from paintgym.errors import InvalidInputError
from paintgym.painters.neural.proxy import ProxyPainter
from paintgym.painters.registry import load_painter

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_proxy_is_close_to_the_gan_painter() -> None:
    strokes = torch.rand(200, 12)
    error = (ProxyPainter()(strokes) - load_painter("gan")(strokes)).square().mean()
    assert -10 * torch.log10(error) > 22


def test_the_proxy_keeps_the_painters_contract_at_the_edges() -> None:
    corners = torch.stack([torch.zeros(12), torch.ones(12), torch.full((12,), 0.5)]).requires_grad_()
    coverage = ProxyPainter()(corners)
    assert coverage.shape == (3, 1, 64, 64)
    assert ((coverage >= 0) & (coverage <= 1)).all()
    (gradient,) = torch.autograd.grad(coverage.sum(), corners)
    assert gradient.isfinite().all()
    with pytest.raises(InvalidInputError, match="shape"):
        ProxyPainter()(torch.rand(3, 11))


def test_a_small_proxy_shows_what_a_large_one_does() -> None:
    strokes = torch.rand(100, 12)
    large, small = (ProxyPainter().draw(strokes, side).transmittance for side in (64, 32))
    means = large.unfold(1, 2, 2).unfold(2, 2, 2).mean((3, 4))
    assert -10 * torch.log10((means - small).square().mean()) > 40


@pytest.mark.parametrize("side", [64, 32])
def test_the_gradient_by_hand_is_that_of_autograd(side: int) -> None:
    proxy = ProxyPainter().double()
    strokes = torch.rand(30, 12, dtype=torch.float64, requires_grad=True)
    drawn = proxy.draw(strokes, side)
    coverage_gradient = torch.randn_like(drawn.transmittance)
    (expected,) = torch.autograd.grad(1 - drawn.transmittance, strokes, coverage_gradient)
    with torch.no_grad():
        gradient = proxy.gradient(proxy.draw(strokes, side), coverage_gradient)
    torch.testing.assert_close(gradient, expected, atol=1e-4, rtol=1e-4)


def test_the_gradient_by_hand_is_finite_at_the_edges() -> None:
    corners = torch.stack([torch.zeros(12), torch.ones(12), torch.full((12,), 0.5)])
    drawn = ProxyPainter().draw(corners)
    assert ProxyPainter().gradient(drawn, torch.ones_like(drawn.transmittance)).isfinite().all()
