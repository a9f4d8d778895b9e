"""What an agent hands back: the painted picture, its strokes, and how to save them. Nothing here chooses strokes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..envs.large_canvas import blank_canvas, paint_list
from ..envs.pictures import Picture, to_uint8
from ..errors import InvalidInputError
from ..files import check_can_write, write_whole
from ..painters.stroke_list import StrokeList
from .document import write_document

OUTPUT_SUFFIXES = (".png", ".webp", ".gif", ".json")

_FRAMES = 60
_FRAME_MILLISECONDS = 60
_LAST_FRAME_MILLISECONDS = 2500
_LARGEST_FACTOR = 64
_WRITER_SETTINGS: dict[str, dict[str, int | bool]] = {".webp": {"quality": 85}, ".gif": {"optimize": False}}


class NamedPainter(Protocol):
    """A painter that knows its name: strokes (N, 12) in [0, 1] to coverage (N, 1, h, w) in [0, 1]."""

    name: str

    def __call__(self, strokes: Tensor) -> Tensor:
        """Paint strokes."""


@dataclass(frozen=True, eq=False)
class Painting:
    """A finished painting.

    Attributes:
        image: (height, width, 3) uint8, the finished canvas.
        listing: the strokes in painting order, each with its window.
        loss: distance between the finished canvas and the picture, by the loss called ``loss_name``.
        loss_name: such as ``"mse"`` or ``"vgg19"``.
        seconds: how long the agent took.
        agent: the agent's name.
        painter: the painter that turned the strokes into ink.
        seed: the seed that paints this again.
    """

    image: Picture
    listing: StrokeList
    loss: float
    loss_name: str
    seconds: float
    agent: str
    painter: NamedPainter
    seed: int

    @property
    def strokes(self) -> NDArray[np.float32]:
        """(T, 12) in [0, 1], in painting order."""
        return self.listing.strokes

    def frames(self, count: int = _FRAMES) -> Iterator[Picture]:
        """The painting as it grows: at most ``count`` pictures (height, width, 3) uint8.

        The first is the paper, the last the finished painting; between them lie equal numbers of strokes.
        Every stroke is painted once.

        Raises:
            InvalidInputError: ``count`` below 2.
        """
        if count < 2:
            raise InvalidInputError(
                f"a painting of {count} frames was asked for, expected at least 2: paper and picture"
            )
        ends = np.linspace(0, len(self.strokes), min(count, len(self.strokes) + 1)).round().astype(int).tolist()
        return self._prefixes(ends)

    def _prefixes(self, ends: list[int]) -> Iterator[Picture]:
        canvas = blank_canvas(self.listing)
        for start, end in zip([0, *ends], ends[:-1], strict=False):
            paint_list(self.listing.part(start, end), self.painter, canvas)
            yield to_uint8(canvas)
        yield self.image

    @cached_property
    def _timelapse(self) -> list[Picture]:
        return list(self.frames())

    def save(self, path: str | Path, enlarge: int = 1) -> None:
        """Write the painting in the form its suffix names; the file appears whole or not at all.

        ``.png`` is the finished picture, ``.webp`` and ``.gif`` show the painting growing, and ``.json`` holds the
        strokes with everything that is needed to paint them again.

        Args:
            path: file in an existing folder.
            enlarge: factor by which pictures are enlarged (Lanczos), 1 to 64. The strokes are not painted anew.

        Raises:
            InvalidInputError: another suffix, a file that cannot be written, or a factor out of range.
        """
        suffix = check_output(path, enlarge)
        with write_whole(path) as temporary:
            if suffix == ".json":
                write_document(self, temporary)
                return
            if suffix == ".png":
                _enlarge(self.image, enlarge).save(temporary, format="PNG")
                return
            frames = [_enlarge(frame, enlarge) for frame in self._timelapse]
            if suffix == ".gif":
                frames = _share_palette(frames)
            frames[0].save(
                temporary,
                format=suffix[1:].upper(),
                save_all=True,
                append_images=frames[1:],
                duration=[_FRAME_MILLISECONDS] * (len(frames) - 1) + [_LAST_FRAME_MILLISECONDS],
                loop=0,
                **_WRITER_SETTINGS[suffix],
            )


def check_output(path: str | Path, enlarge: int = 1) -> str:
    """Find out, before any work, whether a painting can be saved to ``path``; returns its suffix in lower case.

    Raises:
        InvalidInputError: unknown suffix, a file that cannot be written, or a factor out of range.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in OUTPUT_SUFFIXES:
        raise InvalidInputError(
            f"cannot save a painting as {path}; expected a name that ends in {', '.join(OUTPUT_SUFFIXES)}"
        )
    if not 1 <= enlarge <= _LARGEST_FACTOR:
        raise InvalidInputError(f"cannot enlarge a painting {enlarge} times; expected 1 to {_LARGEST_FACTOR}")
    check_can_write(path)
    return suffix


def _enlarge(picture: Picture, factor: int) -> Image.Image:
    image = Image.fromarray(picture)
    return (
        image if factor == 1 else image.resize((factor * image.width, factor * image.height), Image.Resampling.LANCZOS)
    )


def _share_palette(frames: list[Image.Image]) -> list[Image.Image]:
    """Reduce pictures to the same 256 colours; Pillow's palette for each frame takes longer by far, and flickers."""
    chosen = [frames[0], *frames[:: -max(1, len(frames) // 8)]]
    side = min(64, frames[0].width)
    samples = np.concatenate([np.asarray(frame.resize((side, side))) for frame in chosen])
    palette = Image.fromarray(samples).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
