"""How many strokes a policy lays at a time."""

from .config import ScheduleConfig

DEFAULT_STROKES_PER_STEP = 4
"""Of a policy for stable-baselines3: what agents lay at a time in a painting of 23 to 31 strokes."""


def strokes_per_step(stroke_budget: int, config: ScheduleConfig | None = None) -> int:
    """How many strokes to lay at once: more in longer paintings, which take more steps all the same.

    Args:
        stroke_budget: strokes of the painting, 1 or more.
        config: what is chosen from, and how.
    """
    config = config or ScheduleConfig()
    most = config.budget_factor * stroke_budget
    return max(step for step in config.strokes_per_step if step == 1 or step**1.5 <= most)


def window_strokes_per_step(strokes: int, config: ScheduleConfig | None = None) -> int:
    """The same in a window of a large painting that gets ``strokes`` in one pass."""
    config = config or ScheduleConfig()
    return max(step for step in config.strokes_per_step if step == 1 or config.window_steps * step <= strokes)
