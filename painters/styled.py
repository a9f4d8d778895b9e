"""A painter before which strokes keep a style."""

from torch import Tensor

from .painter import Painter, StrokeFunction, as_painter
from .raster import Raster
from .style import Style


class StyledPainter(Painter):
    """A painter before which strokes keep a style, so that who optimizes through it knows the limits.

    Args:
        painter: the painter of a name, strokes (N, 12) in [0, 1] to coverage (N, 1, 64, 64).
        style: the limits.
    """

    architecture = "styled"

    def __init__(self, painter: Painter | StrokeFunction, style: Style) -> None:
        super().__init__()
        self.painter = as_painter(painter)
        self.style = style
        self.name, self.brush, self.ribbon = self.painter.name, self.painter.brush, self.painter.ribbon

    def coverage(self, strokes: Tensor) -> Tensor:
        """Coverage (N, 1, 64, 64) in [0, 1] of strokes (N, 12) in [0, 1]."""
        coverage: Tensor = self.painter(self.style.shape(strokes))
        return coverage

    def reduced(self, strokes: Tensor, side: int) -> Tensor:
        """Coverage (N, 1, s, s) of strokes (N, 12) for smaller canvases, as the painter reduces them."""
        return self.painter.reduced(self.style.shape(strokes), side)

    def sample(self, strokes: Tensor, raster: Raster) -> Tensor:
        """Coverage (N, 1, H, W) in [0, 1] of strokes (N, 12) on any raster, as the painter samples them."""
        return self.painter.sample(self.style.shape(strokes), raster)


def styled(painter: Painter, style: Style) -> Painter:
    """A painter to decide strokes by: with the style's limits, where it has any."""
    return StyledPainter(painter, style) if style.limits else painter
