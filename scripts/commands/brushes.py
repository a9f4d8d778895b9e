"""``paintgym brushes``: which of MyPaint's brushes there are, which can be painted with, and how they look.

paintgym brushes                                 # all installed ones
paintgym brushes my_brush.myb classic/charcoal   # some, or files of your own
paintgym brushes --sheet brushes.png
paintgym brushes --sheet painted.webp --picture photo.jpg    # painted with each brush that a painter learned
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from ...errors import InvalidInputError
from ...files import check_can_write, write_whole
from ...painters.mypaint.brushes import Brush, brush_definition, brushes, find_brush
from ...painters.names import DEFAULT_BRUSH, brush_key, learned_brushes
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from PIL.Image import Image

    from ...painters.painter import Painter

_COLUMNS, _LETTERS, _QUALITY = 5, 20, 85
"""Paintings beside each other, height of their names in pixels, and WebP's quality."""


@dataclass(frozen=True)
class Arguments:
    """List MyPaint's brushes: those that lay a single color can be painted with, of the others it says why not."""

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Installed brushes such as classic/charcoal, or .myb files; all installed ones by default."""
    sheet: Path | None = None
    """Write a contact sheet (.png or .webp) here: the real brush's strokes, and below them the neural painter's where
    one learned the brush."""
    picture: Path | None = None
    """For the sheet: a picture that the policy paints with each brush that a painter learned, instead of strokes."""
    strokes: int = 1_000
    """For the picture: strokes of each painting."""
    size: int = 256
    """For the picture: the longer side of each painting in pixels."""


def run(arguments: Arguments) -> None:
    """Print what there is, and write the sheet."""
    if arguments.sheet:
        with about("--sheet"):
            if arguments.sheet.suffix not in (".png", ".webp"):
                raise InvalidInputError(f"{arguments.sheet} is no .png or .webp")
            check_can_write(arguments.sheet)
    elif arguments.picture:
        raise InvalidInputError("--picture is painted on a sheet; name one with --sheet")
    found = [find_brush(name) for name in arguments.names] or brushes()
    width, learned = max(len(brush.name) for brush in found), {DEFAULT_BRUSH, *learned_brushes()}
    for brush in found:
        told = "a neural painter learned it" if _key(brush) in learned else "" if brush.obstacle else _prospect(brush)
        print(f"{brush.name:<{width}}  {brush.obstacle or told}")
    paintable = [brush.name for brush in found if brush.paintable]
    ready = sum(brush.paintable and _key(brush) in learned for brush in found)
    print(f"{len(paintable)} of {len(found)} can be painted with; {ready} have a neural painter")
    if ready < len(paintable):
        print("'paintgym train-painter gan --brush NAME' makes one for another, in minutes")
    if not arguments.sheet:
        return
    if not paintable:
        brush_definition(found[0].name)  # says why not
    from ...painters.mypaint.sheet import brush_sheet
    from ...painters.registry import load_painter

    painters = {
        brush.name: load_painter("gan", brush=brush.name)
        for brush in found
        if brush.paintable and _key(brush) in learned
    }
    picture = arguments.picture
    sheet = _painted(picture, arguments, painters) if picture else brush_sheet(paintable, painters)
    with write_whole(arguments.sheet) as temporary:
        if arguments.sheet.suffix == ".webp":
            sheet.save(temporary, format="WEBP", quality=_QUALITY, method=6)
        else:
            sheet.save(temporary, format="PNG", optimize=True)
    print(f"wrote {arguments.sheet}")


def _painted(picture: Path, arguments: Arguments, painters: "dict[str, Painter]") -> "Image":
    """A picture, painted with each brush, and their names."""
    from PIL import Image, ImageDraw, ImageFont

    from ...agents.registry import load_agent

    if not painters:
        raise InvalidInputError("--picture: a painter has learned none of these brushes")
    paintings = {}
    with counting("painting", len(painters)) as advance:
        for name, painter in painters.items():
            agent = load_agent("policy", painter=painter)
            paintings[name] = agent.paint(picture, arguments.strokes, size=arguments.size).image
            advance(1)
    height, width = next(iter(paintings.values())).shape[:2]
    columns = min(_COLUMNS, len(paintings))
    rows = -(-len(paintings) // columns)
    sheet = Image.new("RGB", (columns * width, rows * (height + _LETTERS)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LETTERS - 6)
    for number, (name, image) in enumerate(paintings.items()):
        left, top = number % columns * width, number // columns * (height + _LETTERS)
        draw.text((left + 4, top + 1), name, "#505050", font)
        sheet.paste(Image.fromarray(image), (left, top + _LETTERS))
    return sheet


def _prospect(brush: Brush) -> str:
    """Whether a neural painter can learn a brush that MyPaint paints with."""
    from ...painters.training.brush_law import brush_law

    try:
        brush_law(brush.name)
    except InvalidInputError as error:
        return f"MyPaint alone paints with it: {str(error).partition(': ')[2]}"
    return "can be painted with"


def _key(brush: Brush) -> str:
    return brush_key(brush.name)
