"""Canvases of any size and shape, painted through windows. Which strokes lie in which window is decided elsewhere."""

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import composite
from .device import device_of, upload
from .painter import Painter, as_painter
from .raster import WHOLE, Raster, resample
from .stroke import CANVAS_SIZE, COLOR
from .stroke_list import StrokeList

_LEAST_CROPPED = 128
"""Side of a window, in pixels, from which painters that can paint strokes one by one, each only where it lies: at 4,096
pixels in a third of the time; in smaller windows a batch is quicker."""
_FINEST_STEP = 0.5
"""Finer rasters are interpolated: ink has little detail beyond, and to splat it would take long."""
_LEAST_COVERAGE = 5e-4
"""Ink that is interpolated is not looked at below: an eighth of a level of 8 bits."""
_TOGETHER = 1_000_000
"""Pixels of ink that are computed together for windows apart: more of them do not fit into the cache."""
_MOST_PIXELS = 8_000_000
"""Coverage of so many pixels is held at a time."""

Window = tuple[float, float, float]
"""x, y of the upper left corner and side of a square, in pixels of the canvas."""

Place = tuple[slice, slice, slice]
"""Channels, rows and columns of a canvas."""


def blank_canvas(stroke_list: StrokeList, device: torch.device | str = "cpu") -> Tensor:
    """The paper (3, height, width) of a painting."""
    return paper(stroke_list.background, stroke_list.height, stroke_list.width, device)


def paper(color: Sequence[float], height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Paper (3, height, width) of a color: red, green and blue in [0, 1]."""
    return upload(color, device, torch.float32)[:, None, None].repeat(1, height, width)


@torch.no_grad()
def paint_list(
    stroke_list: StrokeList, painter: Painter | Mapping[str, Painter], canvas: Tensor | None = None
) -> Tensor:
    """Paint strokes in their windows with a neural painter, or with one for each brush.

    Args:
        stroke_list: the strokes; ``scaled`` beforehand to the size that is wanted.
        painter: strokes (N, 12) to coverage (N, 1, 64, 64); or such painters by the names of the strokes' brushes.
        canvas: (3, height, width) in [0, 1] to paint on, changed in place; new paper by default, where the painter is.

    Returns:
        (3, height, width) in [0, 1].
    """
    first = next(iter(painter.values())) if isinstance(painter, Mapping) else painter
    device = device_of(first)
    canvas = blank_canvas(stroke_list, device) if canvas is None else canvas
    worked_on = canvas.to(device)
    if isinstance(painter, Mapping):
        parts = [(painter[brush], part) for brush, part in stroke_list.by_brush()]
    else:
        parts = [(painter, stroke_list)]
    for one, part in parts:
        for strokes, window in window_runs(part, worked_on.device):
            paint_window(worked_on, strokes, window, one)
    return canvas if worked_on is canvas else canvas.copy_(worked_on)


@torch.no_grad()
def paint_window(canvas: Tensor, strokes: Tensor, window: Window, painter: Painter) -> None:
    """Paint the strokes (T, 12) of one window on a canvas (3, H, W), in place; ink may run beyond the window."""
    painter = as_painter(painter)
    x, y, side = window
    unit = CANVAS_SIZE / side
    if _are_cropped(painter, side):
        raster = Raster(-x * unit, -y * unit, unit, canvas.shape[2], canvas.shape[1])
        crops = painter.crops(strokes, raster) if painter.exact else _interpolated_crops(painter, strokes, raster)
        for stroke, (left, top, coverage) in zip(strokes, crops, strict=True):
            part = canvas[:, top : top + coverage.shape[2], left : left + coverage.shape[3]]
            part.lerp_(stroke[COLOR, None, None], coverage[0])
        return
    for batch, place, coverage in window_coverage(canvas, strokes, window, painter):
        part = canvas[place]
        part.copy_(composite(part[None].contiguous(), coverage[None], batch[None, :, COLOR])[0])


@torch.no_grad()
def paint_apart(canvas: Tensor, windows: Sequence[Window], strokes: Sequence[Tensor], painter: Painter) -> None:
    """Paint the strokes (T, 12) of each of several windows of one side on a canvas (3, H, W), in place.

    Where windows are small, the ink of all that lie alike on their pixels is computed together, in half the time.
    """
    painter, side = as_painter(painter), windows[0][2]
    if _are_cropped(painter, side):
        for window, part in zip(windows, strokes, strict=True):
            paint_window(canvas, part, window, painter)
        return
    alike: dict[Raster, list[int]] = {}
    places: dict[int, Place] = {}
    for number, window in enumerate(windows):
        if (surroundings := _surroundings(canvas, window, painter)) is not None:
            raster, places[number] = surroundings
            alike.setdefault(raster, []).append(number)
    inks: dict[int, Tensor] = {}
    for raster, numbers in alike.items():
        batches = torch.cat([strokes[number] for number in numbers]).split(
            max(1, _TOGETHER // (raster.width * raster.height))
        )
        coverage = torch.cat([_sample(painter, batch, raster) for batch in batches])
        inks |= zip(numbers, coverage.split([len(strokes[number]) for number in numbers]), strict=True)
    for number, place in places.items():
        part = canvas[place]
        part.copy_(composite(part[None].contiguous(), inks[number][None], strokes[number][None, :, COLOR])[0])


def _are_cropped(painter: Painter, side: float) -> bool:
    """Whether the ink of windows so large is computed stroke by stroke."""
    return (painter.exact and side >= _LEAST_CROPPED) or CANVAS_SIZE / side < _FINEST_STEP


def _surroundings(canvas: Tensor, window: Window, painter: Painter) -> tuple[Raster, Place] | None:
    """Where on a canvas (3, H, W) the ink of a window may lie: its pixels, as the window has them, and their place."""
    x, y, side = window
    margin = painter.margin * side / CANVAS_SIZE
    left, top = max(0, math.floor(x - margin)), max(0, math.floor(y - margin))
    right = min(canvas.shape[2], math.ceil(x + side + margin))
    bottom = min(canvas.shape[1], math.ceil(y + side + margin))
    if right <= left or bottom <= top:
        return None
    unit = CANVAS_SIZE / side
    raster = Raster((left - x) * unit, (top - y) * unit, unit, right - left, bottom - top)
    return raster, (slice(None), slice(top, bottom), slice(left, right))


def _interpolated_crops(painter: Painter, strokes: Tensor, raster: Raster) -> Iterator[tuple[int, int, Tensor]]:
    """Each stroke's ink where there is any: the column and row of its corner, and its coverage (1, 1, h, w)."""
    left, top = max(raster.left, -float(painter.margin)), max(raster.top, -float(painter.margin))
    far = CANVAS_SIZE + painter.margin
    right, bottom = (
        min(start + raster.step * count, far)
        for start, count in ((raster.left, raster.width), (raster.top, raster.height))
    )
    # One pixel more on each side, for the interpolation to lean on.
    width, height = (math.ceil(max(0.0, span) / _FINEST_STEP) + 2 for span in (right - left, bottom - top))
    coarse = Raster(left - _FINEST_STEP, top - _FINEST_STEP, _FINEST_STEP, width, height)
    for batch in strokes.split(max(1, _MOST_PIXELS // (width * height))):
        for ink in painter.sample(batch, coarse):
            covered = ink[0] > _LEAST_COVERAGE
            if not covered.any():
                yield 0, 0, ink.new_zeros(1, 1, 0, 0)
                continue
            across, columns = _reach(covered.any(0), coarse.left, raster.left, raster.step, raster.width)
            down, rows = _reach(covered.any(1), coarse.top, raster.top, raster.step, raster.height)
            own = Raster(
                coarse.left + across.start * coarse.step,
                coarse.top + down.start * coarse.step,
                coarse.step,
                across.stop - across.start,
                down.stop - down.start,
            )
            crop = Raster(
                raster.left + columns.start * raster.step,
                raster.top + rows.start * raster.step,
                raster.step,
                columns.stop - columns.start,
                rows.stop - rows.start,
            )
            yield columns.start, rows.start, resample(ink[None, :, down, across], own, crop)


def _reach(covered: Tensor, coarse_start: float, start: float, step: float, count: int) -> tuple[slice, slice]:
    """From the first to the last of (n,) coarse pixels with ink and one more, and the fine pixels among them."""
    found = covered.nonzero()
    first, last = max(0, int(found[0]) - 1), min(len(covered) - 1, int(found[-1]) + 1)
    low, high = ((coarse_start + (number + 0.5) * _FINEST_STEP - start) / step - 0.5 for number in (first, last))
    begin = min(max(0, math.ceil(low)), count)
    return slice(first, last + 1), slice(begin, max(begin, min(math.floor(high) + 1, count)))


def window_runs(stroke_list: StrokeList, device: torch.device | str = "cpu") -> Iterator[tuple[Tensor, Window]]:
    """Strokes (n, 12) that follow each other in the same window, and that window."""
    strokes, windows = torch.from_numpy(stroke_list.strokes).to(device), stroke_list.windows
    start = 0
    for end in range(1, len(stroke_list) + 1):
        if end == len(stroke_list) or (windows[end] != windows[start]).any():
            x, y, side = windows[start].tolist()
            yield strokes[start:end], (x, y, side)
            start = end


def window_coverage(
    canvas: Tensor, strokes: Tensor, window: Window, painter: Painter
) -> Iterator[tuple[Tensor, Place, Tensor]]:
    """The ink of the strokes (T, 12) of one window, some of them at a time.

    Yields:
        Some strokes (n, 12), the place on the canvas (3, H, W) that they may reach, and their coverage there
        (n, 1, h, w).
    """
    painter = as_painter(painter)
    surroundings = _surroundings(canvas, window, painter)
    if surroundings is None:
        return
    raster, place = surroundings
    for batch in strokes.split(max(1, _MOST_PIXELS // (raster.width * raster.height))):
        yield batch, place, _sample(painter, batch, raster)


def view(canvases: Tensor, windows: list[Window]) -> Tensor:
    """What lies in windows of a canvas (3, H, W) or of one each (N, 3, H, W): (N, 3, 64, 64); sides must be alike."""
    crops = []
    for number, (x, y, side) in enumerate(windows):
        canvas = canvases if canvases.ndim == 3 else canvases[number]
        crops.append(canvas[:, round(y) : round(y) + round(side), round(x) : round(x) + round(side)])
    return F.interpolate(torch.stack(crops), (CANVAS_SIZE, CANVAS_SIZE), mode="bilinear", antialias=True)


def _sample(painter: Painter, strokes: Tensor, raster: Raster) -> Tensor:
    """Coverage (N, 1, H, W) of strokes on a raster."""
    if raster == WHOLE:
        coverage: Tensor = painter(strokes)
        return coverage
    if raster.step >= _FINEST_STEP or painter.exact:
        return painter.sample(strokes, raster)
    # One pixel more on each side, for the interpolation to lean on.
    left, top = raster.left - _FINEST_STEP, raster.top - _FINEST_STEP
    width, height = (math.ceil(count * raster.step / _FINEST_STEP) + 2 for count in (raster.width, raster.height))
    coarse = Raster(left, top, _FINEST_STEP, width, height)
    return resample(painter.sample(strokes, coarse), coarse, raster)
