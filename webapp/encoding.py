"""Finished paintings as files: pictures, films, strokes, and what the page replays. Their addresses are elsewhere."""

import base64
import io
import json
import tempfile
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..agents.outputs.painting import Painting
from ..painters.mypaint.engine import paint_list
from ..painters.raster import WHOLE, Raster
from ..painters.stroke import CANVAS_SIZE, COLOR

FORMS = {"png": "image/png", "webp": "image/webp", "gif": "image/gif", "json": "application/json"}
_ENLARGE = {"png": 8, "webp": 6, "gif": 4, "json": 1}
_FILM_SIDE = 512
"""Longer side of the films of large paintings: sixty frames are held at a time."""
_MYPAINT_SIDE = 768
_MARGIN = CANVAS_SIZE // 4
_INK = Raster(-_MARGIN, -_MARGIN, WHOLE.step, CANVAS_SIZE + 2 * _MARGIN, CANVAS_SIZE + 2 * _MARGIN)
"""Ink runs beyond its window a little."""
_STROKES_AT_ONCE = 128

# Films take seconds of a core each, and large ones memory.
_encoding = threading.Semaphore(2)
_brush = threading.Lock()


def encode(painting: Painting, form: str) -> bytes:
    """A painting in one of ``FORMS``: the picture, a film of its making, or its strokes."""
    side = max(painting.image.shape[:2])
    # A copy, because a painting remembers its frames.
    painting = replace(painting)
    if form in ("webp", "gif") and side > _FILM_SIDE:
        painting = _reduce(painting)
    # Paintings save themselves to files, whole; the name is ours.
    with _encoding, tempfile.TemporaryDirectory(prefix="paintgym-") as folder:
        path = Path(folder) / f"painting.{form}"
        painting.save(path, enlarge=_ENLARGE[form] if side == CANVAS_SIZE else 1)
        return path.read_bytes()


def encode_by_mypaint(painting: Painting) -> bytes:
    """The strokes laid by the real MyPaint, as PNG: small paintings enlarged, others at their size.

    Raises:
        MissingLibraryError: it is not installed.
    """
    stroke_list = painting.stroke_list
    small = max(stroke_list.width, stroke_list.height) < _MYPAINT_SIDE
    with _brush:
        pixels = paint_list(stroke_list.scaled(_MYPAINT_SIDE) if small else stroke_list)
    content = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


@torch.inference_mode()
def encode_for_replay(painting: Painting) -> bytes:
    """What a page needs to lay the strokes of a large painting one by one, as JSON.

    Returns:
        ``side`` and ``margin`` of each stroke's ink in pixels, so that ``side - 2 * margin`` pixels span its window;
        ``windows`` and ``colors``, three numbers a stroke; and ``ink``: T x side x side bytes of coverage, 0 to 255,
        deflated, in base64.
    """
    packer, packed = zlib.compressobj(1), []
    with _encoding:
        for strokes in torch.from_numpy(painting.strokes).split(_STROKES_AT_ONCE):
            ink = painting.painter.sample(strokes, _INK)  # type: ignore[attr-defined]
            packed.append(packer.compress(ink.mul(255).round_().to(torch.uint8).numpy().tobytes()))
    packed.append(packer.flush())
    stroke_list = painting.stroke_list
    document = {
        "side": _INK.width,
        "margin": _MARGIN,
        "windows": np.round(stroke_list.windows.astype(float), 2).tolist(),
        "colors": np.round(stroke_list.strokes[:, COLOR].astype(float), 3).tolist(),
        "ink": base64.b64encode(b"".join(packed)).decode("ascii"),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _reduce(painting: Painting) -> Painting:
    stroke_list = painting.stroke_list.scaled(_FILM_SIDE)
    image = Image.fromarray(painting.image).resize((stroke_list.width, stroke_list.height), Image.Resampling.LANCZOS)
    return replace(painting, stroke_list=stroke_list, image=np.asarray(image))
