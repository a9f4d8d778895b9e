"""Moving all strokes of a level of windows together, once they are laid: those of overlapping windows fit each other.

A level is refined at its own scale, where each of its windows is 64 pixels wide, in the proxy renderer's ink.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...painters.canvas import composite_backward, composite_forward
from ...painters.neural.proxy import ProxyInk, ProxyPainter
from ...painters.ribbon import ProxyParameters
from ...painters.stroke import CANVAS_SIZE, COLOR, CONTROL, END, START
from ...painters.style import Style
from ...painters.windows import Window
from ..search.config import RefineConfig
from ..search.refine import Descent

_POINTS = (CONTROL, END, START)


class LaidWindow(NamedTuple):
    """A window of a level, and the strokes (T, 12) in [0, 1] that were laid in it, T >= 1."""

    window: Window
    strokes: Tensor


@dataclass(eq=False)
class Level:
    """What was laid in windows of one size, pass by pass, and the canvas (3, H, W) before that."""

    before: Tensor
    passes: list[list[LaidWindow]] = field(default_factory=list)

    def add(self, windows: Sequence[Window], strokes: Sequence[Tensor]) -> None:
        """Note a pass: its windows, which hardly overlap, and the strokes (T, 12) of each."""
        self.passes.append([LaidWindow(*both) for both in zip(windows, strokes, strict=True)])


class LevelRefinement:
    """Moves the strokes of a level.

    Args:
        config: how many steps, and how far.
        style: limits that the strokes keep.
    """

    def __init__(self, config: RefineConfig, style: Style | None = None) -> None:
        self._config = config
        self._style = style or Style()

    @torch.no_grad()
    def __call__(self, level: Level, after: Tensor, target: Tensor, ribbon: ProxyParameters) -> list[list[Tensor]]:
        """Lower the squared error of a canvas by moving the strokes that were laid on it last.

        Args:
            level: those strokes.
            after: (3, H, W) in [0, 1], the canvas with them.
            target: (3, H, W) in [0, 1].
            ribbon: the proxy renderer's parameters for the brush that lays them.

        Returns:
            The strokes of each window, as they lie in the level's passes.
        """
        squares, proxy = _Squares(level, after, target), ProxyPainter(ribbon)
        strokes = squares.strokes
        # What the proxy's canvas lacks of the painter's stays about the same while strokes move a little.
        lacking = squares.painted - squares.paint(strokes, proxy).canvas
        descent = Descent(strokes[None], self._config)
        for _ in range(self._config.steps):
            laid = squares.paint(strokes, proxy)
            gradient = squares.gradient(strokes, laid, 2 * (laid.canvas + lacking - squares.target), proxy)
            strokes = descent.step(gradient[None])[0]
        return [[self._style.finish(one) for one in windows] for windows in squares.by_window(strokes)]


class _Batch(NamedTuple):
    """Windows of a pass with as many strokes each.

    Attributes:
        windows: which of the level's windows.
        strokes: how many strokes each has.
        places: rows and columns of each on the level's canvas.
    """

    windows: list[int]
    strokes: int
    places: list[tuple[slice, slice]]


class _Laid(NamedTuple):
    """What was painted, for its gradient; for each batch what ``composite_forward`` gave.

    Attributes:
        canvas: (3, h, w) in [0, 1] with all strokes.
        drawn: all strokes' ink.
        coverage: (B, T, P) of each batch.
        above: (B, T, P) of each batch.
        whole: (B, 64, 64) of each batch.
        under: (B, 3, P) of each batch: the canvas before it.
    """

    canvas: Tensor
    drawn: ProxyInk
    coverage: list[Tensor]
    above: list[Tensor]
    whole: list[Tensor]
    under: list[Tensor]


class _Squares:
    """A level at its own scale: its windows are squares of 64 pixels, at whole ones, and its strokes lie in these."""

    def __init__(self, level: Level, after: Tensor, target: Tensor) -> None:
        passes, before = level.passes, level.before
        unit = CANVAS_SIZE / passes[0][0].window[2]
        size = [max(CANVAS_SIZE, round(length * unit)) for length in before.shape[1:]]
        self._scale = size[1] / before.shape[2], size[0] / before.shape[1]
        pictures = torch.stack([before, after, target])
        self._paper, self.painted, self.target = F.interpolate(pictures, size, mode="bilinear", antialias=True)
        self._sizes = [len(windows) for windows in passes]
        windows = [one for part in passes for one in part]
        counts = [len(one.strokes) for one in windows]
        corners = [self._corner(window, size) for window, _ in windows]
        self._batches, first = [], 0
        for length in self._sizes:
            numbers = sorted(range(first, first + length), key=counts.__getitem__)
            for count, group in itertools.groupby(numbers, key=counts.__getitem__):
                rows = list(group)
                self._batches.append(_Batch(rows, count, [_square(*corners[row]) for row in rows]))
            first += length
        self._order = [row for batch in self._batches for row in batch.windows]
        self._counts = [counts[row] for row in self._order]
        repeats = torch.tensor(self._counts)
        scale, shift = (
            torch.tensor(part).repeat_interleave(repeats, 0)
            for part in zip(*(self._map(windows[row].window, corners[row]) for row in self._order), strict=True)
        )
        self._map_scale, self._map_shift = scale, shift
        self.strokes = torch.cat([windows[row].strokes for row in self._order])
        for point in _POINTS:
            self.strokes[:, point] = self.strokes[:, point] * scale + shift

    def _corner(self, window: Window, size: Sequence[int]) -> tuple[int, int]:
        x, y = (round(at * scale) for at, scale in zip(window, self._scale, strict=False))
        return min(x, size[1] - CANVAS_SIZE), min(y, size[0] - CANVAS_SIZE)

    def _map(self, window: Window, corner: tuple[int, int]) -> tuple[list[float], list[float]]:
        """What coordinates in a window are multiplied by, and what is added then, for those in its square."""
        scale = [window[2] * one / CANVAS_SIZE for one in self._scale]
        shift = [(at * one - to) / CANVAS_SIZE for at, one, to in zip(window, self._scale, corner, strict=False)]
        return scale, shift

    def by_window(self, strokes: Tensor) -> list[list[Tensor]]:
        """Strokes (N, 12) of the level as those of each window, in its own coordinates, pass by pass."""
        strokes = strokes.clone()
        for point in _POINTS:
            strokes[:, point] = ((strokes[:, point] - self._map_shift) / self._map_scale).clamp(0, 1)
        parts = dict(zip(self._order, strokes.split(self._counts), strict=True))
        ordered = iter([parts[row] for row in range(len(parts))])
        return [list(itertools.islice(ordered, length)) for length in self._sizes]

    def paint(self, strokes: Tensor, proxy: ProxyPainter) -> _Laid:
        """Paint strokes (N, 12) on the canvas that was there before."""
        laid = _Laid(self._paper.clone(), proxy.draw(strokes), [], [], [], [])
        for batch, coverage, color in self._parts(1 - laid.drawn.transmittance, strokes[:, COLOR]):
            black = coverage.new_zeros(len(coverage), 3, coverage.shape[2])
            added, above, whole = composite_forward(black, coverage, color)
            whole, under = whole.unflatten(1, (CANVAS_SIZE, CANVAS_SIZE)), []
            for place, ink, left in zip(batch.places, added.unflatten(2, whole.shape[1:]), whole, strict=True):
                square = laid.canvas[:, *place]
                under.append(square.clone())
                square.mul_(left).add_(ink)
            for kept, value in zip(laid[2:], (coverage, above, whole, torch.stack(under).flatten(2)), strict=True):
                kept.append(value)
        return laid

    def gradient(self, strokes: Tensor, laid: _Laid, grad: Tensor, proxy: ProxyPainter) -> Tensor:
        """The gradient (N, 12) to strokes of what has the gradient (3, h, w) to the canvas; ``grad`` is changed."""
        coverages: list[Tensor] = []
        colors: list[Tensor] = []
        colored = [color for _, _, color in self._parts(laid.drawn.transmittance, strokes[:, COLOR])]
        for batch, color, *given in reversed(list(zip(self._batches, colored, *laid[2:], strict=True))):
            coverage, above, whole, under = given
            own = []
            for place, left in zip(reversed(batch.places), whole.flip(0), strict=True):
                square = grad[:, *place]
                own.append(square.clone())
                square.mul_(left)
            squares = torch.stack(own[::-1]).flatten(2)
            coverages.append(composite_backward(squares, under, coverage, color, above).flatten(0, 1))
            colors.append(((coverage * above) @ squares.mT).flatten(0, 1))
        shape = proxy.gradient(laid.drawn, torch.cat(coverages[::-1]).view_as(laid.drawn.transmittance))
        return torch.cat([shape[:, : COLOR.start], torch.cat(colors[::-1]), shape[:, COLOR.stop :]], 1)

    def _parts(self, ink: Tensor, color: Tensor) -> Iterator[tuple[_Batch, Tensor, Tensor]]:
        """Each batch, and its own of ink (N, 64, 64) and color (N, 3) as (B, T, P) and (B, T, 3)."""
        first = 0
        for batch in self._batches:
            shape = len(batch.windows), batch.strokes
            rows = slice(first, first + shape[0] * shape[1])
            yield batch, ink[rows].flatten(1).unflatten(0, shape), color[rows].unflatten(0, shape)
            first = rows.stop


def _square(left: int, top: int) -> tuple[slice, slice]:
    """Rows and columns of a square of 64 pixels."""
    return slice(top, top + CANVAS_SIZE), slice(left, left + CANVAS_SIZE)
