"""The agent ``policy``: a trained policy paints at once. Its training is elsewhere."""

from pathlib import Path

import torch
from torch import Tensor

from ..envs.core import PaintingCore, PaintingState
from ..envs.losses.loss import Loss
from ..painters.style import Style
from .agent import Agent, Decision, Progress, ProgressCallback
from .large.canvas import WindowBatch
from .policy.registry import load_network
from ..painters.painter import NamedPainter
from .policy.rollout import paint_counted, paint_steps
from .policy.network import StrokeNetwork


class PolicyAgent(Agent):
    """Looks at canvas and picture, lays some strokes, and looks again: 4 to 13 times for up to 200 strokes.

    Args:
        painter: name or ``.safetensors`` file of a neural painter, or one that is already loaded.
        loss: what the painting's loss is told in; the policy was trained before, and minimises nothing now.
        policy: name or ``.safetensors`` file of a policy, or a network that is already loaded.

    Raises:
        InvalidInputError: unknown painter, loss or policy.
        MissingDataError: the loss needs weights that are not there.
    """

    name = "policy"

    def __init__(
        self,
        *,
        painter: str | Path | NamedPainter = "gan",
        loss: str | Loss = "mse",
        policy: str | Path | StrokeNetwork = "paintings",
    ) -> None:
        super().__init__(painter=painter, loss=loss)
        self.network = policy if isinstance(policy, StrokeNetwork) else load_network(policy)

    # A tenth of the time of small paintings is what tensors note for autograd even where gradients are switched off.
    @torch.inference_mode()
    def _decide(
        self, core: PaintingCore, state: PaintingState, generator: torch.Generator, report: ProgressCallback
    ) -> Decision:
        painted, count = [], 0
        for strokes, canvas in paint_steps(self.network, state.target, core.stroke_budget, core.painter, state.canvas):
            painted.append(strokes[0])
            count += strokes.shape[1]
            loss = float(core.loss(canvas, state.target_features))
            report(Progress(count, loss, count / core.stroke_budget, torch.cat(painted)))
        return Decision(torch.cat(painted), canvas)

    @torch.inference_mode()
    def _lay(self, batch: WindowBatch, style: Style, generator: torch.Generator) -> list[Tensor]:
        return paint_counted(self.network, batch.canvas, batch.target, batch.counts, self._styled_painter(style))
