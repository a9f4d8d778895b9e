"""The agent ``policy``: a trained policy paints at once."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ..painters.device import check_is_on
from ..painters.style import Style
from ..painters.styled import styled
from .agent import Agent
from .config import PolicyConfig
from .large.level import LevelRefinement
from .large.window_batch import Decision, WindowBatch
from .policy.network import StrokeNetwork
from .policy.planner import Planner
from .policy.registry import load_network
from .policy.rollout import paint_steps, paint_windows
from .progress import Progress, ProgressCallback


class PolicyAgent(Agent):
    """Looks at canvas and picture, lays some strokes, and looks again: 5 to 13 times for up to 200 strokes.

    At the end all strokes are moved together, and those of least use are laid elsewhere (``policy.revision``).

    ``loss`` is what the painting's loss is told in, and in the end the strokes of small paintings are moved down it;
    they are chosen by the squared error. Settings are those of ``PolicyConfig``. Nothing is drawn by lot: every seed
    paints the same.

    Args:
        network: one that is loaded already, in place of the settings' ``policy``.
    """

    name = "policy"
    Config = PolicyConfig
    config: PolicyConfig

    def __init__(
        self, config: PolicyConfig | None = None, *, network: StrokeNetwork | None = None, **options: Any
    ) -> None:
        super().__init__(config, **options)
        self.planner = Planner(network or load_network(self.config.policy, self.device), self.config.planner)
        check_is_on("network", self.planner.network, self.device)

    @property
    def networks(self) -> list[nn.Module]:
        """See ``Agent``."""
        return [*super().networks, self.planner.network]

    # A tenth of the time of small paintings is what tensors note for autograd even where gradients are switched off.
    @torch.inference_mode()
    def decide(self, batch: WindowBatch, style: Style, report: ProgressCallback) -> list[Decision]:
        """See ``Agent``."""
        painter = styled(batch.painter, style)
        if not batch.whole:
            return [
                Decision(strokes)
                for strokes in paint_windows(self.planner, batch.canvas, batch.target, batch.counts, painter)
            ]
        budget, features = batch.counts[0], self.loss.features(batch.target)
        for strokes, canvas in paint_steps(self.planner, batch.target, budget, painter, batch.canvas, loss=self.loss):
            count, loss = strokes.shape[1], float(self.loss(canvas, features).mean())
            report(Progress(count * len(canvas), loss, count / budget, each=strokes.unbind()))
        return [Decision(*both) for both in zip(strokes, canvas, strict=True)]

    def level_refinement(self, style: Style) -> LevelRefinement | None:
        """See ``Agent``."""
        revision = self.planner.config.revision
        config = replace(revision.refine, steps=revision.level_steps)
        return LevelRefinement(config, style, revision.level_replaced) if config.steps else None
