"""``paintgym replay``: paint the strokes of a saved painting again, at any size, by MyPaint or a neural painter."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ...agents.outputs.forms import FRAMES, check_output, check_pixels
from ...agents.outputs.painting_file import read_painting_file
from ...checks import check_whole
from ...errors import InvalidInputError
from ...files import check_is_no_input
from ...painters.mypaint.brushes import brush_definition
from ...painters.mypaint.engine import MAXIMUM_SIZE
from ..names import check_painters
from ..options import about

_DEFAULT_OUTPUT = Path("replay.png")
_DEFAULT_PAINTER = "gan"


@dataclass(frozen=True)
class Arguments:
    """Paint the strokes of a painting again: by the real MyPaint or a neural painter, larger if you like.

    Strokes have no resolution: at 1024 pixels they show the bristles that a 64x64 canvas only hints at.
    """

    painting: tyro.conf.Positional[Path]
    """A painting saved as .json."""
    out: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Where to save, by suffix, as paintgym paint does: .png, .jpg, .webp, .gif, .mp4, .svg, .ora, .json or .npz. May
    be given several times; replay.png by default."""
    engine: Literal["mypaint", "neural"] = "mypaint"
    """Who lays the strokes: the real MyPaint, or a neural painter that learned from it."""
    size: int = 512
    """The longer side of the picture in pixels, up to 8192."""
    brush: str | None = None
    """For mypaint: an installed MyPaint brush of one color, such as classic/charcoal, or a .myb file. By default the
    painting's own."""
    painter: str | None = None
    """For neural: the painter, by name or as a path to a .safetensors file; by default gan, of the painting's brush."""
    frames: int = FRAMES
    """Of a film: at most so many pictures."""
    seconds: float | None = None
    """Of a film: how long it is, its last picture included. By default 0.06 a picture and 2.5 at the end."""


def run(arguments: Arguments) -> None:
    """Read, paint and save."""
    outputs = arguments.out or (_DEFAULT_OUTPUT,)
    check_whole("size", arguments.size, 1, MAXIMUM_SIZE)
    with about("--out"):
        suffixes = [check_output(output, 1, arguments.frames, arguments.seconds) for output in outputs]
    check_is_no_input(outputs, [arguments.painting])
    stroke_list = read_painting_file(arguments.painting)
    name = _check_painter(arguments, stroke_list.brushes)
    scaled = stroke_list.scaled(arguments.size)
    for suffix in suffixes:
        with about("--out"):
            check_pixels(suffix, scaled.width, scaled.height, min(arguments.frames, len(stroke_list) + 1))
    from ...agents.outputs.replay import Replay
    from ...painters.registry import load_painter

    started = time.perf_counter()
    if arguments.engine == "neural":
        painters = {brush: load_painter(name, brush=brush) for brush in stroke_list.brushes}
        replay = Replay(stroke_list, painters, arguments.size)
        who = f"the neural painter {name}"
    else:
        replay = Replay(stroke_list, arguments.brush, arguments.size)
        who = f"MyPaint's {name}"
    for output in outputs:
        replay.save(output, frames=arguments.frames, seconds=arguments.seconds)
    print(
        f"{len(stroke_list)} strokes by {who} at {scaled.width}x{scaled.height} pixels in "
        f"{time.perf_counter() - started:.1f} s -> {', '.join(map(str, outputs))}"
    )


def _check_painter(arguments: Arguments, brushes: Sequence[str]) -> str:
    """The names of the brushes, or that of the neural painter, which are there."""
    if arguments.engine == "neural":
        _check_left_out("--brush", arguments.brush, "mypaint")
        name = arguments.painter or _DEFAULT_PAINTER
        for brush in brushes:
            check_painters("--painter", name, brush=brush)
        return name
    _check_left_out("--painter", arguments.painter, "neural")
    names = [arguments.brush] if arguments.brush else brushes
    with about("--brush") if arguments.brush else contextlib.nullcontext():
        for name in names:
            brush_definition(name)
    return ", ".join(names)


def _check_left_out(option: str, value: str | None, engine: str) -> None:
    if value is not None:
        raise InvalidInputError(f"{option} {value} is for --engine {engine}; leave one of them out")
