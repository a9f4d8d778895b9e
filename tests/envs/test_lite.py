"""The lite loss, its teaching, and the measure of how well it agrees with VGG19."""

import numpy as np
import pytest
import torch
from paintgym.agents.lite.agreement import measure_agreement, spearman
from paintgym.agents.lite.distillation import DistillationConfig, Lessons, distill, layer_distances, make_lessons
from paintgym.agents.registry import load_agent
from paintgym.envs.losses.lite import WEIGHTS, LiteNetwork
from paintgym.envs.losses.loss import PixelLoss
from paintgym.envs.losses.perceptual import PerceptualLoss
from paintgym.envs.losses.registry import make_loss
from paintgym.envs.targets.targets import load_targets
from paintgym.errors import InvalidInputError


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


def test_a_network_is_taught_the_distances_it_is_given(pictures):
    teacher = LiteNetwork()
    torch.manual_seed(5)
    for weight in teacher.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    generator = torch.Generator().manual_seed(2)
    amounts = torch.rand(4, 3, 1, 1, 1, generator=generator)
    canvases = (pictures[:, None] + amounts * torch.randn(4, 3, 3, 64, 64, generator=generator)).clamp(0, 1)
    with torch.no_grad():
        distances = layer_distances(teacher, pictures, canvases.flatten(0, 1)).view(4, 3, 4)
    lessons = Lessons((pictures * 255).byte(), (canvases * 255).byte(), distances)
    losses = []
    distill(DistillationConfig(pictures=4, steps=40, pictures_per_step=4), lessons, lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.5 * losses[0]


def test_lessons_are_pictures_canvases_and_what_vgg19_says_of_them(data):
    for name in ("vgg19_features.safetensors", "paintings", "MNIST/raw"):
        data(name)
    lessons = make_lessons(DistillationConfig(pictures=3, canvases=2))
    assert lessons.targets.shape == (3, 3, 64, 64)
    assert lessons.canvases.shape == (3, 2, 3, 64, 64)
    assert lessons.distances.shape == (3, 2, 4)
    assert (lessons.distances > 0).all()


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(InvalidInputError, match="does not fill a batch"):
        DistillationConfig(pictures=4, pictures_per_step=8).check()


def test_spearman_sees_order_alone():
    values = np.array([0.1, 0.5, 0.2, 0.9])
    assert spearman(values, values**3) == pytest.approx(1)
    assert spearman(values, -values) == pytest.approx(-1)


def test_a_loss_agrees_with_itself_and_less_with_another():
    target = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    targets, agents = load_targets([target], 64), [load_agent("random")]
    same = measure_agreement(PixelLoss(), PixelLoss(), targets, agents, stroke_budget=20, canvases=8)
    other = measure_agreement(PixelLoss(), PerceptualLoss("lite"), targets, agents, stroke_budget=20, canvases=8)
    assert same.within == same.across == pytest.approx(1)
    assert other.across < same.across
