"""The lite loss: small, at hand without any data, and smooth enough to paint by."""

import pytest
import torch
from paintgym.envs.losses.lite import WEIGHTS
from paintgym.envs.losses.registry import make_loss


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(4, 3, 8, 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(0, 1)


def test_lite_needs_no_data_folder(tmp_path, monkeypatch, pictures):
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    loss = make_loss("lite")
    assert loss.name == "lite"
    assert loss(pictures, loss.features(pictures)).abs().max() == 0


def test_lite_is_small():
    assert WEIGHTS.stat().st_size <= 2_000_000


def test_lite_grows_with_the_damage_done_to_a_picture(pictures):
    loss = make_loss("lite")
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(1))
    features = loss.features(pictures)
    distances = [loss((pictures + amount * noise).clamp(0, 1), features) for amount in (0.05, 0.1, 0.2, 0.4)]
    assert (torch.stack(distances).diff(dim=0) > 0).all()


def test_lite_has_gradients_in_the_canvas(pictures):
    loss = make_loss("lite")
    canvas = torch.full_like(pictures, 0.5).requires_grad_()
    loss(canvas, loss.features(pictures)).sum().backward()
    assert canvas.grad.isfinite().all()
    assert canvas.grad.abs().sum() > 0
