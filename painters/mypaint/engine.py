"""The real brush: libmypaint through cffi. Nothing here is learned or differentiable.

libmypaint seeds a brush's random numbers when the brush is made and never again, so every stroke
gets a new brush: the same twelve numbers always leave the same ink.
"""

import colorsys
import json
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import check_whole
from ...errors import InvalidInputError
from .. import stroke as layout
from ..names import DEFAULT_BRUSH
from ..stroke import CANVAS_SIZE, bezier_control, bezier_point, check_strokes
from ..stroke_list import StrokeList, check_windows
from .brushes import brush_definition
from .library import library

MAXIMUM_SIZE = 8192

_TILE = 64
"""Side of a tile in pixels: MYPAINT_TILE_SIZE of libmypaint's ``mypaint-config.h``."""
_OPAQUE = 1 << 15
"""Opaque in libmypaint's 16-bit pixels."""
_EVENT_SECONDS = 0.1
"""Between two events of the pen on a canvas of 64x64; this and the two below after the Neural Painters notebooks."""
_CURVE_EVENTS = 100
"""Events along the curve."""
_ENTRY_STEP_PIXELS = 0.25
"""How far along the pen enters after its first touch, in pixels of the 64x64 canvas."""
_STATE_X_Y = (0, 1)
"""Of ``MyPaintBrushState``: where the pen was."""
_TOUCH_EVENTS = 2
"""Events that do not slow down with the window: the first touch, and the entry."""
_LONGEST_EVENT_SECONDS = 4.0
"""Past 5 seconds between two events libmypaint takes up the pen."""
_SLOWNESS = (("speed1_slowness", 0.04), ("speed2_slowness", 0.8))
"""Settings that are times in seconds, and libmypaint's values for brushes that do not say."""

_SLOWED: dict[str, Callable[[float, float], float]] = {
    **dict.fromkeys(("speed1_slowness", "speed2_slowness", "slow_tracking", "offset_by_speed"), operator.mul),
    "dabs_per_second": operator.truediv,
    "offset_by_speed_slowness": lambda value, slower: 100 * math.log1p(math.expm1(0.01 * value) * slower),
    "direction_filter": lambda value, slower: 2 * math.log1p(math.expm1(0.5 * value) * slower),
}
"""What settings become that count seconds, or pixels, where the clock is so many times slower: strokes look alike."""

Window = tuple[float, float, float]
"""x, y of the upper left corner and side of a square, in pixels."""


class MyPaintEngine:
    """Draws strokes with the real libmypaint.

    A stroke lies in a window: a square, by default the whole canvas, of which its points are parts. It looks the same
    in a window of any size: the brush's radius scales with the window, and its clock slows down with it, because
    MyPaint's brushes feel how many pixels they move in a second.

    Args:
        size: side of the square canvas in pixels, or its width and height, each 1 to 8192.
        brush: name of an installed MyPaint brush that uses one color, such as ``"classic/dry_brush"``, which the neural
            painters learned, or ``"classic/charcoal"``; or the path of a ``.myb`` file. ``brushes`` lists them.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: unknown brush, a brush of several colors, or a bad size.

    An engine owns a drawing surface and is not thread-safe: use one engine a thread.
    """

    def __init__(self, size: int | tuple[int, int] = CANVAS_SIZE, brush: str = DEFAULT_BRUSH) -> None:
        sides = size if isinstance(size, tuple | list) and len(size) == 2 else (size, size)
        try:
            self.width, self.height = (check_whole("engine size", side, 1, MAXIMUM_SIZE) for side in sides)
        except InvalidInputError:
            raise InvalidInputError(
                f"engine size is {size!r}, expected a whole number from 1 to {MAXIMUM_SIZE}, or two"
            ) from None
        self.brush = brush
        self._ffi, self._lib = library()
        self._definition = brush_definition(brush)
        settings = json.loads(self._definition)["settings"]
        usual = dict(_SLOWNESS)
        self._timed = {name: settings.get(name, {"base_value": usual.get(name, 0.0)})["base_value"] for name in _SLOWED}
        # A pen with tracking noise is looked at now and then: after five seconds unseen, the brush would begin anew.
        self._shakes = settings.get("tracking_noise", {"base_value": 0.0})["base_value"] > 0
        surface = self._lib.mypaint_fixed_tiled_surface_new(self.width, self.height)
        self._interface = self._ffi.gc(
            self._lib.mypaint_fixed_tiled_surface_interface(surface), self._lib.mypaint_surface_unref
        )
        self._tiles = self._map_tiles(self._ffi.cast("MyPaintTiledSurface *", surface))
        self._setting = {
            name: self._lib.mypaint_brush_setting_from_cname(name.encode())
            for name in ("radius_logarithmic", "color_h", "color_s", "color_v", *_SLOWED)
        }

    def _map_tiles(self, surface: Any) -> list[tuple[int, int, NDArray[np.uint16]]]:
        tiles = []
        request = self._ffi.new("MyPaintTileRequest *")
        for ty in range(math.ceil(self.height / _TILE)):
            for tx in range(math.ceil(self.width / _TILE)):
                self._lib.mypaint_tile_request_init(request, 0, tx, ty, 0)
                self._lib.mypaint_tiled_surface_tile_request_start(surface, request)
                buffer = self._ffi.buffer(request.buffer, _TILE * _TILE * 4 * 2)
                tiles.append((ty, tx, np.frombuffer(buffer, np.uint16).reshape(_TILE, _TILE, 4)))
                self._lib.mypaint_tiled_surface_tile_request_end(surface, request)
        return tiles

    def _load(self, pixels: NDArray[np.uint16] | None) -> None:
        """Put (height, width, 4) premultiplied fix15 pixels on the surface; None makes it transparent."""
        for ty, tx, tile in self._tiles:
            tile[:] = 0
            if pixels is not None:
                part = pixels[ty * _TILE : (ty + 1) * _TILE, tx * _TILE : (tx + 1) * _TILE]
                tile[: part.shape[0], : part.shape[1]] = part

    def _read(self, channels: slice) -> NDArray[np.float32]:
        depth = len(range(*channels.indices(4)))
        pixels = np.empty((self.height, self.width, depth), np.float32)
        for ty, tx, tile in self._tiles:
            part = pixels[ty * _TILE : (ty + 1) * _TILE, tx * _TILE : (tx + 1) * _TILE]
            part[:] = tile[: part.shape[0], : part.shape[1], channels]
        pixels /= np.float32(_OPAQUE)
        return pixels

    def _draw(self, stroke: NDArray[np.float64], color: tuple[float, float, float], window: Window) -> None:
        lib = self._lib
        left, top, side = window
        scale = side / CANVAS_SIZE
        slower = 1.0 if self._shakes else min(scale, _LONGEST_EVENT_SECONDS / _EVENT_SECONDS)
        brush = lib.mypaint_brush_new()
        try:
            if not lib.mypaint_brush_from_string(brush, self._definition):
                raise InvalidInputError(f"libmypaint could not read the brush {self.brush!r}")
            radius = layout.LOG_RADIUS_SCALE * stroke[layout.SIZE] + math.log(scale)
            lib.mypaint_brush_set_base_value(brush, self._setting["radius_logarithmic"], radius)
            for name, value in zip(("color_h", "color_s", "color_v"), colorsys.rgb_to_hsv(*color), strict=True):
                lib.mypaint_brush_set_base_value(brush, self._setting[name], value)
            lib.mypaint_brush_reset(brush)
            # A pen that is followed slowly comes from here: from the window's corner, wherever that lies.
            for state, value in zip(_STATE_X_Y, (left, top), strict=True):
                lib.mypaint_brush_set_state(brush, state, value)
            lib.mypaint_surface_begin_atomic(self._interface)
            for number, (x, y, pressure) in enumerate(stroke_events(stroke, side)):
                # Longer, and libmypaint would take the pen's first touch for a jump and add an event of its own.
                slowdown = 1.0 if number < _TOUCH_EVENTS else slower
                if number in (0, _TOUCH_EVENTS):
                    for name, value in self._timed.items():
                        lib.mypaint_brush_set_base_value(brush, self._setting[name], _SLOWED[name](value, slowdown))
                seconds = _EVENT_SECONDS * slowdown
                lib.mypaint_brush_stroke_to(brush, self._interface, left + x, top + y, pressure, 0.0, 0.0, seconds)
            lib.mypaint_surface_end_atomic(self._interface, self._ffi.NULL)
        finally:
            lib.mypaint_brush_unref(brush)

    @property
    def _whole(self) -> Window:
        return (0.0, 0.0, float(max(self.width, self.height)))

    def stroke(self, stroke: ArrayLike) -> NDArray[np.float32]:
        """Coverage of one stroke.

        Args:
            stroke: (12,) in [0, 1]; its color does not matter.

        Returns:
            (height, width) float32 in [0, 1]: how much of each pixel is covered with paint.

        Raises:
            InvalidInputError: wrong shape, or a number outside [0, 1].
        """
        strokes = check_strokes(stroke)
        if len(strokes) != 1:
            raise InvalidInputError(f"stroke() draws one stroke, got {len(strokes)}; use paint() for several")
        self._load(None)
        self._draw(strokes[0].astype(np.float64), (0.0, 0.0, 0.0), self._whole)
        return self._read(slice(3, 4))[..., 0]

    def coverage(self, strokes: ArrayLike) -> NDArray[np.float32]:
        """Coverage of each stroke on a canvas of its own: (N, 12) in [0, 1] -> (N, height, width)."""
        checked = check_strokes(strokes)
        return (
            np.stack([self.stroke(stroke) for stroke in checked])
            if len(checked)
            else np.empty((0, self.height, self.width), np.float32)
        )

    def paint(
        self, strokes: ArrayLike, canvas: ArrayLike | None = None, windows: ArrayLike | None = None
    ) -> NDArray[np.float32]:
        """Paint strokes one over the other, in their colors.

        Args:
            strokes: (N, 12) in [0, 1]; later strokes lie on top.
            canvas: (height, width, 3) in [0, 1] to paint on; white paper by default.
            windows: (N, 3) x, y and side, in pixels, of the square that each stroke lies in; the canvas by default.

        Returns:
            (height, width, 3) float32 RGB in [0, 1].

        Raises:
            InvalidInputError: strokes, canvas or windows of the wrong shape or range.
        """
        checked = check_strokes(strokes)
        places = [self._whole] * len(checked) if windows is None else check_windows(windows, len(checked)).tolist()
        pixels = np.full((self.height, self.width, 4), _OPAQUE, np.uint16)
        if canvas is not None:
            array = np.asarray(canvas, np.float32)
            if array.shape != (self.height, self.width, 3) or not ((array >= 0) & (array <= 1)).all():
                raise InvalidInputError(f"canvas must be ({self.height}, {self.width}, 3) in [0, 1], got {array.shape}")
            pixels[..., :3] = np.rint(array * _OPAQUE)
        self._load(pixels)
        for stroke, window in zip(checked.astype(np.float64), places, strict=True):
            red, green, blue = stroke[layout.COLOR]
            self._draw(stroke, (float(red), float(green), float(blue)), window)
        return self._read(slice(0, 3))


def paint_list(stroke_list: StrokeList, brush: str | None = None) -> NDArray[np.float32]:
    """Paint a whole painting by the real brush: (height, width, 3) float32 RGB in [0, 1].

    Args:
        stroke_list: the strokes.
        brush: lays all of them; by default each is laid by its own.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: unknown brush, a brush of several colors, or paper beyond 8192 pixels.
    """
    size = stroke_list.width, stroke_list.height
    engines = {name: MyPaintEngine(size, name) for name in ((brush,) if brush else stroke_list.brushes)}
    canvas = np.broadcast_to(np.array(stroke_list.background, np.float32), (size[1], size[0], 3))
    for name, part in [(brush, stroke_list)] if brush else stroke_list.by_brush():
        canvas = engines[name].paint(part.strokes, canvas, part.windows)
    return np.ascontiguousarray(canvas)


def stroke_events(stroke: NDArray[np.float64], size: float = CANVAS_SIZE) -> list[tuple[float, float, float]]:
    """The pen's motion for one stroke: 103 events (x, y, pressure), 0.1 s apart, x and y in pixels.

    After the Neural Painters notebooks (``generate_stroke_examples``): the pen touches the paper at
    the start, enters, follows the curve while the pressure runs from entry over the middle to the
    end pressure, and lifts.
    """
    start, control, end = (stroke[part] * size for part in (layout.START, layout.CONTROL, layout.END))
    bezier = bezier_control(start, control, end)
    entry = stroke[layout.ENTRY_PRESSURE] * layout.PRESSURE_SCALE
    last = stroke[layout.END_PRESSURE] * layout.PRESSURE_SCALE
    middle = (entry + last) / 2
    t = np.arange(1, _CURVE_EVENTS + 1) / _CURVE_EVENTS
    points = bezier_point(start, bezier, end, t[:, None])
    pressures = np.interp(t, (0.0, 0.25, 0.75, 1.0), (entry, middle, middle, last))
    direction = points[0] - start
    length = np.hypot(*direction)
    entry_point = start + direction / length * (_ENTRY_STEP_PIXELS * size / CANVAS_SIZE) if length else start
    return [
        (start[0], start[1], 0.0),
        (entry_point[0], entry_point[1], entry),
        *zip(points[:, 0].tolist(), points[:, 1].tolist(), pressures.tolist(), strict=True),
        (end[0], end[1], 0.0),
    ]
