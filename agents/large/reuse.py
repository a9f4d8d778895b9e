"""Frames of a film that do not flicker: which strokes of a frame the next one begins with.

How the strokes that it lacks are laid is in ``canvas``.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...envs.pictures import Picture
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.stroke_list import StrokeList
from ...painters.windows import paint_list, view
from .config import ReuseConfig
from .contribution import stroke_contributions

_INKLESS = 1e-6
"""Pixels that a stroke is taken to cover at least: strokes without ink have no mean color under them."""


@torch.no_grad()
def reuse_strokes(
    before: StrokeList, old: Picture, new: Picture, painter: Painter, config: ReuseConfig | None = None
) -> StrokeList:
    """The strokes of a frame that still fit the next one, which may begin with them.

    Args:
        before: the painting of the frame before.
        old: (H, W, 3) uint8, that frame, at the size of the painting.
        new: (H, W, 3) uint8, the next frame.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).
        config: what fits.
    """
    config = config or ReuseConfig()
    painted = paint_list(before, painter)
    reference, target = (to_tensor(frame, painted.device)[0] for frame in (old, new))
    fits = _find_fitting(before, painted, reference, target, painter, config)
    if not fits.all():
        # What is painted now may lie on others, which then do nothing: a film would fill with them.
        contributions = stroke_contributions(before, painter, target, config.least_coverage).cpu().numpy()
        error = float((painted - reference).square().sum())
        fits &= contributions > config.least_contribution * error / len(before)
    return before.chosen(fits)


def _find_fitting(
    stroke_list: StrokeList, painted: Tensor, reference: Tensor, target: Tensor, painter: Painter, config: ReuseConfig
) -> NDArray[np.bool_]:
    """Which strokes (T,) to keep."""
    windows, number = np.unique(stroke_list.windows, axis=0, return_inverse=True)
    fits = np.ones(len(stroke_list), bool)
    for index, (x, y, side) in enumerate(windows.tolist()):
        rows = np.flatnonzero(number.reshape(-1) == index)
        seen = [view(canvas, [(x, y, side)])[0] for canvas in (painted, reference, target)]
        for batch in np.array_split(rows, -(-len(rows) // config.batch_size)):
            coverage = painter(torch.from_numpy(stroke_list.strokes[batch]).to(painted.device))[:, 0]
            fits[batch] = _fits(coverage, seen[0], seen[1], seen[2], config).cpu().numpy()
    return fits


def _fits(coverage: Tensor, painted: Tensor, reference: Tensor, target: Tensor, config: ReuseConfig) -> Tensor:
    """Which strokes of coverage (N, 64, 64) fit still, in a window whose views are (3, 64, 64)."""
    weight = coverage.flatten(1) / coverage.sum((1, 2)).clamp(min=_INKLESS)[:, None]

    def mean_under(values: Tensor) -> Tensor:
        return weight @ values.flatten(1).T

    change = mean_under((target - reference).abs().mean(0, keepdim=True))[:, 0]
    drift, drift_before = (mean_under(painted - frame).abs().amax(1) for frame in (target, reference))
    near = (drift <= config.largest_drift) | (drift <= drift_before + config.drift_step)
    return (change <= config.largest_change) & near
