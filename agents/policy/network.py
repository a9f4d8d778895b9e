"""The policy's network: looks where the error is, thinks of strokes, and tries them. How it learns is in ``analytic``.

It picks anchors where canvas and target differ, looks at each through three windows (16, 32 and 64 pixels wide), and
thinks of some strokes relative to the anchor. So it need not learn anything twice for two places of a picture. Then it
plans with a model of the brush, the draft painter: the strokes that lower the squared error most, in their best
colours, are picked one after another (``pursuit``), and moved a little before they are laid (``polish``).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...envs.core import strokes_left_of
from ...painters.neural.proxy import DraftPainter
from ...painters.stroke import CANVAS_SIZE, COLOR, LOG_RADIUS_SCALE, STROKE_LENGTH
from .bound import bound
from ..search.color import best_color
from ..search.refine import polish
from ..search.matching_pursuit import pursue

_WINDOW, _PATCH = 16, 4
_LEVELS = (1, 2, 4)
"""Pixels of the canvas in one pixel of each window."""
_CHANNELS = 7
_SHAPE = 10
"""Numbers of the head: reach, start, end, bend (2 each), size, two pressures."""
HYPOTHESES = 8
"""Strokes that are thought of at each anchor."""
_ANCHORS, _ANCHORS_PER_STROKE = 6, 1.5
"""Anchors that are looked at: so many, and more for each stroke that is laid."""
_SHORT_LIST = HYPOTHESES // 2
"""Strokes at each anchor that matching pursuit picks from: those that would gain most alone."""
_TRIAL_SIDE = CANVAS_SIZE // 2
"""Strokes are tried on a canvas of half the size, which takes a quarter of the time."""
_POLISH = 6
"""Steps that the picked strokes are moved."""
_TOGETHER = 32
"""Strokes that are decided at a time: what more of them are tried on does not fit into a CPU's cache."""
_APART = 5
"""Anchors are the largest errors of 5x5 cells of 2x2 pixels each."""
_SHORTEST_REACH, _USUAL_REACH, _LONGEST_REACH = math.log(1.5), math.log(10.0), math.log(64.0)
_MARGIN = 0.002

STROKES_PER_STEP = (1, 2, 3, 4, 5, 6, 8, 16)


def strokes_per_step(stroke_budget: int) -> int:
    """How many strokes to lay at once: at most about as many as a painting takes steps."""
    return max(step for step in STROKES_PER_STEP if step == 1 or step**2 <= 1.7 * stroke_budget)


@dataclass(frozen=True)
class _Scene:
    """What an observation shows.

    Attributes:
        error: (B, 64, 64) squared error.
        levels: at 64, 32 and 16 pixels: target, target minus canvas, and ones, (B, 7, side, side).
        left: (B,) strokes left.
    """

    error: Tensor
    levels: tuple[Tensor, ...]
    left: Tensor


class Ideas(NamedTuple):
    """Strokes that were thought of, K at each of N anchors of B canvases, and tried on canvases of half the size.

    Attributes:
        anchors: (B, N, 2) as x, y in pixels.
        strokes: (B, N, K, 12) in [0, 1], black.
        coverage: (B, N * K, 1024) in [0, 1], by the draft painter.
        canvas: (B, 3, 1024) in [0, 1].
        target: (B, 3, 1024) in [0, 1].
    """

    anchors: Tensor
    strokes: Tensor
    coverage: Tensor
    canvas: Tensor
    target: Tensor


class Choices(NamedTuple):
    """Which strokes are laid, count for each of B canvases.

    Attributes:
        anchors: (B, count, 2) as x, y in pixels.
        numbers: (B, count) which of the strokes thought of there.
        colors: (B, count, 3) in [0, 1], the best for each as it was thought of.
        strokes: (B, count, 12) in [0, 1], as they are laid.
    """

    anchors: Tensor
    numbers: Tensor
    colors: Tensor
    strokes: Tensor


class StrokeNetwork(nn.Module):
    """Strokes for half-painted canvases.

    Args:
        width: numbers that describe each 4x4 patch of a window.
        hidden: width of the fully connected layers.
    """

    anchor_noise: Tensor
    patches: Tensor

    def __init__(self, width: int = 64, hidden: int = 256) -> None:
        super().__init__()
        self.windows = nn.ModuleList(
            nn.Sequential(
                nn.Linear(_CHANNELS * _PATCH**2, width),
                nn.SiLU(),
                nn.Flatten(),
                nn.Linear(width * (_WINDOW // _PATCH) ** 2, hidden),
            )
            for _ in _LEVELS
        )
        self.place = nn.Linear(4, hidden)
        self.trunk = nn.Sequential(
            nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.shape = nn.Linear(hidden, HYPOTHESES * _SHAPE)
        self.draft = DraftPainter()
        # On bare paper before an even target all errors are equal: a fixed pattern then tells where to begin.
        noise = torch.rand(1, CANVAS_SIZE // 2, CANVAS_SIZE // 2, generator=torch.Generator().manual_seed(0))
        self.register_buffer("anchor_noise", 1 + 0.02 * noise, persistent=False)
        self.register_buffer("patches", _patches(), persistent=False)

    def forward(self, observation: Tensor, count: int) -> Tensor:
        """Decide the next strokes.

        Args:
            observation: (B, 7, 64, 64) in [0, 1], as ``PaintingCore.observation`` gives it.
            count: strokes for each canvas, 1 or more.

        Returns:
            Strokes (B, count, 12) in [0, 1], in painting order; without gradients, see ``thoughts``.
        """
        with torch.no_grad():
            most = max(1, _TOGETHER // count) if observation.device.type == "cpu" else len(observation)
            parts = observation.split(most)
            return torch.cat([self.choose(self.ideas(part, count), part, count).strokes for part in parts])

    def ideas(self, observation: Tensor, count: int, exploration: float = 0.0) -> Ideas:
        """Think of strokes, and try them; with gradients to the weights.

        Args:
            observation: as for ``forward``.
            count: strokes to be laid on each canvas.
            exploration: standard deviation of noise on errors, in powers of e.
        """
        scene = self._scene(observation)
        anchors = self._anchors(scene, _ANCHORS + int(_ANCHORS_PER_STROKE * count), exploration)
        strokes = self._think(scene, anchors)
        coverage = 1 - self.draft.draw(strokes.flatten(0, 2), _TRIAL_SIDE).keep
        target, missing = scene.levels[1].flatten(2)[:, :6].split(3, 1)
        return Ideas(anchors, strokes, coverage.view(len(anchors), -1, _TRIAL_SIDE**2), target - missing, target)

    @torch.no_grad()
    def choose(self, ideas: Ideas, observation: Tensor, count: int, exploration: float = 0.0) -> Choices:
        """Pick the best of ``ideas(observation, count)``, and polish them.

        Args:
            ideas: what there is to choose from.
            observation: as for ``forward``.
            count: strokes to be laid on each canvas.
            exploration: standard deviation of noise on gains, in powers of e.
        """
        rows = self._short_list(ideas)
        coverage, strokes = (part.flatten(0, 1)[rows] for part in (ideas.coverage, ideas.strokes.flatten(1, 2)))
        picked = pursue(coverage, ideas.canvas, ideas.target, count, exploration)
        strokes = strokes.gather(1, picked.numbers[..., None].expand(-1, -1, STROKE_LENGTH))
        strokes = polish(_recolor(strokes, picked.color), observation[:, :3], observation[:, 3:6], self.draft, _POLISH)
        places = picked.numbers.div(_SHORT_LIST, rounding_mode="floor")
        anchors = ideas.anchors.gather(1, places[..., None].expand(-1, -1, 2))
        return Choices(anchors, rows.gather(1, picked.numbers) % HYPOTHESES, picked.color, strokes)

    @staticmethod
    def _short_list(ideas: Ideas) -> Tensor:
        """Rows (B, N * _SHORT_LIST) of the B * N * HYPOTHESES strokes, sorted by anchor."""
        _, gain = best_color(ideas.coverage, ideas.canvas, ideas.target)
        best = gain.view(-1, HYPOTHESES).topk(_SHORT_LIST, 1).indices
        first = HYPOTHESES * torch.arange(len(best), device=best.device)
        return (first[:, None] + best).view(len(gain), -1)

    def thoughts(self, observation: Tensor, choices: Choices) -> Tensor:
        """The strokes (B, count, 12) of some choices as they were thought of, with gradients to the weights."""
        strokes = self._think(self._scene(observation), choices.anchors)
        rows = choices.numbers[..., None, None].expand(-1, -1, 1, STROKE_LENGTH)
        return _recolor(strokes.gather(2, rows)[:, :, 0], choices.colors)

    @staticmethod
    def _scene(observation: Tensor) -> _Scene:
        target = observation[:, 3:6]
        missing = target - observation[:, :3]
        levels = [torch.cat([target, missing, torch.ones_like(target[:, :1])], 1)]
        for _ in _LEVELS[1:]:
            levels.append(_halve(levels[-1]))
        return _Scene(missing.square().sum(1), tuple(levels), strokes_left_of(observation))

    def _think(self, scene: _Scene, anchors: Tensor) -> Tensor:
        """Strokes (B, N, K, 12) at anchors (B, N, 2), black."""
        shape = self.shape(self._look(scene, anchors)).unflatten(-1, (HYPOTHESES, _SHAPE))
        return self._strokes(shape, anchors[:, :, None])

    def _anchors(self, scene: _Scene, count: int, exploration: float) -> Tensor:
        """Where the error has its peaks: (B, count, 2) as x, y in pixels."""
        cells = _halve(scene.error[:, None]) * self.anchor_noise
        cells = F.avg_pool2d(cells, 3, stride=1, padding=1)
        if exploration:
            cells = cells * torch.exp(exploration * torch.randn_like(cells))
        peaks = cells == F.max_pool2d(cells, _APART, stride=1, padding=_APART // 2)
        # Where there are too few peaks, other large errors follow.
        ranked = torch.where(peaks, cells + cells.amax((2, 3), keepdim=True), cells).flatten(1)
        index = ranked.topk(min(count, ranked.shape[1]), 1).indices
        side = CANVAS_SIZE // 2
        return torch.stack([index % side, index.div(side, rounding_mode="floor")], -1) * 2.0 + 1.0

    def _look(self, scene: _Scene, anchors: Tensor) -> Tensor:
        """Features (B, N, hidden) of anchors (B, N, 2)."""
        batch, count = anchors.shape[:2]
        features = self.place(self._place(scene, anchors)).flatten(0, 1)
        middle = (anchors / (CANVAS_SIZE / 2) - 1)[:, :, None, None]
        for level, seen, window in zip(_LEVELS, scene.levels, self.windows, strict=True):
            grid = middle + level * self.patches
            crops = F.grid_sample(seen, grid.flatten(1, 2), align_corners=False)
            # (B, C, N * patches, pixels) -> (B * N, patches, C * pixels)
            seen_patches = crops.transpose(1, 2).reshape(batch * count, len(self.patches), -1)
            features = features + window(seen_patches)
        hidden: Tensor = self.trunk(features).unflatten(0, (batch, count))
        return hidden

    @staticmethod
    def _place(scene: _Scene, anchors: Tensor) -> Tensor:
        """What windows do not show: where the anchor is, how many strokes are left, how far the picture is done."""
        error = scene.error.mean((1, 2)).clamp(min=1e-6)
        about = torch.stack([torch.log1p(scene.left) / 3 - 1, error.log() / 3 + 1], -1)
        return torch.cat([anchors / (CANVAS_SIZE / 2) - 1, about[:, None].expand(-1, anchors.shape[1], -1)], -1)

    @staticmethod
    def _strokes(shape: Tensor, anchors: Tensor) -> Tensor:
        """Strokes (B, N, K, 12) of the head's numbers (B, N, K, 10), at anchors (B, N, 1, 2)."""
        log_reach, start, end, bend, size, pressures = shape.split((1, 2, 2, 2, 1, 2), -1)
        log_reach = log_reach + _USUAL_REACH
        reach = torch.exp(bound(log_reach, _SHORTEST_REACH, _LONGEST_REACH)) / CANVAS_SIZE
        anchor = anchors / CANVAS_SIZE
        # No tanh: where it is flat, strokes would stay as they are, and the best strokes reach far.
        start = bound(anchor + reach * (start - start.new_tensor([0.5, 0.0])), _MARGIN, 1 - _MARGIN)
        end = bound(anchor + reach * (end + end.new_tensor([0.5, 0.0])), _MARGIN, 1 - _MARGIN)
        control = bound(0.5 * (start + end) + 0.5 * reach * bend, _MARGIN, 1 - _MARGIN)
        size = torch.sigmoid(size + 2 * (log_reach - math.log(12.0)) / LOG_RADIUS_SCALE)
        pressures = torch.sigmoid(pressures + 1.0)
        color = shape.new_zeros(()).expand(*shape.shape[:-1], 3)
        return torch.cat([pressures[..., :1], size, control, end, color, start, pressures[..., 1:]], -1)


def _patches() -> Tensor:
    """Where the pixels of a window lie about its middle: (16 patches, 16 pixels, 2) as x, y, the canvas 2 wide."""
    offsets = (torch.arange(_WINDOW) - (_WINDOW - 1) / 2) / (CANVAS_SIZE / 2)
    window = torch.stack(torch.meshgrid(offsets, offsets, indexing="xy"), -1)
    side = _WINDOW // _PATCH
    return window.view(side, _PATCH, side, _PATCH, 2).transpose(1, 2).reshape(side**2, _PATCH**2, 2).contiguous()


def _recolor(strokes: Tensor, color: Tensor) -> Tensor:
    """Strokes (B, N, 12) in colours (B, N, 3)."""
    return torch.cat([strokes[..., : COLOR.start], color, strokes[..., COLOR.stop :]], -1)


def _halve(pictures: Tensor) -> Tensor:
    """Means of 2x2 pixels; ``avg_pool2d`` takes five times as long on a CPU."""
    rows = pictures[:, :, ::2] + pictures[:, :, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) * 0.25
