"""Saving paintings: which suffix names which writer, and the forms that are one picture.

Films, vector graphics, layers and documents are written in modules of their own; what may be asked for, ``forms`` says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ...envs.pictures import Picture
from ...files import write_whole
from .animation import write_gif, write_mp4, write_webp
from .forms import FRAMES, check_output, check_pixels
from .open_raster import write_open_raster
from .painting_file import write_painting_file
from .svg import write_svg
from .timelapse import Timelapse


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
"""A writer for each of ``OUTPUT_SUFFIXES``."""


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
