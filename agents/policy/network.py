"""The policy's network: what it sees around places of a half-painted canvas, and the strokes that it proposes there.

It looks at each place through three windows (16, 32 and 64 pixels wide), and proposes strokes relative to it. So it
need not learn anything twice for two places of a picture. Which places, and which of the strokes, the ``planner`` says.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...envs.views.canvas import strokes_left_of
from ...painters.device import upload
from ...painters.ribbon import DEFAULT_RIBBON, ProxyParameters
from ...painters.stroke import CANVAS_SIZE, LOG_RADIUS_SCALE
from .bound import bound
from .config import HYPOTHESES

_WINDOW, _PATCH = 16, 4
"""Pixels of a window a side, and of the patches that it is described by: 16 windows of 16 make 4x4 patches each."""
_LEVELS = (1, 2, 4)
"""Pixels of the canvas in a pixel of each window; weights depend on it."""
_CHANNELS = 7
"""Of what a window shows: target, residual, and whether there is canvas."""
_SHAPE = 10
"""Numbers of the head: reach, start, end, bend (2 each), size, two pressures."""
_SHORTEST_REACH, _USUAL_REACH, _LONGEST_REACH = math.log(1.5), math.log(10.0), math.log(64.0)
"""ln(pixels) from the anchor that points of a stroke may lie away; the head's 0 means the usual reach."""
_RIBBON = ("log_width", "width_by_pressure", "log_density", "pressure_power")
"""What is told of a brush; weights depend on it."""
_MARGIN = 0.002
"""Points keep so far from the canvas's border, in parts of its side: beyond, ``bound``'s gradient leads back inside."""


@dataclass(frozen=True)
class Scene:
    """What an observation shows.

    Attributes:
        error: (B, 64, 64) squared error.
        levels: at 64, 32 and 16 pixels: target, residual (target minus canvas), and ones, (B, 7, side, side).
        strokes_left: (B,).
    """

    error: Tensor
    levels: tuple[Tensor, ...]
    strokes_left: Tensor

    @classmethod
    def of(cls, observation: Tensor) -> "Scene":
        """The scene of observations (B, 7, 64, 64) in [0, 1], as ``PaintingCore.observation`` gives them."""
        target = observation[:, 3:6]
        residual = target - observation[:, :3]
        levels = [torch.cat([target, residual, torch.ones_like(target[:, :1])], 1)]
        for _ in _LEVELS[1:]:
            levels.append(halve(levels[-1]))
        return cls(residual.square().sum(1), tuple(levels), strokes_left_of(observation))


class StrokeNetwork(nn.Module):
    """Proposes strokes at places of half-painted canvases.

    Args:
        width: numbers that describe each 4x4 patch of a window.
        hidden: width of the fully connected layers.
        brushes: whether it is told the ribbon of the brush, for it learned with several.
    """

    patches: Tensor

    def __init__(self, width: int = 64, hidden: int = 256, brushes: bool = False) -> None:
        super().__init__()
        self._brushes = brushes
        self.windows = nn.ModuleList(
            nn.Sequential(
                nn.Linear(_CHANNELS * _PATCH**2, width),
                nn.SiLU(),
                nn.Flatten(),
                nn.Linear(width * (_WINDOW // _PATCH) ** 2, hidden),
            )
            for _ in _LEVELS
        )
        self.place = nn.Linear(4 + len(_RIBBON) * brushes, hidden)
        self.trunk = nn.Sequential(
            nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.shape = nn.Linear(hidden, HYPOTHESES * _SHAPE)
        self.register_buffer("patches", _patches(), persistent=False)

    def forward(self, scene: Scene, anchors: Tensor, ribbon: ProxyParameters = DEFAULT_RIBBON) -> Tensor:
        """Propose strokes, with gradients to the weights.

        Args:
            scene: of B half-painted canvases.
            anchors: (B, N, 2) as x, y in pixels.
            ribbon: the proxy renderer's parameters for the brush.

        Returns:
            (B, N, 8, 12) in [0, 1], black.
        """
        shape = self.shape(self._look(scene, anchors, ribbon)).unflatten(-1, (HYPOTHESES, _SHAPE))
        return self._strokes(shape, anchors[:, :, None])

    def _look(self, scene: Scene, anchors: Tensor, ribbon: ProxyParameters) -> Tensor:
        """Features (B, N, hidden) of anchors (B, N, 2)."""
        batch, count = anchors.shape[:2]
        place = self._place(scene, anchors)
        if self._brushes:
            told = upload([getattr(ribbon, name) for name in _RIBBON], place.device, place.dtype)
            place = torch.cat([place, told.expand(batch, count, -1)], -1)
        features = self.place(place).flatten(0, 1)
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
    def _place(scene: Scene, anchors: Tensor) -> Tensor:
        """What windows do not show: where the anchor is, how many strokes are left, how far the picture is done."""
        error = scene.error.mean((1, 2)).clamp(min=1e-6)
        about = torch.stack([torch.log1p(scene.strokes_left) / 3 - 1, error.log() / 3 + 1], -1)
        return torch.cat([anchors / (CANVAS_SIZE / 2) - 1, about[:, None].expand(-1, anchors.shape[1], -1)], -1)

    @staticmethod
    def _strokes(shape: Tensor, anchors: Tensor) -> Tensor:
        """Strokes (B, N, K, 12) of the head's numbers (B, N, K, 10), at anchors (B, N, 1, 2)."""
        log_reach, start, end, bend, size, pressures = shape.split((1, 2, 2, 2, 1, 2), -1)
        log_reach = log_reach + _USUAL_REACH
        reach = torch.exp(bound(log_reach, _SHORTEST_REACH, _LONGEST_REACH)) / CANVAS_SIZE
        anchor = anchors / CANVAS_SIZE
        # No tanh: where it is flat, strokes would stay as they are, and the best strokes reach far.
        half = upload([0.5, 0.0], anchors.device, anchors.dtype)
        start = bound(anchor + reach * (start - half), _MARGIN, 1 - _MARGIN)
        end = bound(anchor + reach * (end + half), _MARGIN, 1 - _MARGIN)
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


def halve(pictures: Tensor) -> Tensor:
    """Means of 2x2 pixels; ``avg_pool2d`` takes five times as long on a CPU."""
    rows = pictures[:, :, ::2] + pictures[:, :, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) * 0.25
