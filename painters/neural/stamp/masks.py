"""What a dab covers of each pixel: libmypaint 1.6's ``render_dab_mask``, differentiably, and only where it lies.

Checked against the engine's own dabs: they differ by its rounding to 15 bits, 3e-5.
"""

import math

import torch
from torch import Tensor

SMALL = 3.0
"""Radius in pixels below which libmypaint weighs how much of a pixel a dab covers."""
_PIXEL_RADIUS = math.sqrt(1 / math.pi)
"""Of a circle with a pixel's area."""


def round_distance(x: Tensor, y: Tensor, radius: Tensor, small: bool) -> Tensor:
    """Squared distance (M, h, w), in radii, of pixels from round dabs whose axis is upright.

    libmypaint's nearest point of a pixel to a small dab lies at the height of the pixel's middle, its farthest a
    pixel's radius further to the side: both are sums of a column's part and a row's.

    Args:
        x: (M, w) from the dabs' middles to those of columns, in pixels.
        y: (M, h) to those of rows.
        radius: (M,) in pixels.
        small: whether the dabs are smaller than ``SMALL``.
    """
    inverse = radius.square().reciprocal()[:, None]
    rows = y.square() * inverse
    if not small:
        return rows[:, :, None] + (x.square() * inverse)[:, None, :]
    side = (x.abs() - 0.5).clamp(min=0.0)
    near = rows[:, :, None] + (side.square() * inverse)[:, None, :]
    # The pixel that holds the middle is at no distance.
    near = torch.addcmul(near, torch.where(y.abs() < 0.5, rows, 0.0)[:, :, None], _held(x)[:, None, :], value=-1.0)
    more = (2 * side * _PIXEL_RADIUS + _PIXEL_RADIUS**2) * inverse
    start = (1 - radius.reciprocal()).clamp(min=0.0).square()
    return _weighed(near, more[:, None, :], start[:, None, None])


def ellipse_distance(x: Tensor, y: Tensor, radius: Tensor, shape: tuple[Tensor, Tensor, Tensor], small: bool) -> Tensor:
    """Squared distance (M, h, w), in radii, of pixels from dabs of any form.

    Args:
        x: (M, w) from the dabs' middles to those of columns, in pixels.
        y: (M, h) to those of rows.
        radius: (M,) in pixels.
        shape: ratio of the axes (M,), 1 or more, cosine (M,) and sine (M,) of the long axis' angle.
        small: whether the dabs are smaller than ``SMALL``.
    """
    if not small:
        # A column's part and a row's, as far as that goes: the fewest passes over all pixels.
        ratio, cos, sin = (values[:, None] for values in shape)
        inverse = radius.reciprocal()[:, None]
        across = (y * (cos * ratio * inverse))[:, :, None] - (x * (sin * ratio * inverse))[:, None, :]
        along = (y * (sin * inverse))[:, :, None] + (x * (cos * inverse))[:, None, :]
        return torch.addcmul(across.square(), along, along)
    ratio, cos, sin = (values[:, None, None] for values in shape)
    inverse = radius.square().reciprocal()[:, None, None]
    x, y = x[:, None, :], y[:, :, None]
    # The nearest point: the pixel's middle, thrown upon the long axis, or the border of the pixel before it.
    along = x * cos + y * sin
    inside = _held(x) * _held(y)
    near_x = torch.minimum(torch.maximum(along * cos, x - 0.5), x + 0.5) * (1 - inside)
    near_y = torch.minimum(torch.maximum(along * sin, y - 0.5), y + 0.5) * (1 - inside)
    near = _squared(near_x, near_y, ratio, cos, sin) * inverse
    # The farthest: a pixel's radius from it across the axis, on the side of the pixel's middle; libmypaint measures
    # from the pixel to the dab, and takes the side from the point (cos, -sin).
    sign = _PIXEL_RADIUS * (2 * (cos * (y - sin) - (x + cos) * sin < 0).to(x) - 1)
    far = _squared(near_x + sign * sin, near_y - sign * cos, ratio, cos, sin) * inverse
    start = ((1 - radius.reciprocal()).clamp(min=0.0).square() / shape[0])[:, None, None]
    return _weighed(near, far - near, start)


def _held(offset: Tensor) -> Tensor:
    return (offset.abs() < 0.5).to(offset)


def _squared(x: Tensor, y: Tensor, ratio: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    across, along = (y * cos - x * sin) * ratio, y * sin + x * cos
    return across.square() + along.square()


def _weighed(near: Tensor, more: Tensor, start: Tensor) -> Tensor:
    """What the squared distance of a pixel counts as: ``calculate_rr_antialiased``.

    Args:
        near: of its nearest point.
        more: by how much that of its farthest is larger.
        start: up to where the farthest lies in the dab's inner part.
    """
    share = 1 / (1 + more)
    edge = torch.addcmul(1 - share, near, share)
    return torch.where(near < start - more, near + more / 2, edge)


def faded(distance: Tensor, hardness: Tensor, opacity: Tensor, most: float) -> Tensor:
    """Opacity (M, h, w) in [0, most] by squared distance: a line from the middle to ``hardness``, one from there to 1.

    Args:
        distance: (M, h, w) squared, in radii.
        hardness: (M,) in [0, 1].
        opacity: (M,) in the middle.
        most: what is left of a larger one.
    """
    soft = hardness.clamp(1e-4, 1 - 1e-4)
    outer = opacity * soft / (1 - soft)
    opacity, inner, outer, soft = (values[:, None, None] for values in (opacity, opacity * (1 - 1 / soft), outer, soft))
    lines = torch.where(
        distance <= soft, torch.addcmul(opacity, distance, inner), torch.addcmul(outer, distance, outer, value=-1.0)
    )
    return lines.clamp(0.0, most)


def fade(distance: Tensor, hardness: Tensor, opacity: Tensor) -> Tensor:
    """What ``faded`` gives, in the place of the distances, which are lost; nothing is followed for gradients.

    Args:
        distance: (M, h, w) squared, in radii.
        hardness: (M,) in [0, 1].
        opacity: (M,) in the middle.
    """
    soft = hardness.clamp(1e-4, 1 - 1e-4)
    outer = opacity * soft / (1 - soft)
    opacity, inner, outer, soft = (values[:, None, None] for values in (opacity, opacity * (1 - 1 / soft), outer, soft))
    beyond = torch.addcmul(outer, distance, outer, value=-1.0)
    # Two lines that bend up leave the larger, two that bend down the smaller.
    bent_up = bool((soft <= 0.5).all())
    if bent_up or bool((soft >= 0.5).all()):
        within = torch.addcmul(opacity, distance, inner, out=distance)
        (torch.maximum if bent_up else torch.minimum)(within, beyond, out=within)
    else:
        within = torch.where(distance <= soft, torch.addcmul(opacity, distance, inner), beyond)
    return within.clamp_(min=0.0)
