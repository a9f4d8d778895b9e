"""Saving paintings: which suffix names which writer, what may be asked for, and the forms that are one picture.

Films, vector graphics, layers and documents are written in modules of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...files import check_can_write, write_whole
from .animation import check_film, check_mp4, write_gif, write_mp4, write_webp
from .open_raster import write_open_raster
from .painting_file import write_painting_file
from .svg import write_svg
from .timelapse import FRAMES, Timelapse

_LARGEST_FACTOR = 64
_LARGEST_SIDE = 8192
_MOST_FILM_PIXELS = 1_000_000_000
"""A film is held in memory whole: three bytes each."""


@dataclass(frozen=True)
class SaveOptions:
    """How a painting is to be saved: ``enlarge``, ``frames`` and ``seconds`` of ``SavablePicture.save``."""

    enlarge: int = 1
    frames: int = FRAMES
    seconds: float | None = None


Writer = Callable[[Timelapse, Path, SaveOptions], None]


def enlarge_picture(picture: Picture, factor: int) -> Image.Image:
    """A picture (H, W, 3), ``factor`` times as large (Lanczos)."""
    image = Image.fromarray(picture)
    return (
        image if factor == 1 else image.resize((factor * image.width, factor * image.height), Image.Resampling.LANCZOS)
    )


def _png(painting: Timelapse, path: Path, options: SaveOptions) -> None:
    enlarge_picture(painting.image, options.enlarge).save(path, format="PNG")


def _jpeg(painting: Timelapse, path: Path, options: SaveOptions) -> None:
    # Full resolution for color too: strokes have sharp colored edges.
    enlarge_picture(painting.image, options.enlarge).save(path, format="JPEG", quality=92, subsampling=0)


def _json(painting: Timelapse, path: Path, options: SaveOptions) -> None:
    write_painting_file(painting.stroke_list, path, painting.metadata)


def _npz(painting: Timelapse, path: Path, options: SaveOptions) -> None:
    stroke_list = painting.stroke_list
    np.savez_compressed(
        path,
        strokes=stroke_list.strokes,
        windows=stroke_list.windows,
        width=np.int64(stroke_list.width),
        height=np.int64(stroke_list.height),
        background=np.array(stroke_list.background, np.float32),
    )


def _film(write: Callable[[list[Image.Image], Path, float | None], None]) -> Writer:
    def film(painting: Timelapse, path: Path, options: SaveOptions) -> None:
        pictures = [enlarge_picture(picture, options.enlarge) for picture in painting.film(options.frames)]
        write(pictures, path, options.seconds)

    return film


def _svg(painting: Timelapse, path: Path, options: SaveOptions) -> None:
    write_svg(painting.stroke_list, path, options.enlarge)


def _ora(painting: Timelapse, path: Path, options: SaveOptions) -> None:
    write_open_raster(painting, path, options.enlarge)


WRITERS: dict[str, Writer] = {
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".webp": _film(write_webp),
    ".gif": _film(write_gif),
    ".mp4": _film(write_mp4),
    ".svg": _svg,
    ".ora": _ora,
    ".json": _json,
    ".npz": _npz,
}
OUTPUT_SUFFIXES = tuple(WRITERS)
FILM_SUFFIXES = (".webp", ".gif", ".mp4")
_PIXELS = (".png", ".jpg", ".jpeg", ".ora", *FILM_SUFFIXES)


class SavablePicture(Timelapse):
    """A picture with its strokes that can be saved in every form there is."""

    def save(self, path: str | Path, enlarge: int = 1, frames: int = FRAMES, seconds: float | None = None) -> None:
        """Write the painting in the form its suffix names; the file appears whole or not at all.

        ======================== =============================================================================
        ``.png .jpg .jpeg``      the finished picture
        ``.webp .gif .mp4``      the painting growing; ``.mp4`` needs ``pip install paintgym[mp4]``
        ``.svg``                 every stroke as a shape, sharp at any size
        ``.ora``                 OpenRaster: a layer for each size of windows, for Krita, GIMP or MyPaint
        ``.json .npz``           the strokes, to be painted again
        ======================== =============================================================================

        Args:
            path: file in an existing folder.
            enlarge: factor by which pictures are enlarged (Lanczos), 1 to 64. The strokes are not painted anew, but
                for ``.ora``, whose layers no enlargement could keep true, and ``.svg``, which has no pixels.
            frames: at most so many pictures of a film, 2 to 1000.
            seconds: how long a film is, its last picture included; by default 0.06 a picture and 2.5 at the end.

        Raises:
            InvalidInputError: another suffix, a file that cannot be written, a number out of range, or a picture
                or film too large.
            MissingLibraryError: ``.mp4`` without PyAV.
        """
        suffix = check_output(path, enlarge, frames, seconds)
        width, height = enlarge * self.stroke_list.width, enlarge * self.stroke_list.height
        check_pixels(suffix, width, height, min(frames, len(self.stroke_list) + 1))
        with write_whole(path) as temporary:
            WRITERS[suffix](self, temporary, SaveOptions(enlarge, frames, seconds))


def check_output(path: str | Path, enlarge: int = 1, frames: int = FRAMES, seconds: float | None = None) -> str:
    """Find out, before any work, whether a painting can be saved to ``path``; returns its suffix in lower case.

    Raises:
        InvalidInputError: unknown suffix, a file that cannot be written, or a number out of range.
        MissingLibraryError: ``.mp4`` without PyAV.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise InvalidInputError(
            f"cannot save a painting as {path}; expected a name that ends in {', '.join(OUTPUT_SUFFIXES)}"
        )
    if not 1 <= enlarge <= _LARGEST_FACTOR:
        raise InvalidInputError(f"cannot enlarge a painting {enlarge} times; expected 1 to {_LARGEST_FACTOR}")
    check_film(frames, seconds)
    if suffix == ".mp4":
        check_mp4()
    check_can_write(path)
    return suffix


def check_pixels(suffix: str, width: int, height: int, frames: int) -> None:
    """Raise InvalidInputError where a file of this kind and size would not fit into memory.

    Args:
        suffix: one of ``OUTPUT_SUFFIXES``.
        width: in pixels.
        height: in pixels.
        frames: of a film; no matter for other kinds.
    """
    if suffix in _PIXELS and max(width, height) > _LARGEST_SIDE:
        raise InvalidInputError(
            f"a {suffix} of {width}x{height} pixels was asked for, expected at most {_LARGEST_SIDE} a side; "
            "enlarge less, or save an .svg"
        )
    if suffix in FILM_SUFFIXES and width * height * frames > _MOST_FILM_PIXELS:
        most = int((_MOST_FILM_PIXELS / (width * height * frames)) ** 0.5 * max(width, height))
        raise InvalidInputError(
            f"{frames} frames of {width}x{height} pixels are too large a film; expected fewer frames, or a longer "
            f"side of at most {most}"
        )
