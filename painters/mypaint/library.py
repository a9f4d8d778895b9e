"""The C library libmypaint, found and declared through cffi."""

import functools
from typing import Any

import cffi

from ...errors import MissingLibraryError

_SONAME = "libmypaint-1.5.so.1"
"""Of libmypaint 1.5 and 1.6, whose interface is declared below."""

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
typedef struct {
    const char *cname, *name;
    int constant;
    float min, def, max;
    const char *tooltip;
} MyPaintBrushSettingInfo;
MyPaintBrush *mypaint_brush_new(void);
void mypaint_brush_unref(MyPaintBrush *);
void mypaint_brush_reset(MyPaintBrush *);
int mypaint_brush_from_string(MyPaintBrush *, const char *);
void mypaint_brush_set_base_value(MyPaintBrush *, int, float);
void mypaint_brush_set_state(MyPaintBrush *, int, float);
int mypaint_brush_setting_from_cname(const char *);
const MyPaintBrushSettingInfo *mypaint_brush_setting_info(int);
int mypaint_brush_input_from_cname(const char *);
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
