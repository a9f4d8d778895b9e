"""A painting as strokes, each with the window that it lies in: it can be painted at any size, but not here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidInputError
from .names import DEFAULT_BRUSH

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class StrokeList:
    """Strokes in painting order, and the paper that they lie on.

    A stroke's twelve numbers are parts of its window, a square: a window as large as the paper holds broad strokes, a
    small one fine strokes. Width, height and windows are measured in the same pixels; ``scaled`` gives others.

    Attributes:
        width: of the paper in pixels.
        height: of the paper in pixels.
        strokes: (T, 12) float32 in [0, 1].
        windows: (T, 3) float32, x and y of the window's upper left corner, and its side.
        background: the paper's color, red, green and blue in [0, 1].
        brushes: the MyPaint brushes that strokes are laid with, by name or path.
        stroke_brushes: (T,) int64, the number of each stroke's brush among them; None where all have the first.

    Raises:
        InvalidInputError: no brush, or numbers that are not those of brushes.
    """

    width: int
    height: int
    strokes: NDArray[np.float32]
    windows: NDArray[np.float32]
    background: tuple[float, float, float] = WHITE
    brushes: tuple[str, ...] = (DEFAULT_BRUSH,)
    stroke_brushes: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check that every stroke has a brush."""
        numbers = self.stroke_brushes
        if not self.brushes:
            raise InvalidInputError("a painting has no brushes, expected one or more")
        if numbers is not None and (
            numbers.shape != (len(self.strokes),) or not ((numbers >= 0) & (numbers < len(self.brushes))).all()
        ):
            raise InvalidInputError(
                f"stroke_brushes are expected to hold the number of a brush, 0 to {len(self.brushes) - 1}, for each of "
                f"{len(self.strokes)} strokes"
            )

    def __len__(self) -> int:
        return len(self.strokes)

    def part(self, start: int, end: int) -> "StrokeList":
        """The strokes from ``start`` to before ``end``."""
        return self.chosen(slice(start, end))

    def chosen(self, rows: slice | NDArray[np.bool_] | NDArray[np.int64]) -> "StrokeList":
        """Some of the strokes, as arrays are indexed."""
        brushes = None if self.stroke_brushes is None else self.stroke_brushes[rows]
        return replace(self, strokes=self.strokes[rows], windows=self.windows[rows], stroke_brushes=brushes)

    def by_brush(self) -> Iterator[tuple[str, "StrokeList"]]:
        """The strokes, in painting order, in parts of one brush each: its name, and the part.

        Examples:
            >>> both = StrokeList(64, 64, np.zeros((3, 12), np.float32), np.full((3, 3), 64, np.float32),
            ...                   brushes=("a", "b"), stroke_brushes=np.array([1, 1, 0]))
            >>> [(name, len(part)) for name, part in both.by_brush()]
            [('b', 2), ('a', 1)]
        """
        numbers = np.zeros(len(self), np.int64) if self.stroke_brushes is None else self.stroke_brushes
        starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist()]
        for start, end in pairwise([*starts, len(self)]):
            if end > start:
                yield self.brushes[numbers[start]], self.part(start, end)

    def scaled(self, longest_side: int) -> "StrokeList":
        """The same painting in larger or smaller pixels.

        Examples:
            >>> small = on_one_canvas(np.zeros((3, 12), np.float32), 64)
            >>> large = small.scaled(512)
            >>> large.width, large.windows[0].tolist(), len(large)
            (512, [0.0, 0.0, 512.0], 3)
        """
        factor = longest_side / max(self.width, self.height)
        width, height = (max(1, round(side * factor)) for side in (self.width, self.height))
        return replace(self, width=width, height=height, windows=self.windows * np.float32(factor))

    @property
    def levels(self) -> NDArray[np.int64]:
        """(T,) the level of each stroke: 0 for those in the largest windows, and so on."""
        sides, level = np.unique(-self.windows[:, 2], return_inverse=True)
        return level.reshape(-1).astype(np.int64) if len(sides) else np.empty(0, np.int64)


def on_one_canvas(
    strokes: NDArray[np.float32],
    side: int,
    background: tuple[float, float, float] = WHITE,
    brush: str = DEFAULT_BRUSH,
) -> StrokeList:
    """Strokes that all have the whole of a square canvas for their window."""
    window = np.array([0, 0, side], np.float32)
    return StrokeList(side, side, strokes, np.broadcast_to(window, (len(strokes), 3)).copy(), background, (brush,))


def check_windows(windows: ArrayLike, count: int) -> NDArray[np.float32]:
    """Validate windows from outside and return them as float32 of shape (count, 3).

    Raises:
        InvalidInputError: wrong shape, not finite, or a side that is not above 0.
    """
    try:
        array = np.asarray(windows, np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (count, 3) or not np.isfinite(array).all() or not (array[:, 2] > 0).all():
        raise InvalidInputError(f"windows have shape {array.shape}, expected ({count}, 3): x, y, and a side above 0")
    return array.astype(np.float32)


def check_background(background: ArrayLike) -> tuple[float, float, float]:
    """Validate a color from outside.

    Raises:
        InvalidInputError: not three numbers in [0, 1].
    """
    try:
        red, green, blue = (float(part) for part in np.asarray(background, np.float64))
    except (TypeError, ValueError):
        red = green = blue = float("nan")
    if not all(0 <= part <= 1 for part in (red, green, blue)):
        raise InvalidInputError(f"the background is {background!r}, expected red, green and blue in [0, 1]")
    return red, green, blue
