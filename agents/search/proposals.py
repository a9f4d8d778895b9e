"""Where new strokes should begin: drawn from the error map, laid along the picture's edges, picked by what they gain.

Gradient descent cannot move a stroke to an error it does not touch. So strokes begin where the error is, and of many
candidates only those are kept that lower it most, one after another.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ...painters.painter import StrokePainter
from ...painters import stroke as layout
from ...painters.stroke import LOG_RADIUS_SCALE, STROKE_LENGTH
from .matching_pursuit import pursue

_ERROR_BLUR = 2.0
_EDGE_SCALE = 1.0
_TENSOR_SCALE = 1.5
_SHORTEST, _LONGEST = 0.5, 4.0
_LEAST_PRESSURE = 0.5
_WOBBLE = 0.3
_MARGIN = 0.01
_CANDIDATES = 16


class EdgeField:
    """The direction of edges in a picture, from its structure tensor (Bigun and Granlund, 1987).

    Args:
        picture: (3, H, W) in [0, 1].
    """

    def __init__(self, picture: Tensor) -> None:
        across, along = torch.gradient(_blur(picture, _EDGE_SCALE), dim=(2, 1))
        products = torch.stack([across.square().sum(0), along.square().sum(0), (across * along).sum(0)])
        xx, yy, xy = _blur(products, _TENSOR_SCALE)
        self.angle = (0.5 * torch.atan2(2 * xy, xx - yy) + math.pi / 2).flatten()
        """(H * W,) radians: along the edge, not across it."""
        self.clarity = (torch.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-5)).flatten()
        """(H * W,) in [0, 1]: 0 where all directions are alike, 1 on a straight edge."""


def draw_candidates(count: int, error: Tensor, edges: EdgeField, generator: torch.Generator) -> Tensor:
    """Draw short strokes at random, more of them where the error is large, along the edges there.

    Args:
        count: how many.
        error: (H, W), at least 0.
        edges: of the target.
        generator: source of the random numbers.

    Returns:
        (count, 12) in [0, 1], black.
    """

    def uniform(low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    side = error.shape[1]
    chances = _blur(error[None], _ERROR_BLUR).flatten() + 1e-9
    pixel = torch.multinomial(chances, count, replacement=True, generator=generator)
    middle = torch.stack([pixel % side + uniform(), pixel // side + uniform()], 1) / side
    clarity = edges.clarity[pixel]
    angle = edges.angle[pixel] + (1 - clarity) * uniform(-math.pi / 2, math.pi / 2)
    angle = angle + _WOBBLE * torch.randn(count, generator=generator)
    size = uniform()
    radius = torch.exp(LOG_RADIUS_SCALE * size) / layout.CANVAS_SIZE
    reach = radius * (_SHORTEST + (_LONGEST - _SHORTEST) * uniform() ** 1.5)
    bend = 0.25 * reach * torch.randn(count, generator=generator)
    direction = torch.stack([angle.cos(), angle.sin()], 1)
    normal = torch.stack([-angle.sin(), angle.cos()], 1)

    strokes = torch.zeros(count, STROKE_LENGTH)
    strokes[:, layout.START] = middle - reach[:, None] * direction
    strokes[:, layout.CONTROL] = middle + bend[:, None] * normal
    strokes[:, layout.END] = middle + reach[:, None] * direction
    strokes[:, layout.SIZE] = size
    strokes[:, layout.ENTRY_PRESSURE] = uniform(_LEAST_PRESSURE)
    strokes[:, layout.END_PRESSURE] = uniform(_LEAST_PRESSURE)
    return strokes.clamp(_MARGIN, 1 - _MARGIN)


def pick_strokes(
    count: int, canvas: Tensor, target: Tensor, edges: EdgeField, painter: StrokePainter, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay the ``count`` best of many candidates on a canvas, one over the other: matching pursuit.

    Args:
        count: how many strokes.
        canvas: (3, H, W) in [0, 1], half painted.
        target: (3, H, W) in [0, 1].
        edges: of the target.
        painter: strokes (N, 12) to coverage (N, 1, H, W).
        generator: source of the random numbers.

    Returns:
        Strokes (count, 12) in [0, 1] with their best colours, their coverage (count, H * W), and by how much each
        lowered the summed squared error (count,).
    """
    error = (canvas - target).square().sum(0)
    candidates = draw_candidates(_CANDIDATES * count, error, edges, generator)
    coverage = painter(candidates).flatten(1)
    picked = pursue(coverage[None], canvas.flatten(1)[None], target.flatten(1)[None], count)
    index = picked.numbers[0]
    strokes = candidates[index]
    strokes[:, layout.COLOR] = picked.color[0]
    return strokes, coverage[index], picked.gain[0]


def _blur(pictures: Tensor, scale: float) -> Tensor:
    """Gaussian blur of (C, H, W) with a standard deviation of ``scale`` pixels."""
    reach = math.ceil(3 * scale)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / scale) ** 2)
    weights = (weights / weights.sum()).view(1, 1, -1)
    padded = F.pad(pictures[:, None], (reach, reach, reach, reach), mode="replicate")
    return F.conv2d(F.conv2d(padded, weights[:, :, None]), weights[..., None])[:, 0]
