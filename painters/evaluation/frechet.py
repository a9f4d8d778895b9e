"""Whether a painter's strokes, taken together, are distributed like the real brush's: a Frechet distance on statistics.

Pixel figures punish grain that lies a pixel off more than no grain at all. This one compares how often strokes of each
kind occur, so that smooth ink is found out although its pixels are near the average.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ..stroke import CANVAS_SIZE

_BATCH = 256
"""Strokes at a time, 8 MB in float64; figures do not depend on it."""
_BANDS = 4
"""Of the Laplacian pyramid: from grain to the width of a brush."""
_TONES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Coverage above which pixels are counted."""
_LEAST_ENERGY = 1e-6
"""Mean square of a band that is added under the logarithm: a level of 255 over a fifteenth of the canvas."""
_LEAST_COVERAGE = 1e-6
"""Summed coverage that is added where is divided by it: strokes may leave none."""


def stroke_statistics(coverage: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float64]:
    """What kind of stroke each is, in 17 numbers.

    - ink: its mean coverage (1);
    - moments: where the ink's center lies (2), and its variances and covariance about it (3), in canvas sides;
    - tone: the share of the canvas covered by more than 0.05, 0.25, 0.5, 0.75 and 0.95 (5);
    - edges: ln(mean square + 1e-6) of four bands, 1, 2, 4 and 8 pixels wide, of a Laplacian pyramid (4), and of the
      differences of neighbors across and down (2).

    Args:
        coverage: (N, 64, 64), floats in [0, 1] or uint8, of which 255 is opaque.

    Returns:
        (N, 17).
    """
    parts = [
        _statistics(torch.from_numpy(coverage[first : first + _BATCH])) for first in range(0, len(coverage), _BATCH)
    ]
    return torch.cat(parts).numpy()


def _statistics(coverage: Tensor) -> Tensor:
    coverage = coverage.double() / 255 if coverage.dtype == torch.uint8 else coverage.double()
    mass = coverage.mean((1, 2))
    share = coverage / (coverage.sum((1, 2), keepdim=True) + _LEAST_COVERAGE)
    place = (torch.arange(CANVAS_SIZE, dtype=torch.float64) + 0.5) / CANVAS_SIZE - 0.5
    across, down = share.sum(1), share.sum(2)
    x, y = across @ place, down @ place
    variance_x = (across * (place - x[:, None]).square()).sum(1)
    variance_y = (down * (place - y[:, None]).square()).sum(1)
    covariance = torch.einsum("nij,i,j->n", share, place, place) - x * y
    tones = [(coverage > tone).double().mean((1, 2)) for tone in _TONES]
    edges = []
    finer = coverage[:, None]
    for _ in range(_BANDS):
        coarser = avg_pool2d(finer, 2)
        edges.append(finer - interpolate(coarser, scale_factor=2, mode="bilinear"))
        finer = coarser
    edges += [coverage.diff(dim=2)[:, None], coverage.diff(dim=1)[:, None]]
    energies = [torch.log(edge.square().mean((1, 2, 3)) + _LEAST_ENERGY) for edge in edges]
    return torch.stack([mass, x, y, variance_x, variance_y, covariance, *tones, *energies], 1)


def frechet_distance(real: NDArray[np.float64], neural: NDArray[np.float64]) -> float:
    """|m - n|^2 + trace(S + T - 2 (S T)^(1/2)) for Gaussians of means m, n and covariances S, T; 0 if they are equal.

    The distance that the Frechet inception distance (Heusel et al., "GANs Trained by a Two Time-Scale Update Rule",
    2017) takes between features of pictures, here between ``stroke_statistics``. Each is first divided by its standard
    deviation over the real strokes, so that the distance has no unit: 1 is one statistic off by one deviation.

    Args:
        real: (N, D) of the real strokes, N at least 2.
        neural: (M, D) of the painter's.
    """
    scale = real.std(0) + 1e-12
    mine, other = (real - real.mean(0)) / scale, (neural - real.mean(0)) / scale
    means = np.square(mine.mean(0) - other.mean(0)).sum()
    first, second = (np.cov(part, rowvar=False) for part in (mine, other))
    # trace((S T)^(1/2)) from a symmetric matrix of the same eigenvalues, S^(1/2) T S^(1/2).
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    crossed = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    return float(max(0.0, means + np.trace(first) + np.trace(second) - 2 * crossed))
