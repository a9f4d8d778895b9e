"""libmypaint's own dabs: which ones it asks of a surface for a stroke, and what one of them leaves there."""

import json
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray
from paintgym.painters.mypaint.brushes import brush_definition
from paintgym.painters.mypaint.engine import stroke_events
from paintgym.painters.mypaint.library import _DECLARATIONS, _SONAME

_FFI = cffi.FFI()
_FFI.cdef(
    _DECLARATIONS
    + """
typedef int (*DrawDab)(MyPaintSurface *, float x, float y, float radius, float r, float g, float b, float opaque,
                       float hardness, float alpha_eraser, float aspect, float angle, float lock_alpha, float colorize);
struct MyPaintSurface {
    DrawDab draw_dab; void *get_color; void *begin; void *end; void *destroy; void *save; int refcount;
};
int mypaint_surface_draw_dab(MyPaintSurface *, float, float, float, float, float, float, float, float, float, float,
                             float, float, float);
"""
)


def engine_dabs(stroke: NDArray[np.float64], brush: str) -> NDArray[np.float64]:
    """The dabs of a stroke (12,) on the 64x64 canvas: (M, 7) x, y, radius, opacity, hardness, ratio, angle."""
    lib = _FFI.dlopen(_SONAME)
    found: list[tuple[float, ...]] = []

    def note(_: Any, x: float, y: float, radius: float, *rest: float) -> int:
        opacity, hardness, _, ratio, angle = rest[3:8]
        found.append((x, y, radius, opacity, hardness, ratio, angle))
        return 1

    callback = _FFI.callback("DrawDab", note)
    surface = _FFI.new("MyPaintSurface *")
    surface.draw_dab, surface.refcount = callback, 1
    definition = brush_definition(brush)
    settings = json.loads(definition)["settings"]
    values = {"radius_logarithmic": 2 * stroke[1]}
    for name, usual in (("speed1_slowness", 0.04), ("speed2_slowness", 0.8)):
        values[name] = settings.get(name, {"base_value": usual})["base_value"]
    made = lib.mypaint_brush_new()
    lib.mypaint_brush_from_string(made, definition)
    for name, value in values.items():
        lib.mypaint_brush_set_base_value(made, lib.mypaint_brush_setting_from_cname(name.encode()), value)
    lib.mypaint_brush_reset(made)
    for x, y, pressure in stroke_events(stroke):
        lib.mypaint_brush_stroke_to(made, surface, x, y, pressure, 0.0, 0.0, 0.1)
    lib.mypaint_brush_unref(made)
    return np.array(found).reshape(-1, 7)


def engine_mask(x: float, y: float, radius: float, hardness: float, ratio: float, angle: float) -> NDArray[np.float64]:
    """(64, 64) what one opaque dab covers, by ``render_dab_mask``; the angle in degrees."""
    lib = _FFI.dlopen(_SONAME)
    surface = lib.mypaint_fixed_tiled_surface_new(64, 64)
    interface, request = lib.mypaint_fixed_tiled_surface_interface(surface), _FFI.new("MyPaintTileRequest *")
    lib.mypaint_tile_request_init(request, 0, 0, 0, 0)
    lib.mypaint_tiled_surface_tile_request_start(_FFI.cast("MyPaintTiledSurface *", surface), request)
    pixels = np.frombuffer(_FFI.buffer(request.buffer, 64 * 64 * 8), np.uint16).reshape(64, 64, 4)
    pixels[:] = 0
    lib.mypaint_surface_begin_atomic(interface)
    lib.mypaint_surface_draw_dab(interface, x, y, radius, 0, 0, 0, 1.0, hardness, 1.0, ratio, angle, 0, 0)
    lib.mypaint_surface_end_atomic(interface, _FFI.NULL)
    return pixels[..., 3] / float(1 << 15)
