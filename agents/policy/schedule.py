"""How many strokes a policy lays at a time."""

STROKES_PER_STEP = (1, 2, 3, 4, 5, 6, 8, 16)
"""What policies were trained for."""

DEFAULT_STROKES_PER_STEP = 4
"""Of a policy that acts in an environment."""

_BUDGET_FACTOR = 1.7
"""So a step lays about as many strokes as the painting takes steps, and looks again often enough."""
_WINDOW_STEPS = 2
"""Windows of a large painting are looked at so often; there are hundreds of them."""


def strokes_per_step(stroke_budget: int) -> int:
    """How many strokes to lay at once: at most about as many as a painting takes steps."""
    return max(step for step in STROKES_PER_STEP if step == 1 or step**2 <= _BUDGET_FACTOR * stroke_budget)


def window_strokes_per_step(strokes: int) -> int:
    """The same in a window of a large painting that gets ``strokes`` in one pass."""
    return max(step for step in STROKES_PER_STEP if step == 1 or _WINDOW_STEPS * step <= strokes)
