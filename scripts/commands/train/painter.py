"""``paintgym train-painter``: train a neural painter on strokes of the real brush.

    paintgym train-painter gan                          # the whole recipe, about half an hour on two cores
    paintgym train-painter gan                          # again: takes up where it was interrupted
    torchrun --nproc-per-node=4 -m paintgym train-painter gan   # by four processes, with four times the batch
    paintgym train-painter vae                          # the rival, in runs/vae
    paintgym train-painter gan --brush deevad/chalk     # another brush of MyPaint's, minutes
    tensorboard --logdir runs                           # losses, fidelity, real beside neural

The trained painter is ``painter.safetensors`` in the folder; ``load_painter`` and ``--painter`` take its path.
"""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from ....files import make_folder
from ....painters.names import DEFAULT_BRUSH
from ....painters.training.config import TrainingConfig
from ....processes import Processes, joined
from ...names import check_device
from ...options import about

if TYPE_CHECKING:
    from ....painters.training.trainer import TrainingProgress


@dataclasses.dataclass(frozen=True)
class Arguments(TrainingConfig):
    """Train a neural painter; run it again to resume.

    By several processes: torchrun --nproc-per-node=4 -m paintgym train-painter ...

    GANs: non-adversarial pretraining, then the adversarial stage. VAE: encoder and decoder, then the predictor.
    """

    painter: Annotated[Literal["gan", "vae", "gan-deconv"], tyro.conf.Positional] = "gan"
    """gan: our generator; vae: encoder, decoder and predictor; gan-deconv: the Neural Painters generator shape."""


def run(arguments: Arguments) -> None:
    """Train, or resume, and print what the painter reaches on held-out strokes."""
    arguments.check()
    check_device("--device", arguments.device)
    with joined(arguments.device) as processes:
        _train(arguments, processes)


def _train(arguments: Arguments, processes: Processes) -> None:
    from rich.console import Console
    from tqdm import tqdm

    from ....painters.device import find_device
    from ....painters.mypaint.brushes import brush_definition
    from ....painters.registry import keep_painter
    from ....painters.training.brush_law import painter_options
    from ....painters.training.data import draw_training_data
    from ....painters.training.trainer import PainterTrainer

    find_device(arguments.device)
    with about("--brush"):
        # Before anything is drawn or made.
        brush_definition(arguments.brush)
        painter_options(arguments)
    if processes.leads:
        make_folder(arguments.folder)
    hidden = not processes.leads
    drawn = arguments.drawn + arguments.held_out
    with tqdm(total=drawn, desc="drawing strokes", unit="stroke", disable=hidden) as bar:
        training, held_out = draw_training_data(arguments, bar.update, processes)
    trainer = PainterTrainer(arguments, training, held_out, processes)
    console = Console(quiet=hidden)
    if trainer.resume():
        console.print(f"resuming at step {trainer.step}")
    total, step = trainer.total_steps, trainer.step
    with tqdm(total=total, initial=step, desc=trainer.stage.name, unit="step", disable=hidden) as bar:

        def show(progress: "TrainingProgress") -> None:
            bar.set_description(progress.stage, refresh=False)
            if progress.fidelity:
                bar.set_postfix(
                    psnr=f"{progress.fidelity.psnr:.2f} dB", detail_gap=f"{progress.fidelity.detail_gap:.3f}"
                )
            bar.update(progress.step - bar.n)

        fidelity = trainer.run(show)
    if hidden:
        return
    weights = arguments.folder / "painter.safetensors"
    console.print(f"wrote {weights}", soft_wrap=True)
    if arguments.brush != DEFAULT_BRUSH:
        kept = keep_painter(weights, arguments.painter, arguments.brush)
        console.print(f"and {kept}, where --brush {arguments.brush} finds it", soft_wrap=True)
    console.print(fidelity)
