"""Moving strokes a little before they are laid, so that they fit: a few steps down the gradient, in the draft.

The strokes of one step are moved together; what was laid before stays. For thousands of steps on whole paintings there
is ``gradient``.
"""

import torch
from torch import Tensor

from ...painters.canvas import lay, lay_gradient
from ...painters.neural.proxy import DraftPainter
from ...painters.stroke import CANVAS_SIZE, COLOR, LOG_RADIUS_SCALE, SIZE

_POSITION = 0.45
"""How far the first step moves a point, in radii of the stroke; shorter strokes are more easily lost."""
_SIZE, _PRESSURE, _COLOR = 0.06, 0.06, 0.04
_MEAN_DECAY, _SQUARE_DECAY = 0.3, 0.8
_LEAST, _LEAST_PART = 1e-3, 0.03
"""Gradients count as no less than this, and this part of the stroke's largest: rounding errors would be magnified."""
_EDGE = 0.001


def polish(strokes: Tensor, canvas: Tensor, target: Tensor, draft: DraftPainter, steps: int) -> Tensor:
    """Lower the squared error of a canvas on which strokes are to be laid.

    Adam (Kingma and Ba, 2015) with shorter and shorter steps; the first are in proportion to a stroke's size.

    Args:
        strokes: (B, T, 12) in [0, 1], T >= 1, in painting order.
        canvas: (B, 3, 64, 64) in [0, 1].
        target: (B, 3, 64, 64) in [0, 1].
        draft: whose ink is taken for the strokes'.
        steps: how many; 0 leaves the strokes as they are.

    Returns:
        (B, T, 12) in [0, 1].
    """
    canvas, target = canvas.flatten(2), target.flatten(2)
    scale = _scale(strokes)
    mean, square = torch.zeros_like(strokes), torch.zeros_like(strokes)
    for step in range(steps):
        gradient = _gradient(strokes, canvas, target, draft) * scale
        mean = torch.lerp(gradient, mean, _MEAN_DECAY)
        square = torch.lerp(gradient.square(), square, _SQUARE_DECAY)
        likely = square.sqrt() / (1 - _SQUARE_DECAY ** (step + 1)) ** 0.5
        likely = torch.add(likely + _LEAST, likely.amax(-1, keepdim=True), alpha=_LEAST_PART)
        rate = (1 - step / steps) / (1 - _MEAN_DECAY ** (step + 1))
        strokes = (strokes - rate * scale * mean / likely).clamp(_EDGE, 1 - _EDGE)
    return strokes


def _scale(strokes: Tensor) -> Tensor:
    """How far each number (B, T, 12) may move in a step."""
    radius = torch.exp(LOG_RADIUS_SCALE * strokes[..., SIZE, None])
    point = (_POSITION / CANVAS_SIZE) * radius.expand(-1, -1, 2)
    one = torch.ones_like(radius)
    color = (_COLOR * one).expand(-1, -1, 3)
    return torch.cat([_PRESSURE * one, _SIZE * one, point, point, color, point, _PRESSURE * one], -1)


def _gradient(strokes: Tensor, canvas: Tensor, target: Tensor, draft: DraftPainter) -> Tensor:
    """Gradient (B, T, 12) of the summed squared error between canvas, with strokes on it, and target, (B, 3, P)."""
    drawn = draft.draw(strokes.flatten(0, 1))
    coverage = 1 - drawn.keep.view(*strokes.shape[:2], -1)
    painted, above, _ = lay(canvas, coverage, strokes[..., COLOR])
    error = 2 * (painted - target)
    ink = lay_gradient(error, canvas, coverage, strokes[..., COLOR], above)
    color = (coverage * above) @ error.mT
    gradient = draft.gradient(drawn, ink.view_as(drawn.keep)).view_as(strokes)
    return torch.cat([gradient[..., : COLOR.start], color, gradient[..., COLOR.stop :]], -1)
