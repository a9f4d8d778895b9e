"""Where new strokes should begin: drawn from the error map, laid along the picture's edges, picked by what they gain.

Gradient descent cannot move a stroke to an error it does not touch. So strokes begin where the error is, and of many
candidates only those are kept that lower it most, one after another.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ...painters import stroke as layout
from ...painters.painter import Painter
from ...painters.stroke import LOG_RADIUS_SCALE, STROKE_LENGTH
from .config import ProposalConfig
from .matching_pursuit import matching_pursuit


class EdgeField:
    """The direction of edges in a picture, from its structure tensor (Bigun and Granlund, 1987).

    Args:
        picture: (3, H, W) in [0, 1].
        config: how far it is blurred.
    """

    def __init__(self, picture: Tensor, config: ProposalConfig) -> None:
        across, along = torch.gradient(_blur(picture, config.edge_scale), dim=(2, 1))
        products = torch.stack([across.square().sum(0), along.square().sum(0), (across * along).sum(0)])
        xx, yy, xy = _blur(products, config.tensor_scale)
        self.angle = (0.5 * torch.atan2(2 * xy, xx - yy) + math.pi / 2).flatten()
        """(H * W,) radians: along the edge, not across it."""
        self.clarity = (torch.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-5)).flatten()
        """(H * W,) in [0, 1]: 0 where all directions are alike, 1 on a straight edge."""


def draw_candidates(
    count: int, error: Tensor, edges: EdgeField, generator: torch.Generator, config: ProposalConfig
) -> Tensor:
    """Draw short strokes at random, more of them where the error is large, along the edges there.

    Args:
        count: how many.
        error: (H, W), at least 0.
        edges: of the target.
        generator: source of the random numbers.
        config: what strokes are drawn.

    Returns:
        (count, 12) in [0, 1], black.
    """

    def uniform(low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    side = error.shape[1]
    chances = _blur(error[None], config.error_blur).flatten() + 1e-9
    pixel = torch.multinomial(chances, count, replacement=True, generator=generator)
    middle = torch.stack([pixel % side + uniform(), pixel // side + uniform()], 1) / side
    clarity = edges.clarity[pixel]
    angle = edges.angle[pixel] + (1 - clarity) * uniform(-math.pi / 2, math.pi / 2)
    angle = angle + config.wobble * torch.randn(count, generator=generator)
    size = uniform()
    radius = torch.exp(LOG_RADIUS_SCALE * size) / layout.CANVAS_SIZE
    reach = radius * (config.shortest + (config.longest - config.shortest) * uniform() ** config.length_exponent)
    bend = config.bend * reach * torch.randn(count, generator=generator)
    direction = torch.stack([angle.cos(), angle.sin()], 1)
    normal = torch.stack([-angle.sin(), angle.cos()], 1)

    strokes = torch.zeros(count, STROKE_LENGTH)
    strokes[:, layout.START] = middle - reach[:, None] * direction
    strokes[:, layout.CONTROL] = middle + bend[:, None] * normal
    strokes[:, layout.END] = middle + reach[:, None] * direction
    strokes[:, layout.SIZE] = size
    strokes[:, layout.ENTRY_PRESSURE] = uniform(config.least_pressure)
    strokes[:, layout.END_PRESSURE] = uniform(config.least_pressure)
    return strokes.clamp(config.margin, 1 - config.margin)


def pick_strokes(
    count: int,
    canvas: Tensor,
    target: Tensor,
    edges: EdgeField,
    painter: Painter,
    generator: torch.Generator,
    config: ProposalConfig,
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay the ``count`` best of many candidates on a canvas, one over the other: matching pursuit.

    Args:
        count: how many strokes.
        canvas: (3, H, W) in [0, 1], half painted.
        target: (3, H, W) in [0, 1].
        edges: of the target.
        painter: strokes (N, 12) to coverage (N, 1, H, W).
        generator: source of the random numbers.
        config: what strokes are drawn, and how many.

    Returns:
        Strokes (count, 12) in [0, 1] with their best colors, their coverage (count, H * W), and by how much each
        lowered the summed squared error (count,).
    """
    error = (canvas - target).square().sum(0)
    candidates = draw_candidates(config.candidates * count, error, edges, generator, config)
    coverage = painter(candidates).flatten(1)
    picked = matching_pursuit(coverage[None], canvas.flatten(1)[None], target.flatten(1)[None], count)
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
