"""The C library libmypaint, found and declared through cffi, and its installed brushes. Strokes are in ``mypaint``."""

import functools
import json
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidInputError, MissingLibraryError

_SONAME = "libmypaint-1.5.so.1"
_BRUSH_FOLDERS = (Path("/usr/share/mypaint-data/2.0/brushes"), Path("/usr/share/mypaint-data/1.0/brushes"))
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
def library() -> tuple[cffi.FFI, Any]:
    """The foreign function interface, and libmypaint's functions.

    Raises:
        MissingLibraryError: it is not installed.
    """
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
def brush_definition(name: str) -> bytes:
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


def brush_noise(dabs: int, seed: int = 1000) -> NDArray[np.float32]:
    """The random numbers that libmypaint gives the first ``dabs`` dabs of every fresh brush.

    libmypaint (``mypaint_brush_new``) seeds its generator with 1000; a reset draws one number, then
    every dab draws a Gaussian for x, one for y and one for the radius, and a uniform number.

    Returns:
        (dabs, 3) float32, standard normal: x offset, y offset, log radius.
    """
    _, lib = library()
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
