"""What a request can choose from: agents, sizes, painters, brushes, the page's own pictures."""

from dataclasses import dataclass
from pathlib import Path

from ...painters.stroke import CANVAS_SIZE
from ..settings import Settings

SAMPLES_FOLDER = Path(__file__).parents[1] / "static" / "samples"

AGENTS = ("policy", "gradient", "policy+refine", "greedy", "random")
LARGE_AGENTS = ("policy",)
"""Those who paint large pictures soon enough to be waited for."""
SEEDLESS_AGENTS = ("policy",)
"""Those who paint the same whatever the seed."""
FORMER_AGENTS = {"policy+gradient": "policy+refine"}
"""Present names of agents that had another: requests with the former are taken, and answered with the present one."""
LARGE_SIZES = (512, 1024)
"""Pixels, of the longer side: one for a screen, and one to print."""
DEFAULT_AGENT, DEFAULT_PAINTER = "policy", "gan"
DEFAULT_SIZE = 512
"""Pixels: of the agents that paint large pictures, where the host allows them."""
DEFAULT_STROKES, DEFAULT_LARGE_STROKES = 200, 2000
"""Where a 64x64 painting no longer gains much to the eye, and a large one is recognized in every part."""
MORE_STROKES = 500
"""Where a request to continue names no number."""
PICTURE_FORMATS = "PNG, JPEG, WebP, HEIC, AVIF, TIFF, BMP, GIF"
PICTURE_ACCEPT = (
    "image/png,image/jpeg,image/webp,image/bmp,image/gif,image/tiff,.tif,.tiff,"
    "image/heic,image/heif,.heic,.heif,image/avif,.avif"
)
"""The same as HTML has it; by extension too what some systems have no media type for."""


@dataclass(frozen=True)
class Offer:
    """What paintings can be painted with.

    Attributes:
        painters: names of painters.
        brushes: MyPaint brushes that the default painter learned, its own first.
    """

    painters: list[str]
    brushes: list[str]


@dataclass(frozen=True)
class SizeChoice:
    """A size that paintings may have.

    Attributes:
        side: the longer one, in pixels.
        usual_strokes: where a request names no number.
        most_strokes: that are allowed.
        setting: the field of ``Settings`` that allows them.
    """

    side: int
    usual_strokes: int
    most_strokes: int
    setting: str


def size_choices(settings: Settings) -> dict[int, SizeChoice]:
    """The sizes there are, by their sides."""
    most, most_large = settings.maximum_strokes, settings.maximum_large_strokes
    small = SizeChoice(CANVAS_SIZE, min(DEFAULT_STROKES, most), most, "maximum_strokes")
    large = [
        SizeChoice(side, min(DEFAULT_LARGE_STROKES, most_large), most_large, "maximum_large_strokes")
        for side in LARGE_SIZES
        if side <= settings.maximum_size
    ]
    return {choice.side: choice for choice in (small, *large)}


def samples() -> list[str]:
    """Names of the pictures that come with the page."""
    return sorted(path.stem for path in SAMPLES_FOLDER.glob("*.jpg"))


def default_size(agent: str, settings: Settings) -> int:
    """Where a request names no size: what the agent paints best of what the host allows."""
    return DEFAULT_SIZE if agent in LARGE_AGENTS and settings.maximum_size >= DEFAULT_SIZE else CANVAS_SIZE
