"""The VAE painter's training on a handful of strokes: both stages learn, resume exactly, and keep to their parts."""

import dataclasses
import json

import pytest
import torch
from paintgym.painters.evaluation.fidelity import stroke_figures
from paintgym.painters.neural.vae import Predictor
from paintgym.painters.registry import load_painter
from paintgym.painters.training.config import TrainingConfig
from paintgym.painters.training.data import draw_training_data
from paintgym.painters.training.encoder import Encoder, floored_divergence
from paintgym.painters.training.trainer import PainterTrainer


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return TrainingConfig(
        painter="vae",
        out=tmp_path_factory.mktemp("run"),
        strokes=64,
        held_out=8,
        batch_size=4,
        autoencoding_steps=12,
        predictor_steps=8,
        evaluate_every=5,
    )


@pytest.fixture(scope="module")
def data(config):
    return draw_training_data(config)


@pytest.fixture(scope="module")
def trained(config, data):
    trainer = PainterTrainer(config, *data)
    trainer.run()
    return trainer


def stop_at(step):
    """A progress function that ends the run at a step, as a kill would."""

    def interrupt(progress):
        if progress.step == step:
            raise KeyboardInterrupt

    return interrupt


def test_training_makes_a_painter_that_loads_with_a_card(trained, config):
    painter = load_painter(config.folder / "painter.safetensors")
    card = json.loads((config.folder / "painter.json").read_text())
    assert painter(torch.rand(2, 12)).shape == (2, 1, 64, 64)
    assert card["architecture"] == "vae"
    assert {"autoencoded", "fidelity"} <= set(card)
    assert "free_bits" in card["configuration"]
    assert "adversarial_weight" not in card["configuration"]
    assert any((config.folder / "tensorboard").iterdir())


def test_the_encoder_is_not_shipped(trained, config):
    assert not any("encoder" in name for name in load_painter(config.folder / "painter.safetensors").state_dict())


@pytest.mark.slow
@pytest.mark.parametrize("interrupted_at", [5, 15], ids=["autoencoding", "predicting"])
def test_a_resumed_run_ends_with_the_same_weights(trained, config, data, tmp_path, interrupted_at):
    broken = dataclasses.replace(config, out=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        PainterTrainer(broken, *data).run(stop_at(interrupted_at))
    resumed = PainterTrainer(broken, *data)
    assert resumed.resume()
    assert resumed.step == interrupted_at
    resumed.run()
    written = [folder / "painter.safetensors" for folder in (config.folder, tmp_path)]
    assert written[0].read_bytes() == written[1].read_bytes()


@pytest.mark.slow
def test_the_autoencoder_learns_to_draw_what_it_sees(config, data, tmp_path):
    longer = dataclasses.replace(config, out=tmp_path, autoencoding_steps=40, predictor_steps=0, evaluate_every=40)
    trainer = PainterTrainer(longer, *data)
    untrained = stroke_figures(trainer.stage.draw(*data[1]), data[1][1]).pooled()
    trainer.run()
    trained = stroke_figures(trainer.stage.draw(*data[1]), data[1][1]).pooled()
    assert trained.psnr > untrained.psnr + 3


@pytest.mark.slow
def test_the_predictor_is_taught_and_the_decoder_frozen(config, data, tmp_path):
    trainer = PainterTrainer(dataclasses.replace(config, out=tmp_path), *data)
    autoencoder = {}

    def remember(progress):
        if progress.stage == "predictor" and not autoencoder:
            autoencoder.update({name: value.clone() for name, value in trainer.networks.state_dict().items()})

    trainer.run(remember)
    trainer.resume()  # The last weights, not the best.
    changed = {
        name for name, value in trainer.networks.state_dict().items() if not torch.equal(value, autoencoder[name])
    }
    taught = {f"painter.predictor.{name}" for name, _ in Predictor().named_parameters()}
    assert changed == taught


def test_a_stage_that_no_longer_improves_makes_way_for_the_next(config, data, tmp_path):
    patient = dataclasses.replace(config, out=tmp_path, autoencoding_steps=1000, vae_learning_rate=1e-30, patience=2)
    trainer = PainterTrainer(patient, *data)
    steps = []
    trainer.run(lambda progress: steps.append(progress.step))
    assert len(steps) < 40
    assert trainer.step == trainer.total_steps


def test_divergence_above_the_floor_is_that_of_the_gaussians():
    mean, log_variance = torch.randn(5, 3) + 3, torch.randn(5, 3)
    own = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0)).mean(0).sum()
    torch.testing.assert_close(floored_divergence(mean, log_variance, 0.1), expected)


def test_divergence_below_the_floor_costs_the_floor_and_has_no_gradient():
    # The first dimension tells almost nothing, the second much.
    mean = torch.tensor([[0.1, 3.0], [-0.1, -3.0]], requires_grad=True)
    divergence = floored_divergence(mean, torch.zeros(2, 2), 0.5)
    assert divergence.item() == pytest.approx(0.5 + 4.5)
    divergence.backward()
    assert mean.grad[:, 0].abs().max() == 0
    assert mean.grad[:, 1].abs().min() > 0


def test_noise_of_a_step_repeats_and_differs_from_the_next(config, data, tmp_path):
    def losses(step):
        trainer = PainterTrainer(dataclasses.replace(config, out=tmp_path), *data)
        trainer.step = step
        return trainer._train_step()

    assert losses(3) == losses(3)
    assert losses(3) != losses(4)


def test_the_encoder_gives_a_gaussian_for_each_stroke():
    mean, log_variance = Encoder()(torch.rand(3, 1, 64, 64))
    assert mean.shape == log_variance.shape == (3, 64)
