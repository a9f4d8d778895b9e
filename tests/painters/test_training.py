"""The training loop on a handful of strokes: it learns, resumes exactly, and refuses what cannot work."""

import dataclasses
import json

import pytest
import torch
from paintgym.errors import InvalidInputError
from paintgym.painters.evaluation.fidelity import measure_fidelity
from paintgym.painters.registry import load_painter
from paintgym.painters.training.config import TrainingConfig
from paintgym.painters.training.data import draw_training_data
from paintgym.painters.training.trainer import PainterTrainer


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return TrainingConfig(
        out=tmp_path_factory.mktemp("run"),
        strokes=64,
        held_out=32,
        batch_size=16,
        pretraining_steps=12,
        adversarial_steps=8,
        evaluate_every=5,
    )


@pytest.fixture(scope="module")
def data(config):
    return draw_training_data(config)


def test_training_makes_a_painter_that_loads_with_a_card(config, data):
    fidelity = PainterTrainer(config, *data).run()
    painter = load_painter(config.out / "painter.safetensors")
    card = json.loads((config.out / "painter.json").read_text())
    assert card["fidelity"]["psnr"] == pytest.approx(fidelity.psnr, abs=1e-4)
    assert painter(torch.rand(2, 12)).shape == (2, 1, 64, 64)
    assert (config.out / "sheet.png").is_file()
    assert any((config.out / "tensorboard").iterdir())


def test_pretraining_improves_on_the_untrained_painter(config, data, tmp_path):
    trainer = PainterTrainer(dataclasses.replace(config, out=tmp_path, adversarial_steps=0), *data)
    with torch.no_grad():
        trainer.painter.dab[-1].bias.add_(0.5)
    before = measure_fidelity(trainer.painter, *data[1])
    assert trainer.run().psnr > before.psnr


@pytest.mark.slow
@pytest.mark.parametrize("interrupted_at", [5, 15], ids=["in pretraining", "in the adversarial stage"])
def test_a_resumed_run_ends_with_the_same_weights(config, data, tmp_path, interrupted_at):
    whole = dataclasses.replace(config, out=tmp_path / "whole")
    broken = dataclasses.replace(config, out=tmp_path / "broken")
    PainterTrainer(whole, *data).run()

    class Interruption(Exception):
        pass

    def interrupt(progress):
        if progress.step == interrupted_at:
            raise Interruption

    with pytest.raises(Interruption):
        PainterTrainer(broken, *data).run(interrupt)
    trainer = PainterTrainer(broken, *data)
    assert trainer.resume()
    assert trainer.step == interrupted_at
    trainer.run()
    assert (whole.out / "painter.safetensors").read_bytes() == (broken.out / "painter.safetensors").read_bytes()


def test_a_checkpoint_of_other_settings_is_refused(config, data, tmp_path):
    mine = dataclasses.replace(config, out=tmp_path)
    PainterTrainer(mine, *data).save_checkpoint()
    with pytest.raises(InvalidInputError, match="other settings"):
        PainterTrainer(dataclasses.replace(mine, seed=1), *data).resume()


@pytest.mark.parametrize(
    "change",
    [{"painter": "brush"}, {"strokes": 8}, {"batch_size": 0}, {"pretraining_steps": 0, "adversarial_steps": 0}],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(change):
    with pytest.raises(InvalidInputError):
        TrainingConfig(**change).check()
