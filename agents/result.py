"""What an agent hands back: the painted picture, its strokes, and how to save them. Nothing here chooses strokes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..envs.canvas import paint_strokes, white_canvas
from ..envs.pictures import to_uint8
from ..errors import InvalidInputError
from ..files import check_can_write, write_whole
from ..painters.stroke import STROKE_FIELDS, check_strokes

FORMAT, FORMAT_VERSION = "paintgym painting", 1
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
        image: (size, size, 3) uint8, the finished canvas.
        strokes: (T, 12) float32 in [0, 1], in painting order.
        loss: distance between the finished canvas and the picture, by the loss called ``loss_name``.
        loss_name: such as ``"mse"`` or ``"vgg19"``.
        seconds: how long the agent took.
        agent: the agent's name.
        painter: the painter that turned the strokes into ink.
        seed: the seed that paints this again.
    """

    image: NDArray[np.uint8]
    strokes: NDArray[np.float32]
    loss: float
    loss_name: str
    seconds: float
    agent: str
    painter: NamedPainter
    seed: int

    def frames(self, count: int = _FRAMES) -> Iterator[NDArray[np.uint8]]:
        """The painting as it grows: at most ``count`` pictures (size, size, 3) uint8.

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

    def _prefixes(self, ends: list[int]) -> Iterator[NDArray[np.uint8]]:
        strokes = torch.tensor(self.strokes)[None]
        canvas = white_canvas(1, self.image.shape[0])
        for start, end in zip([0, *ends], ends[:-1], strict=False):
            with torch.inference_mode():
                canvas = paint_strokes(canvas, strokes[:, start:end], self.painter)
            yield to_uint8(canvas)[0]
        yield self.image

    @cached_property
    def _timelapse(self) -> list[NDArray[np.uint8]]:
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
        side = enlarge * self.image.shape[0]
        with write_whole(path) as temporary:
            if suffix == ".json":
                temporary.write_text(json.dumps(self._document()) + "\n", encoding="utf-8")
                return
            if suffix == ".png":
                _enlarge(self.image, side).save(temporary, format="PNG")
                return
            frames = [_enlarge(frame, side) for frame in self._timelapse]
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

    def _document(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "size": self.image.shape[0],
            "agent": self.agent,
            "painter": self.painter.name,
            "seed": self.seed,
            "loss": {"name": self.loss_name, "value": self.loss},
            "stroke_fields": STROKE_FIELDS,
            # str() of a float32 has the fewest digits that give the same float32 back.
            "strokes": [[float(str(number)) for number in stroke] for stroke in self.strokes],
        }


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


def read_strokes(path: str | Path) -> NDArray[np.float32]:
    """The strokes (T, 12) in [0, 1] of a painting that was saved as ``.json``.

    Raises:
        InvalidInputError: no such file, not a painting, of a later version, or strokes out of shape or range.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        form, version, strokes = (document[key] for key in ("format", "version", "strokes"))
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        form, version, strokes = None, None, None
    if form != FORMAT:
        raise InvalidInputError(f"{path} is not a painting; expected a .json file that 'paintgym paint' saved")
    if version != FORMAT_VERSION:
        raise InvalidInputError(f"{path} is of version {version}, expected {FORMAT_VERSION}; update paintgym")
    try:
        return check_strokes(strokes)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from None


def _enlarge(picture: NDArray[np.uint8], side: int) -> Image.Image:
    return Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)


def _share_palette(frames: list[Image.Image]) -> list[Image.Image]:
    """Reduce pictures to the same 256 colours; Pillow's palette for each frame takes longer by far, and flickers."""
    chosen = [frames[0], *frames[:: -max(1, len(frames) // 8)]]
    side = min(64, frames[0].width)
    samples = np.concatenate([np.asarray(frame.resize((side, side))) for frame in chosen])
    palette = Image.fromarray(samples).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
