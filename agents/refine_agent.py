"""The agent ``policy+gradient``: the optimiser of ``gradient``, which begins with the strokes of a policy."""

from pathlib import Path

import torch
from torch import Tensor

from ..envs.core import PaintingCore, PaintingState
from ..envs.losses.loss import Loss
from .gradient import GradientAgent, Proposals
from .policy.registry import load_network
from ..painters.painter import NamedPainter
from .policy.rollout import paint_steps
from .policy.network import StrokeNetwork


class RefiningAgent(GradientAgent):
    """Refines a policy's strokes as ``GradientAgent`` refines those it picks itself.

    The policy lays the strokes of each wave, the next where the refined ones leave an error. That paints better
    than to refine the policy's whole painting: early strokes move freely while there are few.

    Args:
        painter: name or ``.safetensors`` file of a neural painter, or one that is already loaded.
        loss: as ``GradientAgent`` takes it, with the same default.
        policy: name or ``.safetensors`` file of a policy, or a network that is already loaded.
        iterations: steps of Adam; by default as many as ``GradientAgent`` takes.
        learning_rate: Adam's on the logits, when it is highest; it falls to 0 as a cosine.
        time_limit: seconds after which the painting is to be finished, the policy's included; see ``GradientAgent``.

    Raises:
        InvalidInputError: an option out of range, unknown painter, loss or policy.
        MissingDataError: the loss needs weights that are not there.
    """

    name = "policy+gradient"

    def __init__(
        self,
        *,
        painter: str | Path | NamedPainter = "gan",
        loss: str | Loss | None = None,
        policy: str | Path | StrokeNetwork = "paintings",
        iterations: int | None = None,
        learning_rate: float = 0.1,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            painter=painter, loss=loss, iterations=iterations, learning_rate=learning_rate, time_limit=time_limit
        )
        self.network = policy if isinstance(policy, StrokeNetwork) else load_network(policy)

    def _proposals(self, core: PaintingCore, state: PaintingState) -> Proposals:
        def propose(canvas: Tensor, count: int, left: int) -> Tensor:
            steps = paint_steps(self.network, state.target, left, core.painter, canvas, count)
            return torch.cat([strokes[0] for strokes, _ in steps])

        return propose
