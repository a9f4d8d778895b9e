"""Finished paintings as files: pictures, films, strokes, and what the page replays."""

import base64
import contextlib
import io
import json
import tempfile
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..agents.outputs.painting import Painting
from ..agents.outputs.replay import Replay
from ..envs.pictures import Picture
from ..painters.device import device_of
from ..painters.mypaint.engine import paint_list
from ..painters.painter import Painter
from ..painters.pixels import to_uint8
from ..painters.raster import WHOLE, Raster
from ..painters.stroke import CANVAS_SIZE, COLOR
from ..painters.stroke_list import StrokeList
from ..painters.windows import blank_canvas
from .errors import BusyError, RequestError

FORMATS = {
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "svg": "image/svg+xml",
    "json": "application/json",
}
"""Kinds of files that a painting is fetched as, with their media types."""
QUICK = ("png", "json")
"""Those of milliseconds, which wait for no others."""
LARGEST_PRINT = 4096
"""Pixels; longer side of the largest pictures that strokes are drawn again for."""
_ENLARGEMENT = {"png": 8, "webp": 6, "gif": 4, "mp4": 8, "svg": 8, "json": 1}
"""Of paintings of 64x64, whose pixels nobody could see; films less, whose frames take time to encode and to send."""
_FILMS = ("webp", "gif", "mp4")
_FILM_SIDE = 512
"""Pixels; longer side of the films of large paintings, of which up to sixty frames are held in memory at a time."""
_MYPAINT_SIDE = 768
"""Pixels; small paintings are enlarged to it, as large as the page shows them."""

_MARGIN = CANVAS_SIZE // 4
_INK_RASTER = Raster(-_MARGIN, -_MARGIN, WHOLE.step, CANVAS_SIZE + 2 * _MARGIN, CANVAS_SIZE + 2 * _MARGIN)
"""A window and the margin around it, in pixels of the window's 64: coverage runs beyond its window a little."""
_INK_BATCH_SIZE = 128
"""Strokes whose coverage is held in memory at a time: 5 MB."""

# Films take seconds of a core each, and large ones memory: more than two at a time would starve the painters.
_encoding_slots = threading.Semaphore(2)
_mypaint_lock = threading.Lock()
# The largest print takes half a gigabyte while it is drawn.
_print_slot = threading.Semaphore(1)
_PRINT_WAIT_SECONDS = 30
"""Nearly all are drawn again in less."""
_PRINT_SECONDS = 120
"""Strokes that are laid again for longer are those of somebody who keeps the others waiting."""
_PRINT_PART = 100
"""Strokes, after which the clock is looked at."""


def encode(painting: Painting, file_format: str) -> bytes:
    """A painting in one of ``FORMATS``: the picture, a film of its making, or its strokes.

    Raises:
        MissingLibraryError: ``mp4`` without PyAV.
    """
    side = max(painting.image.shape[:2])
    # A copy, because a painting remembers its frames.
    painting = replace(painting)
    if file_format in _FILMS and side > _FILM_SIDE:
        painting = _reduce(painting)
    # Paintings save themselves to files, whole; the name is ours.
    slot = contextlib.nullcontext() if file_format in QUICK else _encoding_slots
    with slot, tempfile.TemporaryDirectory(prefix="paintgym-") as folder:
        path = Path(folder) / f"painting.{file_format}"
        painting.save(path, enlarge=_ENLARGEMENT[file_format] if side == CANVAS_SIZE else 1)
        return path.read_bytes()


def encode_print(painting: Painting, side: int) -> bytes:
    """The strokes laid again, as PNG of a longer side in pixels; raises as ``lay_again`` does."""
    painters = {painter.brush: painter for painter in painting.painters} or painting.painter
    content = io.BytesIO()
    Image.fromarray(lay_again(painting.stroke_list, painters, side)).save(content, "PNG", compress_level=3)
    return content.getvalue()


def lay_again(strokes: StrokeList, painter: Painter | Mapping[str, Painter], side: int | None = None) -> Picture:
    """The picture that strokes make, of a longer side in pixels; by default their own.

    Raises:
        BusyError: others are drawn all the time.
        RequestError: it takes too long.
    """
    if not _print_slot.acquire(timeout=_PRINT_WAIT_SECONDS):
        raise BusyError("print_busy", retry_after=_PRINT_WAIT_SECONDS, seconds=_PRINT_WAIT_SECONDS)
    try:
        replay = Replay(strokes, painter, side)
        strokes, until = replay.stroke_list, time.monotonic() + _PRINT_SECONDS
        canvas = blank_canvas(strokes)
        for first in range(0, len(strokes), _PRINT_PART):
            if time.monotonic() > until:
                raise RequestError("print_slow", seconds=_PRINT_SECONDS)
            canvas = replay.composite(strokes.part(first, first + _PRINT_PART), canvas)
        return to_uint8(canvas)
    finally:
        _print_slot.release()


def encode_by_mypaint(painting: Painting) -> bytes:
    """The strokes laid by the real MyPaint, as PNG: small paintings enlarged, others at their size.

    Raises:
        MissingLibraryError: it is not installed.
    """
    stroke_list = painting.stroke_list
    small = max(stroke_list.width, stroke_list.height) < _MYPAINT_SIDE
    with _mypaint_lock:
        pixels = paint_list(stroke_list.scaled(_MYPAINT_SIDE) if small else stroke_list)
    content = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


def encode_for_replay(painting: Painting) -> bytes:
    """What a page needs to lay the strokes of a large painting one by one: ``window_data``, as JSON."""
    with _encoding_slots:
        document = window_data(painting.stroke_list, painting.painter)
    return json.dumps(document, separators=(",", ":")).encode()


@torch.inference_mode()
def window_data(stroke_list: StrokeList, painter: Painter) -> dict[str, Any]:
    """Strokes of a large painting as the page takes them.

    Returns:
        ``side`` and ``margin`` of each stroke's ink in pixels, so that ``side - 2 * margin`` pixels span its window;
        ``windows`` and ``colors``, three numbers a stroke; and ``ink``: T x side x side bytes of coverage, 0 to 255,
        deflated, in base64.
    """
    packer, packed = zlib.compressobj(1), []
    for strokes in torch.from_numpy(stroke_list.strokes).to(device_of(painter)).split(_INK_BATCH_SIZE):
        ink = painter.sample(strokes, _INK_RASTER)
        packed.append(packer.compress(ink.mul(255).round_().to(torch.uint8).cpu().numpy().tobytes()))
    packed.append(packer.flush())
    return {
        "side": _INK_RASTER.width,
        "margin": _MARGIN,
        "windows": np.round(stroke_list.windows.astype(float), 2).tolist(),
        "colors": np.round(stroke_list.strokes[:, COLOR].astype(float), 3).tolist(),
        "ink": base64.b64encode(b"".join(packed)).decode("ascii"),
    }


def _reduce(painting: Painting) -> Painting:
    stroke_list = painting.stroke_list.scaled(_FILM_SIDE)
    image = Image.fromarray(painting.image).resize((stroke_list.width, stroke_list.height), Image.Resampling.LANCZOS)
    return replace(painting, stroke_list=stroke_list, image=np.asarray(image))
