"""Settings of the policy's planner. Only numbers: reading them does not wait for torch."""

from dataclasses import dataclass, field

from ...checks import check_positive, check_whole
from ...errors import InvalidInputError
from ..search.config import RefineConfig


@dataclass(frozen=True)
class ScheduleConfig:
    """How many strokes a policy lays before it looks at the canvas again (``schedule``)."""

    strokes_per_step: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 16)
    """Strokes of a step that are chosen from, 1 among them; policies were trained for these."""
    budget_factor: float = 1.7
    """A step's strokes squared are at most the painting's strokes times this: a step lays about as many strokes as
    there are steps, and the policy looks again often enough."""
    window_steps: int = 2
    """Windows of a large painting are looked at so often, where they get strokes enough; there are hundreds of them."""
    batch_size: int = 64
    """Canvases that advance together: bounds memory, which grows with all that is tried on them."""

    def __post_init__(self) -> None:
        if 1 not in self.strokes_per_step:
            raise InvalidInputError(f"strokes_per_step are {self.strokes_per_step}, expected 1 among them")
        for strokes in self.strokes_per_step:
            check_whole("strokes_per_step", strokes, 1)
        check_positive("budget_factor", self.budget_factor)
        check_whole("window_steps", self.window_steps, 1)
        check_whole("batch_size", self.batch_size, 1)


@dataclass(frozen=True)
class PlannerConfig:
    """How the strokes that the network proposes are tried, selected and refined (``planner``)."""

    anchors: int = 6
    """Places that are looked at for a decision, and more for each stroke that is laid:"""
    anchors_per_stroke: float = 1.5
    """places for each stroke of the decision. More find little that these miss."""
    top_k: int = 4
    """Proposals of each anchor, of its eight, that matching pursuit selects from: those that would gain most alone.
    With all eight it takes twice as long and selects nearly the same."""
    trial_side: int = 32
    """Proposals are tried on a canvas of this side, in pixels: a quarter of the time of 64."""
    batch_size: int = 32
    """Strokes decided at a time on a CPU: what more of them are tried on does not fit into its cache."""
    suppression_window: int = 5
    """An anchor is the largest error of so many cells of 2x2 pixels a side; an odd number."""
    tie_noise: float = 0.02
    """On bare paper before an even target all errors are equal: a fixed pattern, a part of each error this large, tells
    where to start."""
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """How many strokes are decided on at a time."""
    refine: RefineConfig = field(default_factory=RefineConfig)
    """How selected strokes are moved before they are laid."""
