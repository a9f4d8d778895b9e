"""A painting's strokes, and what a program makes of its layers."""

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
from paintgym.painters.stroke_list import StrokeList
from PIL import Image


def make_stroke_list(count: int = 24) -> StrokeList:
    """Strokes of two levels on tinted paper that is wider than high."""
    generator = np.random.default_rng(5)
    strokes = generator.random((count, 12)).astype(np.float32)
    corners = generator.uniform(-8, 60, (count, 2))
    sides = np.where(np.arange(count) < count // 2, 70, 32)
    windows = np.concatenate([corners, sides[:, None]], 1).astype(np.float32)
    return StrokeList(96, 71, strokes, windows, (0.9, 0.8, 0.7))


def recompose(archive: zipfile.ZipFile) -> np.ndarray:
    """What a program that opens an OpenRaster file shows, computed by Pillow, layer over layer."""
    image = ElementTree.fromstring(archive.read("stack.xml"))
    canvas = Image.new("RGBA", (int(image.attrib["w"]), int(image.attrib["h"])))
    for layer in reversed(image.find("stack").findall("layer")):
        assert layer.attrib["composite-op"] == "svg:src-over"
        pixels = Image.open(io.BytesIO(archive.read(layer.attrib["src"])))
        assert pixels.mode == "RGBA"
        canvas.alpha_composite(pixels, (int(layer.attrib["x"]), int(layer.attrib["y"])))
    return np.asarray(canvas).astype(int)
