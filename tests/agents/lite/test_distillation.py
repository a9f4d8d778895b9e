"""Teaching the lite network: it learns the distances that it is given."""

import pytest
import torch
from paintgym.agents.lite.config import DistillationConfig
from paintgym.agents.lite.distillation import DistillationData, distill, layer_distances, make_data
from paintgym.envs.losses.lite import LiteNetwork
from paintgym.errors import InvalidInputError


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(4, 3, 8, 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(0, 1)


@pytest.mark.slow
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
    made = DistillationData((pictures * 255).byte(), (canvases * 255).byte(), distances)
    losses = []
    distill(DistillationConfig(pictures=4, steps=40, pictures_per_step=4), made, lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.slow
def test_the_data_are_pictures_canvases_and_what_vgg19_says_of_them(data):
    for name in ("vgg19_features.safetensors", "paintings", "MNIST/raw"):
        data(name)
    made = make_data(DistillationConfig(pictures=3, canvases=2))
    assert made.targets.shape == (3, 3, 64, 64)
    assert made.canvases.shape == (3, 2, 3, 64, 64)
    assert made.distances.shape == (3, 2, 4)
    assert (made.distances > 0).all()


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(InvalidInputError, match="pictures is 4, which does not fill a batch"):
        DistillationConfig(pictures=4, pictures_per_step=8).check()
