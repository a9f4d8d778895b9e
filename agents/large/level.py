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
from ...painters.device import upload
from ...painters.neural.proxy import ProxyPainter
from ...painters.painter import Painter
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

    @property
    def strokes(self) -> int:
        """How many there are."""
        return sum(len(one.strokes) for windows in self.passes for one in windows)

    def add(self, windows: Sequence[Window], strokes: Sequence[Tensor]) -> None:
        """Note a pass: its windows, which hardly overlap, and the strokes (T, 12) of each."""
        self.passes.append([LaidWindow(*both) for both in zip(windows, strokes, strict=True)])


class LevelRefinement:
    """Moves the strokes of a level together, and tells which of them would be missed least.

    Args:
        config: how many steps, and how far.
        style: limits that the strokes keep.
        replaced_part: the part of the last level's strokes that is laid elsewhere.
        most_strokes: larger levels are left as they were laid: a stroke takes 60 kB while it is moved.
    """

    def __init__(
        self, config: RefineConfig, style: Style | None = None, replaced_part: float = 0.0, most_strokes: int = 20_000
    ) -> None:
        self._config = config
        self._style = style or Style()
        self.replaced_part = replaced_part
        self.most_strokes = most_strokes

    @torch.no_grad()
    def move(self, level: Level, after: Tensor, target: Tensor, ribbon: ProxyParameters) -> list[list[LaidWindow]]:
        """Lower the squared error of a canvas by moving the strokes that were laid on it last.

        Args:
            level: those strokes.
            after: (3, H, W) in [0, 1], the canvas with them.
            target: (3, H, W) in [0, 1].
            ribbon: the proxy renderer's parameters for the brush that lays them.

        Returns:
            The level's passes with moved strokes.
        """
        squares, proxy = _Squares(level, target), ProxyPainter(ribbon).to(after.device)
        strokes = squares.strokes
        # What the proxy's canvas lacks of the painter's stays about the same while strokes move a little.
        lacking = squares.scaled(after[None])[0] - squares.paint(strokes, proxy(strokes)[:, 0]).canvas
        descent = Descent(strokes[None], self._config)
        for _ in range(self._config.steps):
            drawn = proxy.draw(strokes)
            laid = squares.paint(strokes, 1 - drawn.transmittance)
            coverage, color = squares.gradient(strokes, laid, 2 * (laid.canvas + lacking - squares.target))
            shape = proxy.gradient(drawn, coverage)
            gradient = torch.cat([shape[:, : COLOR.start], color, shape[:, COLOR.stop :]], 1)
            strokes = descent.step(gradient[None])[0]
        return [
            [LaidWindow(one.window, self._style.finish(own)) for one, own in zip(*windows, strict=True)]
            for windows in zip(level.passes, squares.by_window(strokes), strict=True)
        ]

    @torch.no_grad()
    def thin(self, level: Level, target: Tensor, painter: Painter) -> list[list[LaidWindow]]:
        """The level's passes without those strokes that would be missed least.

        Args:
            level: its strokes.
            target: (3, H, W) in [0, 1].
            painter: turns them into ink.
        """
        squares = _Squares(level, target)
        laid = squares.paint(squares.strokes, painter(squares.strokes.clamp(0, 1))[:, 0])
        costs = squares.contributions(laid, laid.canvas - squares.target)
        kept = torch.ones_like(costs, dtype=torch.bool)
        kept[costs.topk(round(self.replaced_part * len(costs)), largest=False).indices] = False
        shared = squares.shared_out(kept.cpu())  # a GPU is asked once, not window by window
        rows = [[upload(own.nonzero()[:, 0].tolist(), costs.device) for own in masks] for masks in shared]
        passes = [
            [LaidWindow(one.window, one.strokes[own]) for one, own in zip(*windows, strict=True) if len(own)]
            for windows in zip(level.passes, rows, strict=True)
        ]
        return [windows for windows in passes if windows]


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
        coverage: (B, T, P) of each batch.
        above: (B, T, P) of each batch.
        whole: (B, 64, 64) of each batch.
        under: (B, 3, P) of each batch: the canvas before it.
    """

    canvas: Tensor
    coverage: list[Tensor]
    above: list[Tensor]
    whole: list[Tensor]
    under: list[Tensor]


class _Squares:
    """A level at its own scale: its windows are squares of 64 pixels, at whole ones, and its strokes lie in these."""

    def __init__(self, level: Level, target: Tensor) -> None:
        passes, before = level.passes, level.before
        unit = CANVAS_SIZE / passes[0][0].window[2]
        self._size = size = [max(CANVAS_SIZE, round(length * unit)) for length in before.shape[1:]]
        self._scale = size[1] / before.shape[2], size[0] / before.shape[1]
        self._paper, self.target = self.scaled(torch.stack([before, target]))
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
        repeats = torch.tensor(self._counts, device="cpu")
        scale, shift = (
            torch.tensor(part, device="cpu").repeat_interleave(repeats, 0).to(before.device)
            for part in zip(*(self._map(windows[row].window, corners[row]) for row in self._order), strict=True)
        )
        self._map_scale, self._map_shift = scale, shift
        self.strokes = torch.cat([windows[row].strokes for row in self._order])
        for point in _POINTS:
            self.strokes[:, point] = self.strokes[:, point] * scale + shift

    def scaled(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) of the canvas at the level's scale."""
        return F.interpolate(pictures, self._size, mode="bilinear", antialias=True)

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
        return self.shared_out(strokes)

    def shared_out(self, values: Tensor) -> list[list[Tensor]]:
        """What belongs to the strokes (N, ...) of the level, by window and pass."""
        parts = dict(zip(self._order, values.split(self._counts), strict=True))
        ordered = iter([parts[row] for row in range(len(parts))])
        return [list(itertools.islice(ordered, length)) for length in self._sizes]

    def paint(self, strokes: Tensor, ink: Tensor) -> _Laid:
        """Paint strokes (N, 12) with their coverage (N, 64, 64) on the canvas that was there before."""
        laid = _Laid(self._paper.clone(), [], [], [], [])
        for batch, coverage, color in self._parts(ink, strokes[:, COLOR]):
            black = coverage.new_zeros(len(coverage), 3, coverage.shape[2])
            added, above, whole = composite_forward(black, coverage, color)
            whole, under = whole.unflatten(1, (CANVAS_SIZE, CANVAS_SIZE)), []
            for place, ink, left in zip(batch.places, added.unflatten(2, whole.shape[1:]), whole, strict=True):
                square = laid.canvas[:, *place]
                under.append(square.clone())
                square.mul_(left).add_(ink)
            for kept, value in zip(laid[1:], (coverage, above, whole, torch.stack(under).flatten(2)), strict=True):
                kept.append(value)
        return laid

    def gradient(self, strokes: Tensor, laid: _Laid, grad: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients to coverage (N, 64, 64) and colors (N, 3) of what has the gradient (3, h, w) to the canvas.

        ``grad`` is changed.
        """
        coverages: list[Tensor] = []
        colors: list[Tensor] = []
        colors_of = self._colors(strokes)
        for batch, color, *given in reversed(list(zip(self._batches, colors_of, *laid[1:], strict=True))):
            coverage, above, whole, under = given
            own = []
            for place, left in zip(reversed(batch.places), whole.flip(0), strict=True):
                square = grad[:, *place]
                own.append(square.clone())
                square.mul_(left)
            squares = torch.stack(own[::-1]).flatten(2)
            coverages.append(composite_backward(squares, under, coverage, color, above).flatten(0, 1))
            colors.append(((coverage * above) @ squares.mT).flatten(0, 1))
        return torch.cat(coverages[::-1]).unflatten(1, (CANVAS_SIZE, CANVAS_SIZE)), torch.cat(colors[::-1])

    def contributions(self, laid: _Laid, error: Tensor) -> Tensor:
        """By how much the summed squared error would rise, were one stroke taken away: (N,).

        Args:
            laid: what was painted of all strokes.
            error: (3, h, w) canvas minus target.
        """
        seen = torch.ones_like(error[:1])
        costs: list[Tensor] = []
        colors_of = self._colors(self.strokes)
        for batch, color, *given in reversed(list(zip(self._batches, colors_of, *laid[1:], strict=True))):
            coverage, above, whole, under = given
            beyond, errors = [], []
            for place, left in zip(reversed(batch.places), whole.flip(0), strict=True):
                beyond.append(seen[:, *place].clone())
                errors.append(error[:, *place])
                seen[:, *place].mul_(left)
            visible, errors_of = (torch.stack(parts[::-1]).flatten(2) for parts in (beyond, errors))
            costs.append(_removal_costs(coverage, above * visible, color, under, errors_of).flatten())
        return torch.cat(costs[::-1])

    def _colors(self, strokes: Tensor) -> list[Tensor]:
        """Colors (B, T, 3) of the strokes (N, 12) of each batch."""
        sizes = [len(batch.windows) * batch.strokes for batch in self._batches]
        parts = strokes[:, COLOR].split(sizes)
        return [part.unflatten(0, (-1, batch.strokes)) for part, batch in zip(parts, self._batches, strict=True)]

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


def _removal_costs(coverage: Tensor, seen: Tensor, color: Tensor, canvas: Tensor, error: Tensor) -> Tensor:
    """What the squared error (B, T) rises by without each stroke of a stack on a canvas; see ``search.color``."""
    costs = []
    for number in range(coverage.shape[1]):
        ink, paint = coverage[:, number, None], color[:, number, :, None]
        change = ink * seen[:, number, None] * (canvas - paint)
        costs.append((change * (2 * error + change)).sum((1, 2)))
        canvas = torch.lerp(canvas, paint.expand_as(canvas), ink)
    return torch.stack(costs, 1)
