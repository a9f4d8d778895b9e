"""Procedural targets: bars, rings, arcs, blobs and glyphs, plain or shaded, endless by seed. Nothing is downloaded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..pictures import Picture, fit_picture
from .names import Split

COUNTS = {"train": 1_000_000, "test": 1_000}
"""Pictures of each part; the numbers of one never give a picture of the other."""

PAPER = (0.93, 0.91, 0.87)
"""What the shapes lie on, red, green and blue: a color of its own, so that no flat color does well."""

_SECOND_SHAPE, _SHADED = 0.2, 0.4
"""Chances of a second shape, and of a fill that runs from one color to another."""
_LEAST_CONTRAST = 110
"""Levels, of 255, by which one channel of a color differs at least from the paper."""
_SIDE = 128
"""They are drawn at this side in pixels, and scaled."""
_PARTS = {"train": 0, "test": 1}
_BOLD = 12
"""Pixels, of 512, by which glyphs are drawn thicker: a brush has no hairlines."""
_GLYPHS = "ABCDEFGHJKLMNPRSTUVXYZ2345679&?!"

Generator = np.random.Generator


@dataclass(frozen=True)
class Shapes:
    """Drawn pictures of a part, as ``sources.PictureSet`` has them.

    Attributes:
        split: the part.
    """

    split: Split
    channels = 3

    def __len__(self) -> int:
        return COUNTS[self.split]

    def name(self, index: int) -> str:
        """The name of picture ``index``."""
        return f"shapes, {self.split} {index}"

    def square(self, index: int, size: int) -> Picture:
        """Picture ``index``, (size, size, 3) uint8."""
        return fit_picture(draw_shapes(index, self.split), size)


def draw_shapes(number: int, split: Split) -> Picture:
    """Picture ``number`` of a part, (128, 128, 3) uint8: one or two shapes on ``PAPER``, plain or shaded.

    The same number gives the same picture, on every machine.
    """
    generator = np.random.default_rng([_PARTS[split], number])
    image = Image.new("RGB", (_SIDE, _SIDE), tuple(round(255 * part) for part in PAPER))
    for _ in range(1 + int(generator.random() < _SECOND_SHAPE)):
        kind = _KINDS[int(generator.integers(len(_KINDS)))]
        mask = Image.new("L", (4 * _SIDE, 4 * _SIDE))
        kind(ImageDraw.Draw(mask), generator)
        # Drawn four times as large and reduced: edges are smooth, whatever the shape.
        soft = mask.resize((_SIDE, _SIDE), Image.Resampling.BOX)
        image.paste(Image.fromarray(_fill(generator)), mask=soft)
    return np.asarray(image).copy()


def _fill(generator: Generator) -> NDArray[np.uint8]:
    """One color, or a gradient from one to another."""
    first = np.array(_color(generator), np.float64)
    second = np.array(_color(generator), np.float64) if generator.random() < _SHADED else None
    angle = generator.uniform(0, 2 * np.pi)
    if second is None:
        return np.full((_SIDE, _SIDE, 3), first, np.uint8)
    along = np.arange(_SIDE) / (_SIDE - 1) - 0.5
    share = (0.5 + (along * np.cos(angle) + along[:, None] * np.sin(angle)) / np.sqrt(2))[..., None]
    levels: NDArray[np.uint8] = np.rint(first + (second - first) * share).astype(np.uint8)
    return levels


def _color(generator: Generator) -> tuple[int, int, int]:
    """Any that stands out from the paper."""
    while True:
        red, green, blue = generator.integers(0, 256, 3).tolist()
        if (
            max(abs(part - 255 * paper) for part, paper in zip((red, green, blue), PAPER, strict=True))
            > _LEAST_CONTRAST
        ):
            return red, green, blue


def _point(generator: Generator) -> tuple[float, float]:
    x, y = generator.uniform(0.12, 0.88, 2) * 4 * _SIDE
    return float(x), float(y)


def _bar(draw: ImageDraw.ImageDraw, generator: Generator) -> None:
    width = float(generator.uniform(0.07, 0.18)) * 4 * _SIDE
    start, end = _point(generator), _point(generator)
    draw.line([start, end], fill=255, width=round(width))
    for x, y in (start, end):
        draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)


def _box_about(generator: Generator, low: float, high: float) -> list[float]:
    x, y = _point(generator)
    reach = float(generator.uniform(low, high)) * 4 * _SIDE
    return [x - reach, y - reach, x + reach, y + reach]


def _ring(draw: ImageDraw.ImageDraw, generator: Generator) -> None:
    width = round(float(generator.uniform(0.07, 0.12)) * 4 * _SIDE)
    draw.ellipse(_box_about(generator, 0.12, 0.22), outline=255, width=width)


def _arc(draw: ImageDraw.ImageDraw, generator: Generator) -> None:
    width = round(float(generator.uniform(0.07, 0.13)) * 4 * _SIDE)
    begin = float(generator.uniform(0, 360))
    draw.arc(_box_about(generator, 0.15, 0.3), begin, begin + float(generator.uniform(90, 250)), fill=255, width=width)


def _blob(draw: ImageDraw.ImageDraw, generator: Generator) -> None:
    x, y = _point(generator)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    waves = sum(generator.normal(0, 0.09) * np.sin(k * angles + generator.uniform(0, 2 * np.pi)) for k in (1, 2, 3))
    radius = float(generator.uniform(0.09, 0.17)) * 4 * _SIDE * (1 + waves)
    places = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1)
    draw.polygon([(float(a), float(b)) for a, b in places], fill=255)


def _glyph(draw: ImageDraw.ImageDraw, generator: Generator) -> None:
    letter = _GLYPHS[int(generator.integers(len(_GLYPHS)))]
    font = ImageFont.load_default(float(generator.uniform(0.4, 0.7)) * 4 * _SIDE)
    draw.text(_point(generator), letter, fill=255, font=font, anchor="mm", stroke_width=_BOLD)


_KINDS = (_bar, _ring, _arc, _blob, _glyph)
