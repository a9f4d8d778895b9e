"""How figures are spread over pictures, and how sure their means are. What the figures are, this does not know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
"""Draws of a bootstrap; both stand in the report."""
CONFIDENCE = 0.95
"""Of its intervals."""

_BLOCK = 2_000_000
"""Numbers that are drawn at a time: bounds memory."""


@dataclass(frozen=True)
class SummaryStatistics:
    """One figure over many pictures.

    Attributes:
        pictures: how many.
        mean: of them all.
        low: where the 95 % bootstrap interval of the mean begins.
        high: where it ends.
        median: half are below.
        lower_quartile: a quarter are below.
        upper_quartile: three quarters are below.
    """

    pictures: int
    mean: float
    low: float
    high: float
    median: float
    lower_quartile: float
    upper_quartile: float


def summarize(values: Sequence[float]) -> SummaryStatistics:
    """Sum up one figure over pictures, at least one."""
    low, high = bootstrap_interval(values)
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return SummaryStatistics(len(values), float(np.mean(values)), low, high, median, lower, upper)


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean, by the percentile bootstrap over pictures (Efron, 1979).

    Pictures are drawn with replacement 10,000 times, always by the same random numbers.
    """
    sample = np.asarray(values, np.float64)
    low, high = np.quantile(_resampled_means(sample), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return low, high


def _resampled_means(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    generator = np.random.default_rng(0)
    rows = max(1, _BLOCK // len(sample))
    blocks = [min(rows, RESAMPLES - first) for first in range(0, RESAMPLES, rows)]
    return np.concatenate([sample[generator.integers(len(sample), size=(row, len(sample)))].mean(1) for row in blocks])
