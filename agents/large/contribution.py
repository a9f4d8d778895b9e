"""What each stroke of a painting through windows contributes. For stacks on one canvas there is ``color``."""

from typing import NamedTuple

import torch
from torch import Tensor

from ...painters.device import device_of
from ...painters.painter import Painter
from ...painters.stroke import COLOR
from ...painters.stroke_list import StrokeList
from ...painters.windows import Place, blank_canvas, window_coverage, window_runs


class _Laid(NamedTuple):
    """A stroke on the canvas."""

    number: int
    place: Place
    ink: Tensor
    """(h, w) in [0, 1]."""
    change: Tensor
    """(3, h, w) what lies under it minus its color."""


@torch.no_grad()
def stroke_contributions(
    stroke_list: StrokeList, painter: Painter, target: Tensor, least_coverage: float = 0.002
) -> Tensor:
    """By how much each stroke lowers the summed squared error, (T,); below 0 where it raises it.

    Args:
        stroke_list: the strokes, at the target's size.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64).
        target: (3, height, width) in [0, 1].
        least_coverage: less ink is not looked at; by default half a level of 8 bits.
    """
    canvas, laid = _composite(stroke_list, painter, least_coverage)
    error, above = canvas - target, torch.ones_like(canvas[:1])
    contributions = canvas.new_zeros(len(stroke_list))
    for number, place, ink, change in reversed(laid):
        seen = above[place]
        # How the finished canvas would differ without the stroke.
        change = change * (ink * seen)
        contributions[number] = (change * (2 * error[place] + change)).sum()
        seen.mul_(1 - ink)
    return contributions


def _composite(stroke_list: StrokeList, painter: Painter, least_coverage: float) -> tuple[Tensor, list[_Laid]]:
    """The canvas with all strokes, and what each was on it."""
    canvas, laid = blank_canvas(stroke_list, device_of(painter)), []
    done = 0
    for strokes, window in window_runs(stroke_list, canvas.device):
        number = done
        for batch, place, coverage in window_coverage(canvas, strokes, window, painter):
            for ink, color in zip(coverage[:, 0], batch[:, COLOR, None, None], strict=True):
                rows, columns = _extent(ink.amax(1), least_coverage), _extent(ink.amax(0), least_coverage)
                # Strokes are small beside their windows: only what they cover is remembered.
                own, ink = (place[0], _inner(place[1], rows), _inner(place[2], columns)), ink[rows, columns]
                part = canvas[own]
                laid.append(_Laid(number, own, ink.clone(), part - color))
                part.lerp_(color.expand_as(part), ink)
                number += 1
        done += len(strokes)
    return canvas, laid


def _extent(coverage: Tensor, least: float) -> slice:
    """From the first to the last of (N,) that is covered."""
    covered = (coverage > least).nonzero()
    return slice(int(covered[0]), int(covered[-1]) + 1) if len(covered) else slice(0, 0)


def _inner(whole: slice, part: slice) -> slice:
    return slice(whole.start + part.start, whole.start + part.stop)
