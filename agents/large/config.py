"""Settings of large paintings and of films. Only numbers: reading them does not wait for torch."""

from dataclasses import dataclass

from ...checks import check_number, check_positive
from ...errors import InvalidInputError


@dataclass(frozen=True)
class PlanConfig:
    """Which windows a picture is painted through, and how the strokes are shared out among them (``plan``)."""

    level_ratio: float = 2.0
    """How many times larger the windows of a level are, a side, than those of the next; above 1."""
    strokes_exponent: float = 0.6
    """A level's part of the strokes grows as its number of windows to this power: coarse levels need few, but some."""
    windows_per_stroke: float = 0.5
    """A level with more windows than this for each of its strokes is left out."""
    window_distance: float = 0.9
    """Windows of a pass are this far apart, in parts of their side: so they hardly overlap, and share a batch."""

    def __post_init__(self) -> None:
        if check_number("level_ratio", self.level_ratio) <= 1:
            raise InvalidInputError(f"level_ratio is {self.level_ratio}, expected a number above 1")
        check_number("strokes_exponent", self.strokes_exponent)
        check_positive("windows_per_stroke", self.windows_per_stroke)
        check_positive("window_distance", self.window_distance)


@dataclass(frozen=True)
class ReuseConfig:
    """Which strokes of a film's frame the next frame begins with (``reuse``). Colors and changes are in [0, 1]."""

    largest_change: float = 0.04
    """Mean absolute change of the picture under a stroke that the stroke outlives."""
    largest_drift: float = 0.04
    """How far the painting's mean color under a stroke may be from the picture's: slow changes add up."""
    drift_step: float = 0.002
    """Strokes that are farther off stay where they came no nearer to the limit than this since the frame before."""
    least_contribution: float = 1.5
    """Where something changes, strokes go that lower the error by less than this, times the error left for each."""
    least_coverage: float = 0.002
    """Half a level of 8 bits: less ink is not looked at."""
    batch_size: int = 512
    """Strokes that are rendered at a time: bounds memory."""
