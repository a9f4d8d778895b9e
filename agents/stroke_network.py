"""The policy's network: looks where the error is, and lays a stroke there. How it learns is in ``analytic``.

It picks anchors where canvas and target differ, looks at each through three windows (16, 32 and 64 pixels wide), and
gives a stroke relative to the anchor, in the colour of the target along the stroke's own path. So it need not learn
anything twice for two places of a picture.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..envs.core import strokes_left_of
from ..painters.draft import DraftPainter
from ..painters.stroke import (
    CANVAS_SIZE,
    COLOR,
    CONTROL,
    END,
    LOG_RADIUS_SCALE,
    SIZE,
    START,
    STROKE_LENGTH,
    bezier_control,
    bezier_point,
)
from .bound import bound
from .color import best_color

_WINDOW, _PATCH = 16, 4
_LEVELS = (1, 2, 4)
"""Pixels of the canvas in one pixel of each window."""
_CHANNELS = 7
_SHAPE = 14
"""Numbers of the head: reach, start, end, bend (2 each), size, two pressures, contrast, colour correction (3)."""
_CANDIDATES = 3
"""Anchors that are looked at, for each stroke that is laid."""
_REPULSION = 3.0
_HYPOTHESES = 4
"""Strokes that are thought of at each anchor; the one that promises most is laid."""
_APART = 5
"""Anchors are the largest errors of 5x5 cells of 2x2 pixels each."""
_SHORTEST_REACH, _USUAL_REACH, _LONGEST_REACH = math.log(1.5), math.log(10.0), math.log(64.0)
_PATH = 7
_LARGEST_CORRECTION = 0.3
_SOLVED = 0.5
"""How far a stroke's colour is drawn toward that of the least squared error; 0.5 was better than 0 and 1."""
_MARGIN = 0.002

STROKES_PER_STEP = (1, 2, 4, 8, 16)


def strokes_per_step(stroke_budget: int) -> int:
    """How many strokes to lay at once: a painting takes 8 to 15 steps, more beyond 250 strokes."""
    return max(step for step in STROKES_PER_STEP if step == 1 or 7.5 * step <= stroke_budget)


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


class StrokeNetwork(nn.Module):
    """Strokes for half-painted canvases.

    Args:
        width: numbers that describe each 4x4 patch of a window.
        hidden: width of the fully connected layers.
    """

    anchor_noise: Tensor

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
        self.shape = nn.Linear(hidden, _HYPOTHESES * _SHAPE)
        promise = nn.Linear(64, _HYPOTHESES)
        nn.init.constant_(promise.bias, -5.0)
        self.gain = nn.Sequential(nn.Linear(hidden, 64), nn.SiLU(), promise)
        self.draft = DraftPainter()
        # On bare paper before an even target all errors are equal: a fixed pattern then tells where to begin.
        noise = torch.rand(1, CANVAS_SIZE // 2, CANVAS_SIZE // 2, generator=torch.Generator().manual_seed(0))
        self.register_buffer("anchor_noise", 1 + 0.02 * noise, persistent=False)

    def forward(self, observation: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Decide the next strokes.

        Args:
            observation: (B, 7, 64, 64) in [0, 1], as ``PaintingCore.observation`` gives it.
            count: strokes for each canvas, 1 or more.

        Returns:
            Strokes (B, count, 12) in [0, 1], the most promising first; and their promises (B, count), about ln of the
            part of the squared error that each would take away.
        """
        scene = self._scene(observation)
        anchors = self._anchors(scene, _CANDIDATES * count, 0.0)
        strokes, promise = self._think(scene, anchors)
        strokes, promise = _best(strokes, promise)
        chosen = _choose(strokes, promise, count)
        strokes = strokes.gather(1, chosen[..., None].expand(-1, -1, STROKE_LENGTH))
        return self._recolor(strokes, observation), promise.gather(1, chosen)

    def hypotheses(self, observation: Tensor, count: int, exploration: float) -> tuple[Tensor, Tensor]:
        """What is thought of at the anchors where ``forward`` would lay strokes, for training.

        Args:
            observation: as for ``forward``.
            count: strokes for each canvas.
            exploration: standard deviation of noise on errors and promises, in powers of e.

        Returns:
            Strokes (B, count, 4, 12), and their promises (B, count, 4); both with gradients to the weights.
        """
        scene = self._scene(observation)
        # Gradients for the chosen anchors alone: that takes a third of the time.
        with torch.no_grad():
            anchors = self._anchors(scene, _CANDIDATES * count, exploration)
            strokes, promise = _best(*self._think(scene, anchors))
            chosen = _choose(strokes, promise + exploration * torch.randn_like(promise), count)
            anchors = anchors.gather(1, chosen[..., None].expand(-1, -1, 2))
        strokes, promise = self._think(scene, anchors)
        return self._recolor(strokes.flatten(1, 2), observation).view_as(strokes), promise

    def choices(self, observation: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Where ``forward`` would lay strokes, (B, count, 2) in pixels, and which of the 4 thought of, (B, count)."""
        scene = self._scene(observation)
        anchors = self._anchors(scene, _CANDIDATES * count, 0.0)
        thought, promise = self._think(scene, anchors)
        chosen = _choose(*_best(thought, promise), count)
        return anchors.gather(1, chosen[..., None].expand(-1, -1, 2)), promise.argmax(-1).gather(1, chosen)

    def strokes_at(self, observation: Tensor, anchors: Tensor, numbers: Tensor) -> Tensor:
        """The strokes (B, count, 12) of some ``choices``; those of ``forward`` for its own."""
        thought, _ = self._think(self._scene(observation), anchors)
        strokes = thought.gather(2, numbers[..., None, None].expand(-1, -1, 1, STROKE_LENGTH))[:, :, 0]
        return self._recolor(strokes, observation)

    def _recolor(self, strokes: Tensor, observation: Tensor) -> Tensor:
        """Strokes (B, N, 12) in colours between those that were thought of and those of the least squared error.

        The least error for one stroke alone, by the draft painter's ink; the head says what that cannot know.
        """
        with torch.no_grad():
            coverage = self.draft.coverage(strokes.flatten(0, 1)).view(*strokes.shape[:2], -1)
            best, _ = best_color(coverage, observation[:, :3].flatten(2), observation[:, 3:6].flatten(2))
        color = torch.lerp(strokes[..., COLOR], best, _SOLVED)
        return torch.cat([strokes[..., : COLOR.start], color, strokes[..., COLOR.stop :]], -1)

    @staticmethod
    def _scene(observation: Tensor) -> _Scene:
        target = observation[:, 3:6]
        missing = target - observation[:, :3]
        levels = [torch.cat([target, missing, torch.ones_like(target[:, :1])], 1)]
        for _ in _LEVELS[1:]:
            levels.append(_halve(levels[-1]))
        return _Scene(missing.square().sum(1), tuple(levels), strokes_left_of(observation))

    def _think(self, scene: _Scene, anchors: Tensor) -> tuple[Tensor, Tensor]:
        """Strokes (B, N, 4, 12) at anchors (B, N, 2), and what they promise (B, N, 4)."""
        features = self._look(scene, anchors)
        shape = self.shape(features).unflatten(-1, (_HYPOTHESES, _SHAPE)).flatten(1, 2)
        strokes = self._strokes(shape, anchors.repeat_interleave(_HYPOTHESES, 1), scene.levels[1])
        return strokes.unflatten(1, (-1, _HYPOTHESES)), self.gain(features.detach())

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
        offsets = torch.arange(_WINDOW, device=anchors.device) - (_WINDOW - 1) / 2
        for level, seen, window in zip(_LEVELS, scene.levels, self.windows, strict=True):
            x = (anchors[..., 0, None] + level * offsets) / CANVAS_SIZE * 2 - 1
            y = (anchors[..., 1, None] + level * offsets) / CANVAS_SIZE * 2 - 1
            shape = (batch, count, _WINDOW, _WINDOW)
            grid = torch.stack([x[:, :, None, :].expand(shape), y[..., None].expand(shape)], -1)
            crops = F.grid_sample(seen, grid.flatten(1, 2), align_corners=False)
            # (B, C, N * 16, 16) -> (B * N, 16 patches, C * 4 * 4)
            side = _WINDOW // _PATCH
            patches = crops.view(batch, _CHANNELS, count, side, _PATCH, side, _PATCH).permute(0, 2, 3, 5, 1, 4, 6)
            features = features + window(patches.reshape(batch * count, side * side, -1))
        hidden: Tensor = self.trunk(features).unflatten(0, (batch, count))
        return hidden

    @staticmethod
    def _place(scene: _Scene, anchors: Tensor) -> Tensor:
        """What windows do not show: where the anchor is, how many strokes are left, how far the picture is done."""
        error = scene.error.mean((1, 2)).clamp(min=1e-6)
        about = torch.stack([torch.log1p(scene.left) / 3 - 1, error.log() / 3 + 1], -1)
        return torch.cat([anchors / (CANVAS_SIZE / 2) - 1, about[:, None].expand(-1, anchors.shape[1], -1)], -1)

    @staticmethod
    def _strokes(shape: Tensor, anchors: Tensor, seen: Tensor) -> Tensor:
        """Strokes (B, N, 12) of the head's numbers (B, N, 14)."""
        log_reach, start, end, bend, size, pressures, contrast, correction = shape.split((1, 2, 2, 2, 1, 2, 1, 3), -1)
        log_reach = log_reach + _USUAL_REACH
        reach = torch.exp(bound(log_reach, _SHORTEST_REACH, _LONGEST_REACH)) / CANVAS_SIZE
        anchor = anchors / CANVAS_SIZE
        # No tanh: where it is flat, strokes would stay as they are, and the best strokes reach far.
        start = bound(anchor + reach * (start - start.new_tensor([0.5, 0.0])), _MARGIN, 1 - _MARGIN)
        end = bound(anchor + reach * (end + end.new_tensor([0.5, 0.0])), _MARGIN, 1 - _MARGIN)
        control = bound(0.5 * (start + end) + 0.5 * reach * bend, _MARGIN, 1 - _MARGIN)
        size = torch.sigmoid(size + 2 * (log_reach - math.log(12.0)) / LOG_RADIUS_SCALE)
        pressures = torch.sigmoid(pressures + 1.0)
        wanted, missing = _along_path(start, control, end, seen).split((3, 3), -1)
        color = wanted + F.softplus(contrast - 1.0) * missing + _LARGEST_CORRECTION * torch.tanh(correction)
        return torch.cat([pressures[..., :1], size, control, end, bound(color, 0, 1), start, pressures[..., 1:]], -1)


def _best(strokes: Tensor, promise: Tensor) -> tuple[Tensor, Tensor]:
    """Of strokes (B, N, K, 12) with promises (B, N, K), the most promising of every K: (B, N, 12) and (B, N)."""
    best = promise.argmax(-1, keepdim=True)
    rows = best[..., None].expand(-1, -1, -1, STROKE_LENGTH)
    return strokes.gather(2, rows)[:, :, 0], promise.gather(2, best)[..., 0]


def _choose(strokes: Tensor, promise: Tensor, count: int) -> Tensor:
    """Numbers (B, count) of strokes (B, N, 12) that promise (B, N) much and lie apart: two in one place gain once."""
    middle = strokes[..., CONTROL] * CANVAS_SIZE
    length = (strokes[..., END] - strokes[..., START]).norm(dim=-1) * CANVAS_SIZE
    extent = 0.5 * length + torch.exp(LOG_RADIUS_SCALE * strokes[..., SIZE])
    chosen = []
    for _ in range(count):
        best = promise.argmax(1, keepdim=True)
        chosen.append(best)
        distance = (middle - middle.gather(1, best[..., None].expand(-1, -1, 2))).norm(dim=-1)
        nearness = distance / (0.5 * (extent + extent.gather(1, best)))
        promise = promise - _REPULSION * torch.exp(-0.5 * nearness.square())
        promise = promise.scatter(1, best, -math.inf)
    return torch.cat(chosen, 1)


def _along_path(start: Tensor, control: Tensor, end: Tensor, seen: Tensor) -> Tensor:
    """Means (B, N, 6) along strokes given by three points (B, N, 2) each, of what is seen, (B, 7, 32, 32)."""
    time = torch.linspace(0.05, 0.95, _PATH, device=start.device)[:, None]
    points = bezier_point(
        start[..., None, :], bezier_control(start, control, end)[..., None, :], end[..., None, :], time
    )
    colors = F.grid_sample(seen[:, :6], points * 2 - 1, padding_mode="border", align_corners=False)
    mean: Tensor = colors.mean(-1).transpose(1, 2)
    return mean


def _halve(pictures: Tensor) -> Tensor:
    """Means of 2x2 pixels; ``avg_pool2d`` takes five times as long on a CPU."""
    rows = pictures[:, :, ::2] + pictures[:, :, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) * 0.25
