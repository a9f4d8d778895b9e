"""What the proxy renderer knows of a brush: four numbers, fitted to a painter of it. Nothing here paints."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ProxyParameters:
    """What the proxy does not take from MyPaint's law, fitted to a painter's coverage: ``paintgym fit proxy``.

    A Gaussian has the variance (radius * exp(log_width + width_by_pressure * pressure))^2 for the brush, in pixels
    squared, and as much optical density as exp(log_density) * (pressure + 1e-4)^pressure_power gives each radius of
    path. Pressure is MyPaint's, in [0, 0.8]. For a fit the four may be tensors of no dimensions, which autograd then
    differentiates.
    """

    log_width: float | Tensor = -0.757
    """ln of the ribbon's standard deviation in radii of the brush, at no pressure."""
    width_by_pressure: float | Tensor = 0.765
    """How much one unit of pressure adds to it: dabs scatter the more, the harder the brush is pressed."""
    log_density: float | Tensor = 0.632
    """ln of the optical density of a radius of path at a pressure of 1."""
    pressure_power: float | Tensor = 0.635
    """Power of pressure that density grows by."""


DEFAULT_RIBBON = ProxyParameters()
"""Of ``classic/dry_brush``."""
