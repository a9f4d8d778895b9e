"""What a stage of training is: a loss, its optimizer, a judgment of painters. The loop is in ``training``."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...processes import ALONE, Processes
from ..evaluation.fidelity import Fidelity, paint_all
from ..painter import Painter

Figures = Mapping[str, float]
"""A ``Fidelity`` as a dictionary."""


class Stage:
    """One stage of training a painter.

    Args:
        painter: what is trained.
        steps: how many steps the stage may take; 0 leaves it out.
        optimizer: its learning rate is moved by the loop.
        processes: those that train together, each on batches of its own.
    """

    name: ClassVar[str]
    """For progress bars."""
    result: ClassVar[str]
    """What the card calls the figures that the stage ends with, if another stage follows."""

    def __init__(
        self, painter: Painter, steps: int, optimizer: torch.optim.Optimizer, processes: Processes = ALONE
    ) -> None:
        self.painter = painter
        self.processes = processes
        self.steps = steps
        self.optimizer = optimizer
        self.learning_rate = float(optimizer.param_groups[0]["lr"])

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Everything that a checkpoint must keep beside the networks."""
        return {"optimizer": self.optimizer}

    def train_step(self, strokes: Tensor, real: Tensor, random: np.random.Generator) -> dict[str, float]:
        """Take one step and give the losses by name.

        Args:
            strokes: (N, 12) in [0, 1].
            real: (N, 1, 64, 64) in [0, 1], what the engine drew for them.
            random: all chance of the step comes from here, so that a resumed run repeats it; the same in all processes.
        """
        raise NotImplementedError

    def draw(self, strokes: NDArray[np.float32], coverage: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The neural coverage (N, 64, 64) that the stage is judged by, for held-out strokes and real coverage."""
        return paint_all(self.painter, strokes)

    def score(self, fidelity: Fidelity, finished: Mapping[str, Figures]) -> float | None:
        """How good a painter with this fidelity is; None if it must not be kept.

        Args:
            fidelity: of what ``draw`` gave.
            finished: what earlier stages ended with, by their ``result``.
        """
        return fidelity.psnr


def descend(loss: Tensor, optimizer: torch.optim.Optimizer, module: nn.Module, processes: Processes = ALONE) -> None:
    """One step of an optimizer down the gradient of the module's weights, the mean over all processes, clipped.

    No other weight gets a gradient.
    """
    optimizer.zero_grad()
    loss.backward(inputs=list(module.parameters()))
    processes.average_gradients(module.parameters())
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()
