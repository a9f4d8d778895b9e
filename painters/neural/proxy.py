"""The proxy renderer: ink without grain, from four parameters, ten times faster than the GAN painter with gradients.

Nothing is painted with it, but strokes are tried and moved in it, and policies learn by its gradients. The brush
jitters every dab, so that the gradient of its exact ink tells how the grain would shift as loudly as how the stroke
should. The proxy follows the Bezier curve with Gaussians whose optical densities add up, as ``splat`` explains.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..modes import multiply, product, rounds_factors
from ..painter import Painter
from ..ribbon import ProxyParameters
from ..stroke import (
    CANVAS_SIZE,
    CONTROL,
    END,
    END_PRESSURE,
    ENTRY_PRESSURE,
    LOG_RADIUS_SCALE,
    PRESSURE_SCALE,
    SIZE,
    START,
    STROKE_LENGTH,
)

_GAUSSIANS = 24
"""For each stroke: enough that the longest is a ribbon and no row of beads, as every Gaussian has the spread below."""
_SPREAD = 0.35
"""Standard deviation that a piece of path adds along and across, as a part of its length: it has no direction here."""
_LEAST_LOG2_DENSITY = math.log2(1e-9)
"""log2 of a Gaussian's optical density: below, a stroke of no pressure would have an infinite logarithm."""
_FLOOR = -36.0
"""log2 of what a profile fades to: far below a level of paint, far above the denormal numbers that slow CPUs down."""
_LEAST_PRESSURE = 1e-4
"""Added to pressure under its logarithm, so that the slope stays finite where the pen only touches the paper."""
_LEAST_SPEED = 1e-6
"""Pixels in the time of a stroke: strokes of no length keep finite gradients."""

_SPREAD_BY_SPEED = (_SPREAD / _GAUSSIANS) ** 2
"""Square pixels of spread for each square pixel in the time of a stroke."""
_LOG2_E = 1 / math.log(2)
"""Powers of two take a fifth of the time of powers of e."""


@dataclass(frozen=True)
class ProxyInk:
    """Strokes as the proxy sees them, M Gaussians for each: their coverage, and what its gradient needs.

    Attributes:
        transmittance: (N, side, side) in [0, 1], one minus coverage.
        standardized_offset: (N, 2, M, side) from each Gaussian's middle to every column and every row; its square is
            the power of one half that they get.
        separable_profiles: (N, 2, M, side) what columns and rows get of each Gaussian.
        velocity: (N, 2, M) along x and y, pixels in the time of a stroke.
        squared_speed: (N, M).
        pressure: (N, M) in [0, 0.8].
        brush_variance: (N, M) variance of the brush alone, in pixels squared.
        precision: (N, M) one over the variance of a Gaussian in a pixel of ``transmittance``.
        scale: (N, M) what pixels are multiplied by for ``standardized_offset``.
    """

    transmittance: Tensor
    standardized_offset: Tensor
    separable_profiles: Tensor
    velocity: Tensor
    squared_speed: Tensor
    pressure: Tensor
    brush_variance: Tensor
    precision: Tensor
    scale: Tensor


class ProxyPainter(Painter):
    """Coverage of strokes as a smooth ribbon: about 25 dB from the GAN painter's, which adds the brush's grain.

    Autograd differentiates it. ``draw`` and ``gradient`` do without: quicker, and also where gradients are switched
    off or a graph is exported.

    Args:
        parameters: how wide and how dense its ribbons are.

    Examples:
        >>> strokes = torch.full((1, 12), 0.5)
        >>> strokes[:, 4:6], strokes[:, 9:11] = 0.9, 0.1
        >>> narrow, wide = (ProxyPainter(ProxyParameters(log_width=width))(strokes).mean() for width in (-1.0, 0.0))
        >>> bool(narrow < wide)
        True
    """

    architecture = "proxy"
    name = "proxy"
    slopes: Tensor
    offsets: Tensor
    adjoint: Tensor

    def __init__(self, parameters: ProxyParameters | None = None) -> None:
        super().__init__()
        self.ribbon = parameters or ProxyParameters()
        slopes, offsets = _path_of_numbers(self.ribbon)
        by_two = torch.ones(7, 1, dtype=torch.float32)
        by_two[5:] = _LOG2_E
        self.register_buffer("slopes", (slopes * by_two).flatten(1), persistent=False)
        self.register_buffer("offsets", (offsets * by_two).flatten(), persistent=False)
        self.register_buffer("adjoint", slopes.flatten(1).T / _LOG2_E, persistent=False)

    def _weight(self) -> Tensor:
        return self.slopes

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        return 1 - self.draw(strokes).transmittance[:, None]

    def draw(self, strokes: Tensor, side: int = CANVAS_SIZE) -> ProxyInk:
        """Strokes (N, 12) in [0, 1] on a canvas of ``side`` x ``side`` pixels, which shows as much as that of 64x64."""
        path = self._path(strokes)
        place, velocity = path[:, :2], path[:, 2:4]
        pressure, log_brush_variance, log_density = path[:, 4:].unbind(1)
        squared_speed = velocity.square().sum(1).clamp(min=_LEAST_SPEED**2)
        brush_variance = torch.exp2(log_brush_variance)
        pixel = CANVAS_SIZE / side
        variance = torch.add(brush_variance + (pixel**2 - 1) / 12, squared_speed, alpha=_SPREAD_BY_SPEED)
        precision = variance.reciprocal()
        log_density = self._add_power(log_density + log_brush_variance, torch.log2(pressure + _LEAST_PRESSURE))
        log_height = torch.add(log_density, torch.log2(squared_speed * precision.square()), alpha=0.5)
        heights = torch.stack([torch.zeros_like(log_height), log_height.clamp(min=_LEAST_LOG2_DENSITY)], 1)
        scale = (precision * (0.5 * _LOG2_E)).sqrt()
        centers = pixel * torch.arange(0.5, side, dtype=strokes.dtype, device=strokes.device)
        standardized_offset = (centers - place[..., None]) * scale[:, None, :, None]
        separable_profiles = (heights[..., None] - standardized_offset.square()).clamp_(min=_FLOOR).exp2_()
        columns, rows = separable_profiles.unbind(1)
        transmittance = product(rows.mT, columns).neg_().exp2_()
        return ProxyInk(
            transmittance,
            standardized_offset,
            separable_profiles,
            velocity,
            squared_speed,
            pressure,
            brush_variance,
            precision,
            scale,
        )

    def _path(self, strokes: Tensor) -> Tensor:
        """(N, 7, M) numbers of the Gaussians that are linear in strokes (N, 12)."""
        if rounds_factors(strokes):
            path = (self.offsets.double() + strokes.double() @ self.slopes.double()).to(strokes.dtype)
        else:
            path = torch.addmm(self.offsets, strokes, self.slopes)
        return path.view(len(strokes), -1, _GAUSSIANS)

    def _add_power(self, log_density: Tensor, log_pressure: Tensor) -> Tensor:
        power = self.ribbon.pressure_power
        if isinstance(power, Tensor):
            return log_density + power * log_pressure
        return torch.add(log_density, log_pressure, alpha=power)

    def gradient(self, drawn: ProxyInk, coverage: Tensor) -> Tensor:
        """The chain rule by hand.

        Args:
            drawn: of N strokes.
            coverage: (N, side, side) gradient of some loss to their coverage.

        Returns:
            (N, 12) gradient of that loss to the strokes; 0 for colors.
        """
        # Over ln(2), for which ``adjoint`` makes up: the powers are of two.
        density = coverage * drawn.transmittance
        columns, rows = drawn.separable_profiles.unbind(1)
        exponent = torch.stack([product(rows, density), product(columns, density.mT)], 1).mul_(drawn.separable_profiles)
        log_height = exponent[:, 1].sum(-1)
        moments = exponent.mul_(drawn.standardized_offset)
        place = moments.sum(-1) * (drawn.scale * (2 / _LOG2_E))[:, None]
        squares = moments.mul_(drawn.standardized_offset).sum((1, 3))
        variance = (squares / _LOG2_E - log_height) * drawn.precision
        log_brush_variance = torch.addcmul(log_height, variance, drawn.brush_variance)
        along = torch.add(log_height / drawn.squared_speed, variance, alpha=2 * _SPREAD_BY_SPEED)
        pressure = self.ribbon.pressure_power * log_height / (drawn.pressure + _LEAST_PRESSURE)
        path = [place, along[:, None] * drawn.velocity, torch.stack([pressure, log_brush_variance, log_height], 1)]
        return multiply(torch.cat(path, 1).flatten(1), self.adjoint)


def _path_of_numbers(parameters: ProxyParameters) -> tuple[Tensor, Tensor]:
    """What is linear in a stroke's twelve numbers, as slopes (12, 7, M) and offsets (7, M).

    For every Gaussian: x, y, its velocity along both, pressure, ln of the variance of the brush alone, ln of density.
    """
    time = (torch.arange(_GAUSSIANS, dtype=torch.float32) + 0.5) / _GAUSSIANS
    slopes = torch.zeros(STROKE_LENGTH, 7, _GAUSSIANS, dtype=torch.float32)
    offsets = torch.zeros(7, _GAUSSIANS, dtype=torch.float32)
    # The quadratic Bezier curve through start, control (at t = 0.5) and end, and its derivative.
    place = (1 - time) * (1 - 2 * time), 4 * time * (1 - time), time * (2 * time - 1)
    velocity = 4 * time - 3, 4 - 8 * time, 4 * time - 1
    for point, share, change in zip((START, CONTROL, END), place, velocity, strict=True):
        for axis, number in enumerate(range(point.start, point.stop)):
            slopes[number, axis], slopes[number, 2 + axis] = CANVAS_SIZE * share, CANVAS_SIZE * change
    # Pressure is level in the middle half, linear before and after.
    end = 0.5 * ((4 * time).clamp(max=1) + (4 * time - 3).clamp(min=0))
    slopes[ENTRY_PRESSURE, 4], slopes[END_PRESSURE, 4] = PRESSURE_SCALE * (1 - end), PRESSURE_SCALE * end
    slopes[SIZE, 5], slopes[SIZE, 6] = 2 * LOG_RADIUS_SCALE, -LOG_RADIUS_SCALE
    slopes[:, 5] += 2 * parameters.width_by_pressure * slopes[:, 4].clone()
    # The last term: transmittance is two to the power of minus the density.
    offsets[5] = 2 * parameters.log_width
    offsets[6] = parameters.log_density - math.log(_GAUSSIANS) + math.log(_LOG2_E)
    return slopes, offsets
