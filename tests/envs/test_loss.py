"""Losses: zero for equal pictures, relative for networks, targets computed once, clear errors without weights."""

import urllib.error
from pathlib import Path

import pytest
import torch
from paintgym.envs.losses import vgg
from paintgym.envs.losses.loss import Loss
from paintgym.envs.losses.registry import make_loss
from paintgym.errors import InvalidInputError, MissingDataError
from paintgym.files import data_directory
from safetensors.torch import load_file, save_file

VGG19_HERE = (data_directory() / vgg.WEIGHTS_FILE).is_file()
needs_vgg19 = pytest.mark.skipif(
    not VGG19_HERE, reason=f"needs VGG19's weights: no {vgg.WEIGHTS_FILE} in {data_directory()} (set PAINTGYM_DATA)"
)
LOSSES = ["mse", "lite-bf16", *(pytest.param(name, marks=needs_vgg19) for name in ("vgg19", "vgg19-bf16"))]


def pictures(batch: int, size: int = 32, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def losses() -> dict[str, Loss]:
    names = ("mse", "lite-bf16", *(("vgg19", "vgg19-bf16") if VGG19_HERE else ()))
    return {name: make_loss(name) for name in names}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_zero_for_equal_pictures_and_grows_with_the_difference(name: str, losses) -> None:
    loss, target = losses[name], pictures(2)
    features = loss.features(target)
    noise = pictures(2, seed=1)
    same, near, far = (loss(target + part * (noise - target), features) for part in (0.0, 0.1, 0.5))
    assert same.shape == (2,)
    assert same.abs().max() < 1e-8
    assert (same < near).all()
    assert (near < far).all()


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_reach_the_canvas_and_nothing_else(name: str, losses) -> None:
    loss = losses[name]
    target = pictures(1).requires_grad_()
    canvas = torch.ones(1, 3, 32, 32, requires_grad=True)
    features = loss.features(target)
    assert not any(tensor.requires_grad for tensor in features)
    loss(canvas, features).sum().backward()
    assert canvas.grad.isfinite().all()
    assert canvas.grad.abs().max() > 0
    assert target.grad is None
    assert not any(parameter.requires_grad for parameter in loss.parameters())


@pytest.mark.parametrize("name", LOSSES)
def test_rows_of_a_batch_are_independent_and_one_target_serves_many_canvases(name: str, losses) -> None:
    loss = losses[name]
    canvases, targets = pictures(3, seed=2), pictures(3)
    together = loss(canvases, loss.features(targets))
    for index in range(3):
        alone = loss(canvases[index : index + 1], loss.features(targets[index : index + 1]))
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-4, atol=1e-6)
    picked = tuple(rows[[2, 0]] for rows in loss.features(targets))
    torch.testing.assert_close(loss(canvases[[2, 0]], picked), together[[2, 0]], rtol=1e-4, atol=1e-6)
    one = loss.features(targets[:1])
    torch.testing.assert_close(loss(canvases, one)[0], together[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_targets_are_taken_as_pictures_too(name: str, losses) -> None:
    loss, canvases, targets = losses[name], pictures(2, seed=2), pictures(2)
    torch.testing.assert_close(loss(canvases, targets), loss(canvases, loss.features(targets)))
    torch.testing.assert_close(loss(canvases, targets[:1]), loss(canvases, loss.features(targets[:1])))
    with pytest.raises(InvalidInputError, match="differ in shape"):
        loss(canvases, pictures(3))


@pytest.mark.parametrize("name", LOSSES)
def test_white_paper_against_a_white_target_is_finite(name: str, losses) -> None:
    loss = losses[name]
    canvas = torch.ones(1, 3, 16, 16, requires_grad=True)
    value = loss(canvas, loss.features(torch.ones(1, 3, 16, 16)))
    value.sum().backward()
    assert value.item() == 0
    assert canvas.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_pictures_that_cannot_be_compared_raise(name: str, losses) -> None:
    loss = losses[name]
    features = loss.features(pictures(2))
    for canvas in (pictures(2, size=16), pictures(3), pictures(2)[0], pictures(2)[:, :1]):
        with pytest.raises(InvalidInputError, match="expected"):
            loss(canvas, features)


@needs_vgg19
def test_vgg19_has_the_layers_and_values_of_torchvisions_network(losses) -> None:
    from torchvision.models.vgg import cfgs, make_layers

    weights = load_file(data_directory() / vgg.WEIGHTS_FILE)
    reference = torch.nn.ModuleDict({"features": make_layers(cfgs["E"])})
    reference.load_state_dict({name: value.float() for name, value in weights.items()})
    batch = pictures(2)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    values = (batch - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    wanted = []
    with torch.no_grad():
        for number, layer in enumerate(reference["features"][:27]):
            values = layer(values)
            if number in (3, 8, 17, 26):  # relu1_2, relu2_2, relu3_4, relu4_4
                wanted.append(values.clone())
        for found, expected in zip(losses["vgg19"].network(batch), wanted, strict=True):
            assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


@needs_vgg19
def test_vgg19_loss_is_the_mean_of_relative_squared_distances(losses) -> None:
    loss = losses["vgg19"]
    canvas, target = pictures(1, seed=3), pictures(1)
    layers = zip(loss.network(canvas), loss.network(target), strict=True)
    expected = sum(((a - b).double() ** 2).sum() / (b.double() ** 2).sum() for a, b in layers) / 4
    assert loss(canvas, loss.features(target)).item() == pytest.approx(expected.item(), rel=1e-4)


def test_unknown_losses_are_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="no loss 'ssim'; expected one of mse, vgg19"):
        make_loss("ssim")


def random_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {name: value.shape for name, value in vgg.Vgg19().state_dict().items()}
    return {name: torch.randn(shape, generator=generator) * 0.05 for name, shape in shapes.items()}


def test_without_a_file_torchvisions_weights_are_downloaded_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def download(url: str, destination: str, hash_prefix: str) -> None:
        calls.append((url, hash_prefix))
        torch.save({**random_weights(), "classifier.0.weight": torch.zeros(1)}, destination)

    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    losses = [make_loss("vgg19"), make_loss("vgg19")]
    ((url, hash_prefix),) = calls
    assert url == f"https://download.pytorch.org/models/vgg19-{hash_prefix}.pth"
    assert [path.name for path in (tmp_path / "data").iterdir()] == [vgg.WEIGHTS_FILE]
    first, second = (loss(pictures(1), loss.features(pictures(1, seed=1))).item() for loss in losses)
    assert first == second > 0


def test_without_weights_or_network_one_error_says_what_where_and_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    with pytest.raises(MissingDataError) as caught:
        make_loss("vgg19")
    message = str(caught.value)
    for part in (str(tmp_path / "nowhere" / vgg.WEIGHTS_FILE), "download.pytorch.org", "PAINTGYM_DATA", "'mse'"):
        assert part in message
    assert "\n" not in message
    assert not (tmp_path / "nowhere").exists()


def test_a_damaged_weights_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / vgg.WEIGHTS_FILE
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    path.write_bytes(b"damaged")
    with pytest.raises(InvalidInputError, match="not a whole safetensors file"):
        make_loss("vgg19")
    save_file({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(InvalidInputError, match="does not hold VGG19's weights"):
        make_loss("vgg19")


def test_loading_a_loss_leaves_the_global_random_state_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(random_weights(), tmp_path / vgg.WEIGHTS_FILE)
    monkeypatch.setenv("PAINTGYM_DATA", str(tmp_path))
    before = torch.get_rng_state()
    make_loss("vgg19")
    assert torch.equal(torch.get_rng_state(), before)
