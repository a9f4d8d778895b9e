"""The real brush: libmypaint through cffi. Nothing here is learned or differentiable.

libmypaint seeds a brush's random numbers when the brush is made and never again, so every stroke
gets a new brush: the same twelve numbers always leave the same ink.
"""

import colorsys
import functools
import json
import math
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidInputError, MissingLibraryError
from . import stroke as layout
from .stroke import CANVAS_SIZE, bezier_control, bezier_point, check_strokes

DEFAULT_BRUSH = "classic/dry_brush"
MAXIMUM_SIZE = 8192

_SONAME = "libmypaint-1.5.so.1"
_BRUSH_FOLDERS = (Path("/usr/share/mypaint-data/2.0/brushes"), Path("/usr/share/mypaint-data/1.0/brushes"))
_TILE = 64
_OPAQUE = 1 << 15
_EVENT_SECONDS = 0.1
_CURVE_EVENTS = 100
_ENTRY_STEP_PIXELS = 0.25
# Settings that bring in a second colour, or paint that is already on the canvas.
_COLOR_MIXING_SETTINGS = (
    "smudge",
    "eraser",
    "lock_alpha",
    "colorize",
    "posterize",
    "change_color_h",
    "change_color_l",
    "change_color_hsl_s",
    "change_color_v",
    "change_color_hsv_s",
)

_DECLARATIONS = """
typedef struct MyPaintBrush MyPaintBrush;
typedef struct MyPaintSurface MyPaintSurface;
typedef struct MyPaintTiledSurface MyPaintTiledSurface;
typedef struct MyPaintFixedTiledSurface MyPaintFixedTiledSurface;
typedef struct {
    int tx, ty, readonly;
    uint16_t *buffer;
    void *context;
    int thread_id, mipmap_level;
} MyPaintTileRequest;
MyPaintBrush *mypaint_brush_new(void);
void mypaint_brush_unref(MyPaintBrush *);
void mypaint_brush_reset(MyPaintBrush *);
int mypaint_brush_from_string(MyPaintBrush *, const char *);
void mypaint_brush_set_base_value(MyPaintBrush *, int, float);
int mypaint_brush_setting_from_cname(const char *);
int mypaint_brush_stroke_to(MyPaintBrush *, MyPaintSurface *, float x, float y, float pressure,
                            float xtilt, float ytilt, double dtime);
MyPaintFixedTiledSurface *mypaint_fixed_tiled_surface_new(int width, int height);
MyPaintSurface *mypaint_fixed_tiled_surface_interface(MyPaintFixedTiledSurface *);
void mypaint_surface_begin_atomic(MyPaintSurface *);
void mypaint_surface_end_atomic(MyPaintSurface *, void *roi);
void mypaint_surface_unref(MyPaintSurface *);
void mypaint_tile_request_init(MyPaintTileRequest *, int level, int tx, int ty, int readonly);
void mypaint_tiled_surface_tile_request_start(MyPaintTiledSurface *, MyPaintTileRequest *);
void mypaint_tiled_surface_tile_request_end(MyPaintTiledSurface *, MyPaintTileRequest *);
void *rng_double_new(long seed);
double rng_double_next(void *);
void rng_double_free(void *);
float rand_gauss(void *);
"""


@functools.cache
def _library() -> tuple[cffi.FFI, Any]:
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    try:
        return ffi, ffi.dlopen(_SONAME)
    except OSError:
        raise MissingLibraryError(
            f"{_SONAME} was not found: install the system packages with "
            "'apt-get install libmypaint-1.5-1 mypaint-brushes' (Debian, Ubuntu)"
        ) from None


@functools.cache
def _brush_definition(name: str) -> bytes:
    """The brush file's text for a brush of a single colour.

    Raises:
        MissingLibraryError: no brush collection is installed.
        InvalidInputError: no brush of that name, or one that needs more than its own colour.
    """
    folders = [folder for folder in _BRUSH_FOLDERS if folder.is_dir()]
    if not folders:
        raise MissingLibraryError(
            "no MyPaint brushes were found: install the system package with 'apt-get install mypaint-brushes'"
        )
    for folder in folders:
        path = (folder / f"{name}.myb").resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            text = path.read_bytes()
            break
    else:
        raise InvalidInputError(f"there is no brush {name!r} under {folders[0]}; try 'classic/charcoal'")
    settings = json.loads(text)["settings"]
    for setting in _COLOR_MIXING_SETTINGS:
        value = settings.get(setting, {"base_value": 0.0, "inputs": {}})
        if value["base_value"] or value["inputs"]:
            raise InvalidInputError(
                f"brush {name!r} is not of a single colour ({setting} is set); try 'classic/charcoal'"
            )
    return text


class MyPaintEngine:
    """Draws strokes with the real libmypaint.

    Args:
        size: side of the square canvas in pixels, 1 to 8192. Strokes scale with it: at ``size``
            pixels the radius is ``size / 64`` times that at 64 pixels.
        brush: name of an installed MyPaint brush that uses one colour, such as
            ``"classic/dry_brush"``, which the neural painters learned, or ``"classic/charcoal"``.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: unknown brush, a brush of several colours, or a bad size.

    An engine owns a drawing surface and is not thread-safe: use one engine a thread.
    """

    def __init__(self, size: int = CANVAS_SIZE, brush: str = DEFAULT_BRUSH) -> None:
        if not isinstance(size, int) or not 1 <= size <= MAXIMUM_SIZE:
            raise InvalidInputError(f"engine size is {size!r}, expected a whole number from 1 to {MAXIMUM_SIZE}")
        self.size = size
        self.brush = brush
        self._ffi, self._lib = _library()
        self._definition = _brush_definition(brush)
        surface = self._lib.mypaint_fixed_tiled_surface_new(size, size)
        self._interface = self._ffi.gc(
            self._lib.mypaint_fixed_tiled_surface_interface(surface), self._lib.mypaint_surface_unref
        )
        self._tiles = self._map_tiles(self._ffi.cast("MyPaintTiledSurface *", surface))
        self._setting = {
            name: self._lib.mypaint_brush_setting_from_cname(name.encode())
            for name in ("radius_logarithmic", "color_h", "color_s", "color_v")
        }

    def _map_tiles(self, surface: Any) -> list[tuple[int, int, NDArray[np.uint16]]]:
        tiles = []
        request = self._ffi.new("MyPaintTileRequest *")
        count = math.ceil(self.size / _TILE)
        for ty in range(count):
            for tx in range(count):
                self._lib.mypaint_tile_request_init(request, 0, tx, ty, 0)
                self._lib.mypaint_tiled_surface_tile_request_start(surface, request)
                buffer = self._ffi.buffer(request.buffer, _TILE * _TILE * 4 * 2)
                tiles.append((ty, tx, np.frombuffer(buffer, np.uint16).reshape(_TILE, _TILE, 4)))
                self._lib.mypaint_tiled_surface_tile_request_end(surface, request)
        return tiles

    def _load(self, pixels: NDArray[np.uint16] | None) -> None:
        """Put (size, size, 4) premultiplied fix15 pixels on the surface; None makes it transparent."""
        for ty, tx, tile in self._tiles:
            tile[:] = 0
            if pixels is not None:
                part = pixels[ty * _TILE : (ty + 1) * _TILE, tx * _TILE : (tx + 1) * _TILE]
                tile[: part.shape[0], : part.shape[1]] = part

    def _read(self, channels: slice) -> NDArray[np.float32]:
        side = math.ceil(self.size / _TILE) * _TILE
        depth = len(range(*channels.indices(4)))
        pixels = np.empty((side, side, depth), np.float32)
        for ty, tx, tile in self._tiles:
            pixels[ty * _TILE : (ty + 1) * _TILE, tx * _TILE : (tx + 1) * _TILE] = tile[..., channels]
        return pixels[: self.size, : self.size] / np.float32(_OPAQUE)

    def _draw(self, stroke: NDArray[np.float64], color: tuple[float, float, float]) -> None:
        lib = self._lib
        brush = lib.mypaint_brush_new()
        try:
            if not lib.mypaint_brush_from_string(brush, self._definition):
                raise InvalidInputError(f"libmypaint could not read the brush {self.brush!r}")
            radius = layout.LOG_RADIUS_SCALE * stroke[layout.SIZE] + math.log(self.size / CANVAS_SIZE)
            lib.mypaint_brush_set_base_value(brush, self._setting["radius_logarithmic"], radius)
            for name, value in zip(("color_h", "color_s", "color_v"), colorsys.rgb_to_hsv(*color), strict=True):
                lib.mypaint_brush_set_base_value(brush, self._setting[name], value)
            lib.mypaint_brush_reset(brush)
            lib.mypaint_surface_begin_atomic(self._interface)
            for x, y, pressure in stroke_events(stroke, self.size):
                lib.mypaint_brush_stroke_to(brush, self._interface, x, y, pressure, 0.0, 0.0, _EVENT_SECONDS)
            lib.mypaint_surface_end_atomic(self._interface, self._ffi.NULL)
        finally:
            lib.mypaint_brush_unref(brush)

    def stroke(self, stroke: ArrayLike) -> NDArray[np.float32]:
        """Coverage of one stroke.

        Args:
            stroke: (12,) in [0, 1]; its colour does not matter.

        Returns:
            (size, size) float32 in [0, 1]: how much of each pixel is covered with paint.

        Raises:
            InvalidInputError: wrong shape, or a number outside [0, 1].
        """
        strokes = check_strokes(stroke)
        if len(strokes) != 1:
            raise InvalidInputError(f"stroke() draws one stroke, got {len(strokes)}; use paint() for several")
        self._load(None)
        self._draw(strokes[0].astype(np.float64), (0.0, 0.0, 0.0))
        return self._read(slice(3, 4))[..., 0]

    def coverage(self, strokes: ArrayLike) -> NDArray[np.float32]:
        """Coverage of each stroke on a canvas of its own: (N, 12) in [0, 1] -> (N, size, size)."""
        checked = check_strokes(strokes)
        return (
            np.stack([self.stroke(stroke) for stroke in checked])
            if len(checked)
            else np.empty((0, self.size, self.size), np.float32)
        )

    def paint(self, strokes: ArrayLike, canvas: ArrayLike | None = None) -> NDArray[np.float32]:
        """Paint strokes one over the other, in their colours.

        Args:
            strokes: (N, 12) in [0, 1]; later strokes lie on top.
            canvas: (size, size, 3) in [0, 1] to paint on; white paper by default.

        Returns:
            (size, size, 3) float32 RGB in [0, 1].

        Raises:
            InvalidInputError: strokes or canvas of the wrong shape or range.
        """
        checked = check_strokes(strokes)
        pixels = np.full((self.size, self.size, 4), _OPAQUE, np.uint16)
        if canvas is not None:
            array = np.asarray(canvas, np.float32)
            if array.shape != (self.size, self.size, 3) or not ((array >= 0) & (array <= 1)).all():
                raise InvalidInputError(f"canvas must be ({self.size}, {self.size}, 3) in [0, 1], got {array.shape}")
            pixels[..., :3] = np.rint(array * _OPAQUE)
        self._load(pixels)
        for stroke in checked.astype(np.float64):
            red, green, blue = stroke[layout.COLOR]
            self._draw(stroke, (float(red), float(green), float(blue)))
        return self._read(slice(0, 3))


def stroke_events(stroke: NDArray[np.float64], size: int = CANVAS_SIZE) -> list[tuple[float, float, float]]:
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


def brush_noise(dabs: int, seed: int = 1000) -> NDArray[np.float32]:
    """The random numbers that libmypaint gives the first ``dabs`` dabs of every fresh brush.

    libmypaint (``mypaint_brush_new``) seeds its generator with 1000; a reset draws one number, then
    every dab draws a Gaussian for x, one for y and one for the radius, and a uniform number.

    Returns:
        (dabs, 3) float32, standard normal: x offset, y offset, log radius.
    """
    _, lib = _library()
    source = lib.rng_double_new(seed)
    try:
        lib.rng_double_next(source)
        noise = np.empty((dabs, 3), np.float32)
        for row in noise:
            row[:] = [lib.rand_gauss(source) for _ in range(3)]
            lib.rng_double_next(source)
        return noise
    finally:
        lib.rng_double_free(source)
