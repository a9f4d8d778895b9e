"""Gradients through the canvas: ``python -m paintgym.scripts.examples.gradients_through_canvas --steps 60``."""

from dataclasses import dataclass

import paintgym
import torch
import tyro
from paintgym.envs.pictures import fit_picture, load_picture
from paintgym.painters.pixels import to_tensor
from paintgym.scripts.examples import STILL_LIFE


@dataclass(frozen=True)
class Arguments:
    """Improve the strokes of a painting by gradient descent and print how the loss falls."""

    target: str = STILL_LIFE
    """The picture to paint."""
    loss: str = "mse"
    """The loss: mse, or one with a network such as vgg19."""
    strokes: int = 20
    """Strokes of the painting."""
    steps: int = 60
    """Steps of Adam."""
    seed: int = 0
    """Seed of the first strokes."""


def main(arguments: Arguments) -> None:
    """Descend."""
    torch.manual_seed(arguments.seed)
    target = to_tensor(fit_picture(load_picture(arguments.target), 64))
    core = paintgym.PaintingCore(
        paintgym.load_painter("gan"),
        paintgym.make_loss(arguments.loss),
        stroke_budget=arguments.strokes,
        strokes_per_step=arguments.strokes,
    )
    paper = core.initial(target)
    action = torch.empty(1, core.action_length).uniform_(-0.9, 0.9).requires_grad_()
    optimizer = torch.optim.Adam([action], lr=0.05)
    for step in range(arguments.steps):
        painted = core.transition(paper, action)
        optimizer.zero_grad()
        painted.loss.sum().backward()  # through the loss, the canvas and the painter, to every number of every stroke
        optimizer.step()
        if step % 10 == 0 or step == arguments.steps - 1:
            print(f"step {step:3}: loss {painted.loss.item():.4f}, on white paper {paper.loss.item():.4f}")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
