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
from .painting_file import write_document
from .animation import check_film, check_mp4, write_gif, write_mp4, write_webp
from .timelapse import FRAMES, GrowingPicture
from .open_raster import write_open_raster
from .svg import write_svg

_LARGEST_FACTOR = 64
_LARGEST_SIDE = 8192
_MOST_FILM_PIXELS = 1_000_000_000
"""A film is held in memory whole: three bytes each."""


@dataclass(frozen=True)
class Wishes:
    """How a painting is to be saved: ``enlarge``, ``frames`` and ``seconds`` of ``GrowingPicture.save``."""

    enlarge: int = 1
    frames: int = FRAMES
    seconds: float | None = None


Writer = Callable[[GrowingPicture, Path, Wishes], None]


def enlarge_picture(picture: Picture, factor: int) -> Image.Image:
    """A picture (H, W, 3), ``factor`` times as large (Lanczos)."""
    image = Image.fromarray(picture)
    return (
        image if factor == 1 else image.resize((factor * image.width, factor * image.height), Image.Resampling.LANCZOS)
    )


def _png(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
    enlarge_picture(painting.image, wishes.enlarge).save(path, format="PNG")


def _jpeg(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
    # Full resolution for colour too: strokes have sharp coloured edges.
    enlarge_picture(painting.image, wishes.enlarge).save(path, format="JPEG", quality=92, subsampling=0)


def _json(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
    write_document(painting.listing, path, painting.facts)


def _npz(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
    listing = painting.listing
    np.savez_compressed(
        path,
        strokes=listing.strokes,
        windows=listing.windows,
        width=np.int64(listing.width),
        height=np.int64(listing.height),
        background=np.array(listing.background, np.float32),
    )


def _film(write: Callable[[list[Image.Image], Path, float | None], None]) -> Writer:
    def film(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
        pictures = [enlarge_picture(picture, wishes.enlarge) for picture in painting.film(wishes.frames)]
        write(pictures, path, wishes.seconds)

    return film


def _svg(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
    write_svg(painting.listing, path, wishes.enlarge)


def _ora(painting: GrowingPicture, path: Path, wishes: Wishes) -> None:
    write_open_raster(painting, path, wishes.enlarge)


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


def save(painting: GrowingPicture, path: str | Path, enlarge: int, frames: int, seconds: float | None) -> None:
    """See ``GrowingPicture.save``."""
    suffix = check_output(path, enlarge, frames, seconds)
    listing = painting.listing
    check_pixels(suffix, enlarge * listing.width, enlarge * listing.height, min(frames, len(listing) + 1))
    with write_whole(path) as temporary:
        WRITERS[suffix](painting, temporary, Wishes(enlarge, frames, seconds))


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
