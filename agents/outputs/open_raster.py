"""Paintings as OpenRaster: a layer of strokes for each size of windows, on a layer of paper.

For Krita, GIMP and MyPaint. The format: https://www.openraster.org/baseline/file-layout-spec.html
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ...painters.pixels import to_uint8
from ...painters.stroke_list import StrokeList
from ...painters.windows import blank_canvas
from .timelapse import Timelapse

_MOST_LAYERS = 24
"""Of strokes; a painting whose levels alternate has the rest of them in the last."""
_THUMBNAIL_SIDE = 256
"""Pixels, as the format wants them at most."""


class _Layer(NamedTuple):
    name: str
    pixels: NDArray[np.uint8]
    """(height, width, 4), color not multiplied by coverage."""


def write_open_raster(painting: Timelapse, path: Path, enlarge: int = 1) -> None:
    """Write the layers of a painting, its strokes painted at ``enlarge`` times its size."""
    stroke_list = painting.stroke_list
    if enlarge > 1:
        stroke_list = stroke_list.scaled(enlarge * max(stroke_list.width, stroke_list.height))
    paper = np.full((stroke_list.height, stroke_list.width, 4), 255, np.uint8)
    paper[..., :3] = to_uint8(blank_canvas(stroke_list))
    merged = painting.image if enlarge == 1 else to_uint8(painting.composite(stroke_list, blank_canvas(stroke_list)))
    layers = [_Layer("paper", paper), *_stroke_layers(painting, stroke_list)]

    image = ElementTree.Element(
        "image", version="0.0.5", w=str(stroke_list.width), h=str(stroke_list.height), xres="72", yres="72"
    )
    stack = ElementTree.SubElement(image, "stack")
    with zipfile.ZipFile(path, "w") as archive:
        # First and stored, so that programs know the file by its first bytes.
        _store(archive, "mimetype", b"image/openraster")
        for number, layer in reversed(list(enumerate(layers))):
            source = f"data/layer{number}.png"
            _store(archive, source, _png(layer.pixels))
            attributes = {"src": source, "name": layer.name, "x": "0", "y": "0", "opacity": "1.0"}
            ElementTree.SubElement(stack, "layer", {**attributes, "composite-op": "svg:src-over"})
        thumbnail = Image.fromarray(merged)
        thumbnail.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        _store(archive, "Thumbnails/thumbnail.png", _png(np.asarray(thumbnail)))
        _store(archive, "mergedimage.png", _png(merged))
        _store(archive, "stack.xml", ElementTree.tostring(image, encoding="UTF-8", xml_declaration=True))


def layer_bounds(levels: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Where the strokes of each layer begin and end: runs of one level, the last one with all that is left."""
    if not len(levels):
        return []
    starts = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist()][:_MOST_LAYERS]
    return list(zip(starts, [*starts[1:], len(levels)], strict=True))


def _stroke_layers(painting: Timelapse, stroke_list: StrokeList) -> Iterator[_Layer]:
    levels = stroke_list.levels
    for start, end in layer_bounds(levels):
        part = stroke_list.part(start, end)
        # On black, strokes leave their color times their coverage; what they leave of white is what they do not
        # cover. So whoever can paint can paint layers; brushes that smudge, for which this is wrong, are refused.
        black = painting.composite(part, torch.zeros(3, stroke_list.height, stroke_list.width)).clone()
        white = painting.composite(part, torch.ones(3, stroke_list.height, stroke_list.width))
        names = " and ".join(str(level) for level in dict.fromkeys((levels[start], levels[end - 1])))
        yield _Layer(f"level {names}, {end - start} strokes", _straight(black, 1 - (white - black).mean(0)))


def _straight(premultiplied: Tensor, coverage: Tensor) -> NDArray[np.uint8]:
    alpha = (coverage.clamp(0, 1) * 255).round()
    # By the coverage that is stored, rounded: so the rounding of one mends that of the other.
    color = (premultiplied / (alpha / 255).clamp(min=1 / 255)).clamp(0, 1) * 255
    return torch.cat([color.round(), alpha[None]]).to(torch.uint8).permute(1, 2, 0).numpy()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def _store(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # PNGs are compressed already; without a date the same painting gives the same bytes.
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_STORED)
