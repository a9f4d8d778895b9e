"""``paintgym replay``: paint the strokes of a saved painting again with the real MyPaint brush, at any size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from ..agents.document import read_document
from ..errors import InvalidInputError
from ..files import check_can_write, write_whole
from ..painters.mypaint import DEFAULT_BRUSH, paint_list


@dataclass(frozen=True)
class Arguments:
    """Paint the strokes of a painting again with the real MyPaint brush, larger if you like.

    Strokes have no resolution: at 1024 pixels they show the bristles that a 64x64 canvas only hints at.
    """

    painting: tyro.conf.Positional[Path]
    """A painting saved as .json."""
    out: Path = Path("replay.png")
    """Where to save the picture (.png)."""
    size: int = 512
    """Side of the picture in pixels."""
    brush: str = DEFAULT_BRUSH
    """An installed MyPaint brush of one colour, such as classic/charcoal."""


def run(arguments: Arguments) -> None:
    """Read, paint and save."""
    if arguments.out.suffix.lower() != ".png":
        raise InvalidInputError(f"cannot save a replay as {arguments.out}; expected a name that ends in .png")
    check_can_write(arguments.out)
    strokes = read_document(arguments.painting)
    picture = paint_list(strokes.scaled(arguments.size), arguments.brush)
    with write_whole(arguments.out) as temporary:
        Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(temporary, format="PNG")
    print(f"{len(strokes)} strokes by MyPaint's {arguments.brush} at {arguments.size} pixels -> {arguments.out}")
