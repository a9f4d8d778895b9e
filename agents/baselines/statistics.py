"""Scores over seeds: interquartile means with stratified bootstrap intervals, and performance profiles.

After Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", 2021.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE, RESAMPLES = 0.95, 2_000
_TRIM = 0.25


def interquartile_mean(values: NDArray[np.float64]) -> float:
    """The mean of the middle half."""
    return float(stats.trim_mean(values, _TRIM, axis=None))


def bootstrap(groups: Sequence[NDArray[np.float64]], seed: int = 0) -> tuple[float, float, float]:
    """The interquartile mean of scores of several runs, and its 95 % interval.

    Args:
        groups: of each task, or of one, the scores (runs,) or (runs, targets); runs are resampled within their task.
        seed: of the resampling, 2,000 times.

    Returns:
        The mean, where its interval begins, and where it ends; all the same for a single run.
    """
    joined = np.concatenate([group.ravel() for group in groups])
    middle = interquartile_mean(joined)
    if all(len(group) == 1 for group in groups):
        return middle, middle, middle
    generator = np.random.default_rng(seed)
    resampled = np.stack(
        [
            np.concatenate([group[generator.integers(len(group), size=len(group))].ravel() for group in groups])
            for _ in range(RESAMPLES)
        ]
    )
    means = stats.trim_mean(resampled, _TRIM, axis=1)  # All at once: one by one they took a scoreboard a minute.
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return middle, low, high


def performance_profile(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of scores (runs, targets) above each threshold (N,)."""
    shares: NDArray[np.float64] = (scores.ravel()[:, None] > thresholds).mean(0)
    return shares
