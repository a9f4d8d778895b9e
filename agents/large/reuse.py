"""Frames of a film that do not flicker: which strokes of one frame the next keeps.

How the missing strokes are laid is in ``large``.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...envs.pictures import Picture
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.stroke_list import StrokeList
from ...painters.windows import paint_list, view
from .contribution import stroke_contributions

_CHANGE = 0.04
"""Mean absolute change of the picture under a stroke that the stroke does not outlive."""
_STRAY, _STRAYING = 0.04, 0.002
"""How far the painting's mean color under a stroke may be from the picture's, if it goes on to part: slow changes."""
_LEAST_WORTH = 1.5
"""Where something changes, strokes go too that lower the error by less than this, times the error left for each."""
_TOGETHER = 512
_INKLESS = 1e-6


@torch.no_grad()
def follow(before: StrokeList, old: Picture, new: Picture, painter: Painter) -> StrokeList:
    """The strokes of a frame that still fit the next one, which may begin with them.

    Args:
        before: the painting of the frame before.
        old: (H, W, 3) uint8, that frame, at the size of the painting.
        new: (H, W, 3) uint8, the next frame.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).
    """
    painted, was, wanted = paint_list(before, painter), to_tensor(old)[0], to_tensor(new)[0]
    fits = _fitting(before, painted, was, wanted, painter)
    if not fits.all():
        # What is painted now may lie on others, which then do nothing: a film would fill with them.
        contributions = stroke_contributions(before, painter, wanted).numpy()
        fits &= contributions > _LEAST_WORTH * float((painted - was).square().sum()) / len(before)
    return replace(before, strokes=before.strokes[fits], windows=before.windows[fits])


def _fitting(
    stroke_list: StrokeList, painted: Tensor, was: Tensor, wanted: Tensor, painter: Painter
) -> NDArray[np.bool_]:
    """Which strokes (T,) to keep."""
    windows, number = np.unique(stroke_list.windows, axis=0, return_inverse=True)
    fits = np.ones(len(stroke_list), bool)
    for index, (x, y, side) in enumerate(windows.tolist()):
        own = np.flatnonzero(number.reshape(-1) == index)
        seen = [view(canvas, [(x, y, side)])[0] for canvas in (painted, was, wanted)]
        for some in np.array_split(own, -(-len(own) // _TOGETHER)):
            fits[some] = _fits(painter(torch.from_numpy(stroke_list.strokes[some]))[:, 0], *seen).numpy()
    return fits


def _fits(coverage: Tensor, painted: Tensor, was: Tensor, wanted: Tensor) -> Tensor:
    """Which strokes of coverage (N, 64, 64) fit still, in a window whose views are (3, 64, 64)."""
    weight = coverage.flatten(1) / coverage.sum((1, 2)).clamp(min=_INKLESS)[:, None]

    def under(field: Tensor) -> Tensor:
        return weight @ field.flatten(1).T

    change = under((wanted - was).abs().mean(0, keepdim=True))[:, 0]
    stray, strayed = (under(painted - frame).abs().amax(1) for frame in (wanted, was))
    return (change <= _CHANGE) & ((stray <= _STRAY) | (stray <= strayed + _STRAYING))
