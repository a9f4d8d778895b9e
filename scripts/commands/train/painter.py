"""``paintgym train-painter``: train a neural painter on strokes of the real brush.

    paintgym train-painter gan                          # the whole recipe, about half an hour on two cores
    paintgym train-painter gan                          # again: takes up where it was interrupted
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
from ...names import check_device
from ...options import about

if TYPE_CHECKING:
    from ....painters.training.trainer import TrainingProgress


@dataclasses.dataclass(frozen=True)
class Arguments(TrainingConfig):
    """Train a neural painter; run it again to resume.

    GANs: non-adversarial pretraining, then the adversarial stage. VAE: encoder and decoder, then the predictor.
    """

    painter: Annotated[Literal["gan", "vae", "gan-deconv"], tyro.conf.Positional] = "gan"
    """gan: our generator; vae: encoder, decoder and predictor; gan-deconv: the Neural Painters generator shape."""


def run(arguments: Arguments) -> None:
    """Train, or resume, and print what the painter reaches on held-out strokes."""
    arguments.check()
    check_device("--device", arguments.device)
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
    make_folder(arguments.folder)
    with tqdm(total=arguments.drawn + arguments.held_out, desc="drawing strokes", unit="stroke") as bar:
        training, held_out = draw_training_data(arguments, bar.update)
    trainer = PainterTrainer(arguments, training, held_out)
    console = Console()
    if trainer.resume():
        console.print(f"resuming at step {trainer.step}")
    with tqdm(total=trainer.total_steps, initial=trainer.step, desc=trainer.stage.name, unit="step") as bar:

        def show(progress: "TrainingProgress") -> None:
            bar.set_description(progress.stage, refresh=False)
            if progress.fidelity:
                bar.set_postfix(
                    psnr=f"{progress.fidelity.psnr:.2f} dB", detail_gap=f"{progress.fidelity.detail_gap:.3f}"
                )
            bar.update(progress.step - bar.n)

        fidelity = trainer.run(show)
    weights = arguments.folder / "painter.safetensors"
    console.print(f"wrote {weights}", soft_wrap=True)
    if arguments.brush != DEFAULT_BRUSH:
        kept = keep_painter(weights, arguments.painter, arguments.brush)
        console.print(f"and {kept}, where --brush {arguments.brush} finds it", soft_wrap=True)
    console.print(fidelity)
