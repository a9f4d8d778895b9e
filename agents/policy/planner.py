"""Planning with a model of the brush: which of the network's proposals are laid, in which color, and where exactly.

Anchors are picked where canvas and target differ, the network proposes strokes there, and the proxy renderer tries
them: those that lower the squared error most, in their best colors, are selected one by one (``matching_pursuit``),
and moved a little before they are laid (``refine``). Nothing here learns; gradients flow to the network's weights.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...painters.neural.proxy import ProxyPainter
from ...painters.ribbon import DEFAULT_RIBBON, ProxyParameters
from ...painters.stroke import CANVAS_SIZE, COLOR, STROKE_LENGTH
from ..search.color import best_color
from ..search.matching_pursuit import matching_pursuit
from ..search.refine import refine, squared_error
from .config import HYPOTHESES, PlannerConfig
from .network import Scene, StrokeNetwork, halve


class Proposals(NamedTuple):
    """Strokes that were proposed, K at each of N anchors of B canvases, and tried on canvases of P pixels.

    Attributes:
        anchors: (B, N, 2) as x, y in pixels.
        strokes: (B, N, K, 12) in [0, 1], black.
        coverage: (B, N * K, P) in [0, 1], by the proxy renderer.
        canvas: (B, 3, P) in [0, 1].
        target: (B, 3, P) in [0, 1].
        proxy: what they were tried in.
    """

    anchors: Tensor
    strokes: Tensor
    coverage: Tensor
    canvas: Tensor
    target: Tensor
    proxy: ProxyPainter


class Selection(NamedTuple):
    """Which strokes are laid, count for each of B canvases.

    Attributes:
        anchors: (B, count, 2) as x, y in pixels.
        numbers: (B, count) which of the strokes proposed there.
        colors: (B, count, 3) in [0, 1], the best for each as it was proposed.
        strokes: (B, count, 12) in [0, 1], as they are laid.
    """

    anchors: Tensor
    numbers: Tensor
    colors: Tensor
    strokes: Tensor


class Planner:
    """Strokes for half-painted canvases, by a network's proposals.

    No module, so that the weights' names are the network's own wherever both are kept.

    Args:
        network: proposes.
        config: how its proposals are tried, selected and refined.
    """

    def __init__(self, network: StrokeNetwork, config: PlannerConfig | None = None) -> None:
        self.network = network
        self.config = config or PlannerConfig()
        noise = torch.rand(1, CANVAS_SIZE // 2, CANVAS_SIZE // 2, generator=torch.Generator().manual_seed(0))
        self._tie_noise = 1 + self.config.tie_noise * noise
        self._proxies: dict[tuple[torch.device, ProxyParameters], ProxyPainter] = {}

    @torch.no_grad()
    def __call__(self, observation: Tensor, count: int, ribbon: ProxyParameters = DEFAULT_RIBBON) -> Tensor:
        """Decide the next strokes.

        Args:
            observation: (B, 7, 64, 64) in [0, 1], as ``PaintingCore.observation`` gives it.
            count: strokes for each canvas, 1 or more.
            ribbon: the proxy renderer's parameters for the brush that lays them.

        Returns:
            Strokes (B, count, 12) in [0, 1], in painting order; without gradients, see ``decode``.
        """
        on_cpu = observation.device.type == "cpu"
        most = max(1, self.config.batch_size // count) if on_cpu else len(observation)
        parts = observation.split(most)
        return torch.cat([self.select(self.propose(part, count, ribbon=ribbon), part, count).strokes for part in parts])

    def propose(
        self,
        observation: Tensor,
        count: int,
        exploration: float = 0.0,
        ribbon: ProxyParameters = DEFAULT_RIBBON,
    ) -> Proposals:
        """Have strokes proposed, and try them; with gradients to the weights.

        Args:
            observation: as for ``__call__``.
            count: strokes to be laid on each canvas.
            exploration: standard deviation of noise on errors, in powers of e.
            ribbon: as for ``__call__``.
        """
        config, scene, proxy = self.config, Scene.of(observation), self.proxy(observation.device, ribbon)
        anchors = self.anchors(scene, config.anchors + int(config.anchors_per_stroke * count), exploration)
        strokes = self.network(scene, anchors, ribbon)
        coverage = 1 - proxy.draw(strokes.flatten(0, 2), config.trial_side).transmittance
        small = scene.levels[0]
        while small.shape[2] > config.trial_side:
            small = halve(small)
        target, residual = small.flatten(2)[:, :6].split(3, 1)
        coverage = coverage.view(len(anchors), -1, target.shape[2])
        return Proposals(anchors, strokes, coverage, target - residual, target, proxy)

    @torch.no_grad()
    def select(self, proposals: Proposals, observation: Tensor, count: int, exploration: float = 0.0) -> Selection:
        """Pick the best of ``propose(observation, count)``, and refine them.

        Args:
            proposals: what there is to select from.
            observation: as for ``__call__``.
            count: strokes to be laid on each canvas.
            exploration: standard deviation of noise on gains, in powers of e.
        """
        top_k = self.config.top_k
        rows = self._most_gainful(proposals)
        coverage, strokes = (part.flatten(0, 1)[rows] for part in (proposals.coverage, proposals.strokes.flatten(1, 2)))
        picked = matching_pursuit(coverage, proposals.canvas, proposals.target, count, exploration)
        strokes = strokes.gather(1, picked.numbers[..., None].expand(-1, -1, STROKE_LENGTH))
        colored, canvas, target = _recolor(strokes, picked.color), observation[:, :3], observation[:, 3:6]
        strokes = refine(colored, canvas, squared_error(target), proposals.proxy, self.config.refine)
        places = picked.numbers.div(top_k, rounding_mode="floor")
        anchors = proposals.anchors.gather(1, places[..., None].expand(-1, -1, 2))
        return Selection(anchors, rows.gather(1, picked.numbers) % HYPOTHESES, picked.color, strokes)

    def decode(self, observation: Tensor, selection: Selection, ribbon: ProxyParameters = DEFAULT_RIBBON) -> Tensor:
        """The strokes (B, count, 12) of a selection as they were proposed, with gradients to the weights."""
        strokes = self.network(Scene.of(observation), selection.anchors, ribbon)
        rows = selection.numbers[..., None, None].expand(-1, -1, 1, STROKE_LENGTH)
        return _recolor(strokes.gather(2, rows)[:, :, 0], selection.colors)

    def anchors(self, scene: Scene, count: int, exploration: float = 0.0) -> Tensor:
        """Where the error has its peaks: (B, count, 2) as x, y in pixels."""
        cells = halve(scene.error[:, None]) * self._tie_noise.to(scene.error.device, non_blocking=True)
        cells = F.avg_pool2d(cells, 3, stride=1, padding=1)
        if exploration:
            cells = cells * torch.exp(exploration * torch.randn_like(cells))
        window = self.config.suppression_window
        peaks = cells == F.max_pool2d(cells, window, stride=1, padding=window // 2)
        # Where there are too few peaks, other large errors follow.
        ranked = torch.where(peaks, cells + cells.amax((2, 3), keepdim=True), cells).flatten(1)
        index = ranked.topk(min(count, ranked.shape[1]), 1).indices
        side = CANVAS_SIZE // 2
        return torch.stack([index % side, index.div(side, rounding_mode="floor")], -1) * 2.0 + 1.0

    def proxy(self, device: torch.device, ribbon: ProxyParameters) -> ProxyPainter:
        """The renderer that strokes of a brush are tried and moved in."""
        if (device, ribbon) not in self._proxies:
            self._proxies[device, ribbon] = ProxyPainter(ribbon).to(device)
        return self._proxies[device, ribbon]

    def _most_gainful(self, proposals: Proposals) -> Tensor:
        """Rows (B, N * top_k) of the B * N * HYPOTHESES strokes, sorted by anchor."""
        _, gain = best_color(proposals.coverage, proposals.canvas, proposals.target)
        best = gain.view(-1, HYPOTHESES).topk(self.config.top_k, 1).indices
        first = HYPOTHESES * torch.arange(len(best), device=best.device)
        return (first[:, None] + best).view(len(gain), -1)


def _recolor(strokes: Tensor, color: Tensor) -> Tensor:
    """Strokes (B, N, 12) in colors (B, N, 3)."""
    return torch.cat([strokes[..., : COLOR.start], color, strokes[..., COLOR.stop :]], -1)
