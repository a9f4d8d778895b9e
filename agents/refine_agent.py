"""The agent ``policy+refine``: the optimizer of ``gradient``, which begins with the strokes of a policy."""

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from ..envs.losses.loss import PixelLoss
from ..painters.canvas import paint_strokes
from ..painters.device import check_is_on
from .config import RefineAgentConfig
from .gradient import GradientAgent, schedule
from .large.window_batch import WindowBatch
from .policy.network import StrokeNetwork
from .policy.planner import Planner
from .policy.registry import load_network
from .policy.revision import revise
from .policy.rollout import paint_steps
from .progress import Progress, ProgressCallback
from .search.stroke_optimizer import Proposer, StrokeOptimizer
from .window_agent import Stage, WindowAgent


class RefineAgent(GradientAgent):
    """Refines a policy's strokes as ``GradientAgent`` refines those it picks itself.

    The policy lays the strokes of each wave, the next where the refined ones leave an error: early strokes move freely
    while there are few. Where there is time for few iterations alone, it lays all strokes first, and they are refined
    together. Either way the policy's own painting is kept where it is better. Settings are those of
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
        self.planner = Planner(network or load_network(self.config.policy, self.device), self.config.planner)
        check_is_on("network", self.planner.network, self.device)

    @property
    def networks(self) -> list[nn.Module]:
        """See ``Agent``."""
        return [*super().networks, self.planner.network]

    def groups(self, batch: WindowBatch) -> Iterable[Sequence[int]]:
        """Each by itself: how it goes on depends on how it went."""
        return WindowAgent.groups(self, batch)

    def _optimize(self, stage: Stage, report: ProgressCallback, iterations: int, seconds: float) -> list[Tensor]:
        started, core = time.perf_counter(), stage.core
        (budget,), paper, target = stage.counts, stage.state.canvas, stage.state.target
        *_, (laid, canvas) = paint_steps(self.planner, target, budget, core.painter, paper, revised=False)
        taken = time.perf_counter() - started
        if seconds - taken >= self.config.revision_time * taken:
            laid, _ = revise(self.planner, laid, canvas, paper, target, core.painter)
        (strokes,) = laid
        search = StrokeOptimizer(
            core,
            stage.state,
            stage.generators,
            self.config.optimizer,
            lambda *_: strokes[None],
            self.config.straight_through,
        )
        search.grow(stage.counts)
        if not isinstance(core.loss, PixelLoss):
            search.finish()
        begun = time.perf_counter()
        least = float(search.descend(self.config.joint_learning_rate))
        now = time.perf_counter()
        left, each = seconds - (now - started), now - begun
        if min(iterations, left / each) < max(self.config.joint_iterations, budget):
            return [self._move_together(search, strokes, least, report, iterations - 1, left)]
        (refined,) = super()._optimize(stage, report, iterations, left)
        return [refined if self._loss(stage, refined) <= self._loss(stage, strokes) else strokes]

    def _move_together(
        self,
        search: StrokeOptimizer,
        best: Tensor,
        least: float,
        report: ProgressCallback,
        iterations: int,
        seconds: float,
    ) -> Tensor:
        """The best strokes on the way, beginning with those of the policy, whose loss is the least so far."""
        color_every = self.config.optimizer.color_every
        for iteration, fraction in schedule(iterations, seconds) if seconds > 0 else ():
            if iteration % color_every == color_every - 1 and not search.finishing:
                search.recolor()
            losses = search.descend(self.config.joint_learning_rate * 0.5 * (1 + math.cos(math.pi * fraction)))
            loss, (moved,) = float(losses), search.stack.strokes
            if loss < least:
                best, least = moved.clone(), loss
            report(Progress(len(best), loss, fraction, each=[moved]))
        report(Progress(len(best), least, 1.0, each=[best]))
        return best

    def _loss(self, stage: Stage, strokes: Tensor) -> float:
        core, state = stage.core, stage.state
        canvas = paint_strokes(state.canvas, strokes[None], core.painter)
        return float(core.loss(canvas, state.target_features))

    def proposer(self, stage: Stage) -> Proposer:
        """The policy."""

        def propose(canvas: Tensor, count: int, laid: int) -> Tensor:
            # The optimizer moves the strokes of a wave anyway.
            target, painter, left = stage.state.target, stage.core.painter, stage.counts[0] - laid
            *_, (strokes, _) = paint_steps(self.planner, target, left, painter, canvas, count, revised=False)
            return strokes

        return propose
