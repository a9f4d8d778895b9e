"""How many batches a step of training takes the mean of: what learning rates are then, and what changing it means."""

import math
import warnings
from typing import Literal

LearningRateRule = Literal["sqrt", "linear", "none"]
"""How learning rates grow with the batches that a step takes the mean of: as their root, as their number, not at all.

The root is what Adam's steps want (Malladi et al., "On the SDEs and scaling rules for adaptive gradient algorithms",
2022); the number is the rule for plain gradient descent.
"""

History = list[list[int]]
"""How many batches the steps of a training took the mean of: from which step, and how many, over and over."""


def learning_rate_factor(rule: LearningRateRule, batches: int) -> float:
    """How many times as high learning rates are where a step takes the mean of so many batches.

    Examples:
        >>> [learning_rate_factor(rule, 4) for rule in ("sqrt", "linear", "none")]
        [2.0, 4.0, 1.0]
    """
    return {"sqrt": math.sqrt(batches), "linear": float(batches), "none": 1.0}[rule]


def gone_on(history: History, step: int, batches: int, rule: LearningRateRule, aloud: bool = True) -> History:
    """The history of a training that goes on at a step with so many batches.

    Warns:
        UserWarning: they are not as many as before; it says what that changes. Of several processes one is ``aloud``.
    """
    before = history[-1][1]
    if batches == before:
        return history
    longer = [*history, [step, batches]]
    if not aloud:
        return longer
    factor = learning_rate_factor(rule, batches) / learning_rate_factor(rule, before)
    warnings.warn(
        f"from step {step} on a step takes the mean of {batches} batches instead of {before}, as many as processes "
        f"have together, and learning rates are {factor:.3g} times as high: the weights will not be those of a run "
        "that was not interrupted",
        stacklevel=2,
    )
    return longer


def as_card(history: History) -> dict[str, int]:
    """A history as cards have it, for people to read.

    Examples:
        >>> as_card([[0, 2], [500, 3]])
        {'from step 0': 2, 'from step 500': 3}
    """
    return {f"from step {step}": batches for step, batches in history}
