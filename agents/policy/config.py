"""Settings of the policy's planner. Only numbers: reading them does not wait for torch."""

from dataclasses import dataclass, field

from ...checks import check_number, check_positive, check_whole
from ...errors import InvalidInputError
from ..search.config import RefineConfig

HYPOTHESES = 8
"""Strokes that the network proposes at each anchor: the size of its head, so weights depend on it."""


@dataclass(frozen=True)
class ScheduleConfig:
    """How many strokes a policy lays before it looks at the canvas again (``schedule``)."""

    strokes_per_step: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 16)
    """Strokes of a step that are chosen from, 1 among them; policies were trained for these."""
    budget_factor: float = 0.36
    """A step's strokes, to the power 1.5, are at most the painting's strokes times this: 3 of 15, 4 of 30, 16 of 200.
    With 5 and 6 squared error is 5 % larger, with 2 no smaller."""
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
class RevisionConfig:
    """How all strokes of a painting are moved together at its end, and useless ones laid elsewhere (``revision``)."""

    rounds: tuple[int, ...] = (6, 2, 3, 1)
    """How often strokes of least use are laid elsewhere: in paintings of each of the lengths below, and in longer ones.
    So 15 strokes take .05 s, 30 strokes .1 s and 200 strokes .4 s; 0 leaves a painting as it was laid."""
    most_strokes: tuple[int, ...] = (12, 20, 50)
    """Of the paintings with so many rounds."""
    replaced_part: float = 0.1
    """The part of all strokes that is laid elsewhere in a round."""
    refine: RefineConfig = field(
        default_factory=lambda: RefineConfig(
            steps=8,
            position_step=0.27,
            size_step=0.036,
            pressure_step=0.036,
            color_step=0.024,
            mean_decay=0.6,
            square_decay=0.9,
        )
    )
    """How all strokes are moved together: not as far as when they were laid, for each is near to its place."""
    level_steps: int = 6
    """The same steps of all strokes in windows of one size, in large paintings; 0 leaves them as they were laid."""
    level_replaced: float = 0.1
    """The part of the strokes in the smallest windows that is laid elsewhere after that, and moved again."""
    color_rounds: int = 20
    """Rounds of the solution for all colors in closed form; each costs strokes squared."""
    color_ridge: float = 1e-3
    """How much that solution is drawn to the present colors: those of hidden strokes stay where they are."""
    perceptual_rounds: int = 4
    """How often all strokes are moved down a perceptual loss, where one is asked for, after all that; only on small
    canvases. 0 leaves it out."""
    pixel_weight: float = 20.0
    """Of the squared error beside a perceptual loss: a canvas that is off by 0.05 everywhere adds 0.05."""
    together: int = 64
    """Strokes of paintings that are revised side by side on a CPU, whose caches more would leave."""
    together_on_gpu: int = 4096
    """The same on a GPU: bounds memory, of which a stroke takes about 1 MB while its ink is drawn, as its dabs are not
    counted there."""

    def __post_init__(self) -> None:
        for rounds in self.rounds:
            check_whole("rounds", rounds, 0)
        if len(self.rounds) != len(self.most_strokes) + 1 or list(self.most_strokes) != sorted(self.most_strokes):
            raise InvalidInputError(
                f"most_strokes are {self.most_strokes}, expected one less than the rounds {self.rounds}, rising"
            )
        check_positive("replaced_part", self.replaced_part)
        check_whole("color_rounds", self.color_rounds, 0)
        check_whole("level_steps", self.level_steps, 0)
        check_number("level_replaced", self.level_replaced, 0)
        check_whole("perceptual_rounds", self.perceptual_rounds, 0)
        check_positive("pixel_weight", self.pixel_weight)
        check_whole("together", self.together, 1)
        check_whole("together_on_gpu", self.together_on_gpu, 1)

    def paintings_together(self, strokes: int, on_cpu: bool) -> int:
        """How many paintings with so many strokes each are revised side by side.

        Examples:
            >>> RevisionConfig(together=64).paintings_together(15, on_cpu=True)
            4
        """
        return max(1, (self.together if on_cpu else self.together_on_gpu) // strokes)


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
    revision: RevisionConfig = field(default_factory=RevisionConfig)
    """How all of them are moved together at the end."""

    def __post_init__(self) -> None:
        for name in ("anchors", "batch_size", "suppression_window"):
            check_whole(name, getattr(self, name), 1)
        check_whole("top_k", self.top_k, 1, HYPOTHESES)
        check_whole("trial_side", self.trial_side, 8, 64)
        if 64 % self.trial_side or not self.suppression_window % 2:
            raise InvalidInputError(
                f"trial_side is {self.trial_side} and suppression_window {self.suppression_window}, expected 8, 16, "
                "32 or 64, and an odd number"
            )
        for name in ("anchors_per_stroke", "tie_noise"):
            check_number(name, getattr(self, name), 0)
