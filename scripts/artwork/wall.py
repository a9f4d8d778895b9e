"""Paint the page's wall of examples, ``webapp/static/wall/``, by PyAV, in two minutes.

    python -m paintgym.scripts.artwork.wall

The first example is also the one that grows on the empty sheet.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from ...agents.outputs.painting import Painting
from ...agents.registry import load_agent
from ...envs.pictures import load_picture
from ...files import write_whole
from ...painters.names import DEFAULT_BRUSH
from ...painters.stroke_list import WHITE
from ...painters.style import Style, choose_palette
from ...webapp.options.choices import SAMPLES_FOLDER
from ...webapp.page.wall import WALL_FOLDER

_FRAMES, _SECONDS = 96, 10.0
"""Of a film: slow enough to follow, short enough to be watched to its end."""
_JPEG_QUALITY = 82


@dataclass(frozen=True)
class Example:
    """What is painted, and how; the page offers to paint so.

    Attributes:
        name: of its files.
        sample: a picture of the page's.
        strokes: how many.
        size: longer side in pixels.
        brush: of MyPaint.
        palette: most colors, or None for any.
        paper: as #rrggbb, or None for white.
    """

    name: str
    sample: str
    strokes: int = 2000
    size: int = 512
    brush: str = DEFAULT_BRUSH
    palette: int | None = None
    paper: str | None = None


EXAMPLES = (
    Example("still_life", "still_life"),
    Example("dahlia_by_acrylic", "dahlia", brush="tanda/acrylic-05-paint"),
    Example("moon_by_chalk", "moon", brush="deevad/chalk", paper="#1b1a1d"),
    Example("hills_by_knife", "hills", strokes=800, brush="classic/knife", palette=8),
    Example("balloon_by_marker", "balloon", strokes=800, brush="ramon/Marker", paper="#f3e6cc"),
    Example("fish_by_pencil", "fish", strokes=300, brush="tanda/pencil-8b", palette=6, paper="#f3e6cc"),
)


def _paint(example: Example) -> Painting:
    picture = load_picture(SAMPLES_FOLDER / f"{example.sample}.jpg")
    paper = WHITE
    if example.paper:
        red, green, blue = ImageColor.getrgb(example.paper)[:3]
        paper = red / 255, green / 255, blue / 255
    palette = choose_palette(picture, example.palette) if example.palette else None
    agent = load_agent("policy", brush=example.brush)
    return agent.paint(picture, example.strokes, size=example.size, style=Style(palette=palette, background=paper))


def _save(example: Example, painting: Painting, folder: Path) -> dict[str, object]:
    with write_whole(folder / f"{example.name}.jpg") as temporary:
        Image.fromarray(np.asarray(painting.image)).save(temporary, "JPEG", quality=_JPEG_QUALITY, progressive=True)
    painting.save(folder / f"{example.name}.mp4", 1, _FRAMES, _SECONDS)
    return asdict(example) | {"height": painting.image.shape[0], "width": painting.image.shape[1]}


def paint_wall(examples: Sequence[Example], folder: Path) -> None:
    """Paint examples, and write their pictures, their films, and the list of them that the page reads."""
    folder.mkdir(exist_ok=True)
    listed = []
    for example in examples:
        listed.append(_save(example, _paint(example), folder))
        print(f"painted {example.name}")
    with write_whole(folder / "wall.json") as temporary:
        temporary.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    paint_wall(EXAMPLES, WALL_FOLDER)
