"""Frames of a film that do not flicker: which strokes of one frame the next keeps, and what the rest is to look like.

How the missing strokes are laid is in ``large``.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..envs.canvas import StrokePainter
from ..envs.large_canvas import paint_list, view
from ..envs.pictures import Picture, to_tensor
from ..painters.stroke import COLOR
from ..painters.stroke_list import StrokeList

_CHANGE = 0.04
"""Mean absolute change of the picture under a stroke that the stroke does not outlive."""
_STRAY, _STRAYING = 0.05, 0.002
"""How far the painting's mean colour under a stroke may be from the picture's, if it goes on to part: slow changes."""
_NOISE, _CHANGED = 0.02, 0.08
"""A pixel changes wholly from the second on, and not at all below the first."""
_TOGETHER = 512
_INKLESS = 1e-6


@dataclass(frozen=True, eq=False)
class Start:
    """Where a painting begins, if not on bare paper.

    Attributes:
        kept: strokes that it begins with; they count.
        goal: (3, H, W) in [0, 1], what the other strokes are to lead to.
    """

    kept: StrokeList
    goal: Tensor


@torch.no_grad()
def follow(before: StrokeList, old: Picture, new: Picture, painter: StrokePainter) -> Start:
    """Begin a frame with those strokes of the one before that still fit.

    Args:
        before: the painting of the frame before.
        old: (H, W, 3) uint8, that frame, at the size of the painting.
        new: (H, W, 3) uint8, this frame.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).

    Returns:
        Those strokes; and the goal, which is the new frame where it differs or where strokes were dropped, and the
        painting as it was elsewhere.
    """
    painted = paint_list(before, painter)
    was, wanted = to_tensor(old)[0], to_tensor(new)[0]
    fits = _fitting(before, painted, was, wanted, painter)
    difference = (wanted - was).abs().mean(0)
    changed = ((difference - _NOISE) / (_CHANGED - _NOISE)).clamp(0, 1)
    uncovered = _ink(_chosen(before, ~fits), painter)
    return Start(_chosen(before, fits), torch.lerp(painted, wanted, torch.maximum(changed, uncovered)))


def _fitting(
    listing: StrokeList, painted: Tensor, was: Tensor, wanted: Tensor, painter: StrokePainter
) -> NDArray[np.bool_]:
    """Which strokes (T,) to keep."""
    windows, number = np.unique(listing.windows, axis=0, return_inverse=True)
    fits = np.ones(len(listing), bool)
    for index, (x, y, side) in enumerate(windows.tolist()):
        own = np.flatnonzero(number.reshape(-1) == index)
        seen = [view(canvas, [(x, y, side)])[0] for canvas in (painted, was, wanted)]
        for some in np.array_split(own, -(-len(own) // _TOGETHER)):
            fits[some] = _fits(painter(torch.from_numpy(listing.strokes[some]))[:, 0], *seen).numpy()
    return fits


def _fits(coverage: Tensor, painted: Tensor, was: Tensor, wanted: Tensor) -> Tensor:
    """Which strokes of coverage (N, 64, 64) fit still, in a window whose views are (3, 64, 64)."""
    weight = coverage.flatten(1) / coverage.sum((1, 2)).clamp(min=_INKLESS)[:, None]

    def under(field: Tensor) -> Tensor:
        return weight @ field.flatten(1).T

    change = under((wanted - was).abs().mean(0, keepdim=True))[:, 0]
    stray, strayed = (under(painted - frame).abs().amax(1) for frame in (wanted, was))
    return (change <= _CHANGE) & ((stray <= _STRAY) | (stray <= strayed + _STRAYING))


def _ink(listing: StrokeList, painter: StrokePainter) -> Tensor:
    """How far strokes cover their paper, (H, W) in [0, 1]."""
    strokes = listing.strokes.copy()
    strokes[:, COLOR] = 1
    return paint_list(replace(listing, strokes=strokes, background=(0.0, 0.0, 0.0)), painter)[0]


def _chosen(listing: StrokeList, mask: NDArray[np.bool_]) -> StrokeList:
    return replace(listing, strokes=listing.strokes[mask], windows=listing.windows[mask])
