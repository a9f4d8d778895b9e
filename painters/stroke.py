"""The twelve numbers of a stroke: their names, ranges and geometry. Nothing here draws.

The layout is that of the Neural Painters notebooks (``generate_stroke_examples``), so that strokes
of the public ``mypaint_brushstrokes`` data set mean the same here.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidInputError

STROKE_FIELDS = (
    "end_pressure",
    "size",
    "control_x",
    "control_y",
    "end_x",
    "end_y",
    "red",
    "green",
    "blue",
    "start_x",
    "start_y",
    "entry_pressure",
)
STROKE_LENGTH = len(STROKE_FIELDS)

END_PRESSURE, SIZE = 0, 1
CONTROL, END, COLOR, START = slice(2, 4), slice(4, 6), slice(6, 9), slice(9, 11)
ENTRY_PRESSURE = 11

CANVAS_SIZE = 64
"""Side, in pixels, of the canvas on which the size of a stroke is defined."""

PRESSURE_SCALE = 0.8
LOG_RADIUS_SCALE = 2.0
"""ln(radius in pixels at 64x64) = 2 * size, so the radius runs from 1 to 7.39 pixels."""


def check_strokes(strokes: ArrayLike) -> NDArray[np.float32]:
    """Validate strokes from outside and return them as float32 of shape (N, 12).

    Args:
        strokes: (12,) or (N, 12), every number in [0, 1].

    Raises:
        InvalidInputError: wrong shape, not numbers, NaN, or a number outside [0, 1].

    Examples:
        >>> check_strokes([0.5] * 12).shape
        (1, 12)
        >>> check_strokes([[0.5, 1.5] + [0.5] * 10])
        Traceback (most recent call last):
        paintgym.errors.InvalidInputError: stroke 0: size is 1.5, expected a number in [0, 1]
    """
    try:
        array: NDArray[Any] = np.asarray(strokes, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError("strokes must be numbers of shape (N, 12) in [0, 1]") from None
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[1] != STROKE_LENGTH:
        raise InvalidInputError(
            f"strokes have shape {np.shape(strokes)}, expected (N, {STROKE_LENGTH}): {', '.join(STROKE_FIELDS)}"
        )
    valid = np.isfinite(array) & (array >= 0.0) & (array <= 1.0)
    if not valid.all():
        row, column = np.argwhere(~valid)[0]
        raise InvalidInputError(
            f"stroke {row}: {STROKE_FIELDS[column]} is {array[row, column]}, expected a number in [0, 1]"
        )
    return array.astype(np.float32)


def random_strokes(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw ``count`` uniform strokes, (count, 12) in [0, 1).

    Examples:
        >>> random_strokes(2, np.random.default_rng(0))[:, SIZE].round(2).tolist()
        [0.27, 0.03]
    """
    return generator.random((count, STROKE_LENGTH))


def bezier_control(start: Any, control: Any, end: Any) -> Any:
    """The quadratic Bezier control point C' of a curve that passes through ``control`` at t = 0.5.

    The stroke's control point lies *on* the curve, so C' = 2 C - (S + E) / 2. Works on numpy arrays
    and torch tensors of any matching shape.
    """
    return 2.0 * control - 0.5 * (start + end)


def bezier_point(start: Any, bezier: Any, end: Any, t: Any) -> Any:
    """B(t) = (1-t)^2 S + 2 t (1-t) C' + t^2 E for t in [0, 1], broadcasting.

    Examples:
        >>> bezier_point(0.0, bezier_control(0.0, 0.8, 1.0), 1.0, 0.5)  # halfway lies the stroke's control point
        0.8
    """
    return (1.0 - t) ** 2 * start + 2.0 * t * (1.0 - t) * bezier + t**2 * end
