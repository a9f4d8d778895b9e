"""Settings of the policy's planner. Only numbers: reading them does not wait for torch."""

from dataclasses import dataclass, field

from ..search.config import RefineConfig


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
    refine: RefineConfig = field(default_factory=RefineConfig)
    """How the selected strokes are moved before they are laid."""
