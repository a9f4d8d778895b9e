"""The agent ``policy+refine``: the optimizer of ``gradient``, which begins with the strokes of a policy."""

from typing import Any

import torch
from torch import Tensor, nn

from .agent import Stage
from .config import RefineAgentConfig
from .gradient import GradientAgent
from .policy.network import StrokeNetwork
from .policy.planner import Planner
from .policy.registry import load_network
from .policy.rollout import paint_steps
from .search.stroke_optimizer import Proposer


class RefineAgent(GradientAgent):
    """Refines a policy's strokes as ``GradientAgent`` refines those it picks itself.

    The policy lays the strokes of each wave, the next where the refined ones leave an error. That paints better
    than to refine the policy's whole painting: early strokes move freely while there are few. Settings are those of
    ``RefineAgentConfig``.

    Args:
        network: one that is loaded already, in place of the settings' ``policy``.
    """

    name = "policy+refine"
    Config = RefineAgentConfig
    config: RefineAgentConfig

    def __init__(
        self, config: RefineAgentConfig | None = None, *, network: StrokeNetwork | None = None, **options: Any
    ) -> None:
        super().__init__(config, **options)
        self.planner = Planner(network or load_network(self.config.policy), self.config.planner)

    @property
    def networks(self) -> list[nn.Module]:
        """See ``Agent``."""
        return [*super().networks, self.planner.network]

    def proposer(self, stage: Stage) -> Proposer:
        """The policy."""

        def propose(canvas: Tensor, count: int, left: int) -> Tensor:
            steps = paint_steps(self.planner, stage.state.target, left, stage.core.painter, canvas, count)
            return torch.cat([strokes[0] for strokes, _ in steps])

        return propose
