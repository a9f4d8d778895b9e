"""``paintgym brushes``: which of MyPaint's brushes there are, which can be painted with, and how they look.

paintgym brushes                                 # all installed ones
paintgym brushes my_brush.myb classic/charcoal   # some, or files of your own
paintgym brushes --sheet brushes.png
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from ...errors import InvalidInputError
from ...files import check_can_write, write_whole
from ...painters.mypaint.brushes import Brush, brush_definition, brushes, find_brush
from ...painters.names import DEFAULT_BRUSH, brush_key, learned_brushes
from ..options import about


@dataclass(frozen=True)
class Arguments:
    """List MyPaint's brushes: those that lay a single color can be painted with, of the others it says why not."""

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Installed brushes such as classic/charcoal, or .myb files; all installed ones by default."""
    sheet: Path | None = None
    """Write a contact sheet (.png) here: the real brush's strokes, and below them the neural painter's where one
    learned the brush."""


def run(arguments: Arguments) -> None:
    """Print what there is, and write the sheet."""
    if arguments.sheet:
        with about("--sheet"):
            if arguments.sheet.suffix != ".png":
                raise InvalidInputError(f"{arguments.sheet} is no .png")
            check_can_write(arguments.sheet)
    found = [find_brush(name) for name in arguments.names] or brushes()
    width, learned = max(len(brush.name) for brush in found), {DEFAULT_BRUSH, *learned_brushes()}
    for brush in found:
        told = "a neural painter learned it" if _key(brush) in learned else "can be painted with"
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
    with write_whole(arguments.sheet) as temporary:
        brush_sheet(paintable, painters).save(temporary, format="PNG", optimize=True)
    print(f"wrote {arguments.sheet}")


def _key(brush: Brush) -> str:
    return brush_key(brush.name)
