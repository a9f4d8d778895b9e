"""Moving strokes a little before they are laid, so that they fit: a few steps down the gradient of the proxy renderer.

The strokes of one step are moved together; what was laid before stays. For thousands of steps on whole paintings there
is ``gradient``.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ...painters.canvas import composite_backward, composite_forward
from ...painters.neural.proxy import ProxyPainter
from ...painters.stroke import CANVAS_SIZE, COLOR, LOG_RADIUS_SCALE, SIZE
from .config import RefineConfig

Slope = Callable[[Tensor], Tensor]
"""The gradient (B, 3, P) of what is to be lowered to a painted canvas (B, 3, P) of 64x64 pixels."""


def squared_error(target: Tensor) -> Slope:
    """The slope of the summed squared error to targets (B, 3, 64, 64)."""
    target = target.flatten(2)
    return lambda painted: 2 * (painted - target)


def refine(strokes: Tensor, canvas: Tensor, slope: Slope, proxy: ProxyPainter, config: RefineConfig) -> Tensor:
    """Lower what is asked of a canvas on which strokes are to be laid.

    Args:
        strokes: (B, T, 12) in [0, 1], T >= 1, in painting order.
        canvas: (B, 3, 64, 64) in [0, 1].
        slope: the gradient of what is asked, in units of a summed squared error.
        proxy: whose coverage is taken for the strokes'.
        config: how many steps, and how far.

    Returns:
        (B, T, 12) in [0, 1].
    """
    canvas = canvas.flatten(2)
    descent = Descent(strokes, config)
    for _ in range(config.steps):
        strokes = descent.step(stack_gradient(strokes, canvas, slope, proxy))
    return strokes


class Descent:
    """Adam (Kingma and Ba, 2015) with shorter and shorter steps; the first are in proportion to a stroke's size.

    Args:
        strokes: (B, T, 12) in [0, 1], where it begins.
        config: how many steps, and how far.
    """

    def __init__(self, strokes: Tensor, config: RefineConfig) -> None:
        self._config = config
        self._strokes, self._scale = strokes, _scale(strokes, config)
        self._mean, self._square = torch.zeros_like(strokes), torch.zeros_like(strokes)
        self._steps = 0

    def step(self, gradient: Tensor) -> Tensor:
        """Where the strokes are after a step down their gradient (B, T, 12)."""
        config, scale = self._config, self._scale
        gradient = gradient * scale
        self._mean = torch.lerp(gradient, self._mean, config.mean_decay)
        self._square = torch.lerp(gradient.square(), self._square, config.square_decay)
        likely = self._square.sqrt() / (1 - config.square_decay ** (self._steps + 1)) ** 0.5
        likely = torch.add(likely + config.least_gradient, likely.amax(-1, keepdim=True), alpha=config.least_part)
        rate = (1 - self._steps / config.steps) / (1 - config.mean_decay ** (self._steps + 1))
        self._strokes = (self._strokes - rate * scale * self._mean / likely).clamp(config.margin, 1 - config.margin)
        self._steps += 1
        return self._strokes


def _scale(strokes: Tensor, config: RefineConfig) -> Tensor:
    """How far each number (B, T, 12) may move in a step."""
    radius = torch.exp(LOG_RADIUS_SCALE * strokes[..., SIZE, None])
    point = (config.position_step / CANVAS_SIZE) * radius.expand(-1, -1, 2)
    one = torch.ones_like(radius)
    color = (config.color_step * one).expand(-1, -1, 3)
    return torch.cat(
        [config.pressure_step * one, config.size_step * one, point, point, color, point, config.pressure_step * one], -1
    )


def stack_gradient(strokes: Tensor, canvas: Tensor, slope: Slope, proxy: ProxyPainter) -> Tensor:
    """Gradient (B, T, 12) to strokes of what has a slope in the canvas (B, 3, P) with them on it."""
    drawn = proxy.draw(strokes.flatten(0, 1))
    coverage = 1 - drawn.transmittance.view(*strokes.shape[:2], -1)
    painted, above, _ = composite_forward(canvas, coverage, strokes[..., COLOR])
    error = slope(painted)
    coverage_gradient = composite_backward(error, canvas, coverage, strokes[..., COLOR], above)
    color = (coverage * above) @ error.mT
    gradient = proxy.gradient(drawn, coverage_gradient.view_as(drawn.transmittance)).view_as(strokes)
    return torch.cat([gradient[..., : COLOR.start], color, gradient[..., COLOR.stop :]], -1)
