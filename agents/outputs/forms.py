"""In which forms a painting can be saved, and what may be asked of each. Nothing here writes, or waits for torch."""

import importlib.util
from pathlib import Path

import numpy as np

from ...checks import check_positive, check_whole, shown
from ...errors import InvalidInputError, MissingLibraryError
from ...files import check_can_write

FILM_SUFFIXES = (".webp", ".gif", ".mp4")
OUTPUT_SUFFIXES = (".png", ".jpg", ".jpeg", *FILM_SUFFIXES, ".svg", ".ora", ".json", ".npz")

FRAMES = 60
"""Pictures of a film, by default."""
TICK_MILLISECONDS = 20
"""Durations are whole numbers of these: 50 a second is the fastest that browsers show a GIF."""

_PIXELS = (".png", ".jpg", ".jpeg", ".ora", *FILM_SUFFIXES)
_LARGEST_FACTOR = 64
_LARGEST_SIDE = 8192
_MOST_FILM_PIXELS = 1_000_000_000
"""A film is held in memory whole: three bytes each."""
_MOST_FRAMES = 1000
_FRAME_MILLISECONDS = 60
_LAST_FRAME_MILLISECONDS = 2500
_LONGEST_LAST_PART = 0.4
_LONGEST_SECONDS = 3600


def check_output(path: str | Path, enlarge: int = 1, frames: int = FRAMES, seconds: float | None = None) -> str:
    """Find out, before any work, whether a painting can be saved to ``path``; returns its suffix in lower case.

    Raises:
        InvalidInputError: unknown suffix, a file that cannot be written, or a number out of range.
        MissingLibraryError: ``.mp4`` without PyAV.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in OUTPUT_SUFFIXES:
        raise InvalidInputError(
            f"cannot save a painting as {path}; expected a name that ends in {', '.join(OUTPUT_SUFFIXES)}"
        )
    check_form(suffix, enlarge, frames, seconds)
    check_can_write(path)
    return suffix


def check_form(suffix: str, enlarge: int = 1, frames: int = FRAMES, seconds: float | None = None) -> None:
    """Find out whether a painting can be saved in the form of a suffix.

    Raises:
        InvalidInputError: a number out of range.
        MissingLibraryError: ``.mp4`` without PyAV.
    """
    check_whole("enlarge", enlarge, 1, _LARGEST_FACTOR)
    check_film(frames, seconds)
    if suffix == ".mp4":
        check_mp4()


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


def check_frames(count: int) -> None:
    """Raise InvalidInputError unless ``count`` pictures, the first bare paper, make a film."""
    check_whole("frames", count, 2, _MOST_FRAMES)


def check_film(frames: int, seconds: float | None) -> None:
    """Find out, before any work, whether a film can be so long.

    Raises:
        InvalidInputError: frames or seconds out of range, or too many frames for so few seconds.
    """
    check_frames(frames)
    if seconds is None:
        return
    if check_positive("seconds", seconds) > _LONGEST_SECONDS:
        raise InvalidInputError(f"seconds is {shown(seconds)}, expected at most {_LONGEST_SECONDS}", "seconds")
    if min(durations(frames, seconds)) < TICK_MILLISECONDS:
        raise InvalidInputError(
            f"frames is {frames} and seconds is {seconds:g}, which is faster than the eye; expected at most 50 frames "
            "a second and a last one that stays",
            "frames",
            "seconds",
        )


def check_mp4() -> None:
    """Raise MissingLibraryError unless the library that encodes MP4 is installed."""
    if importlib.util.find_spec("av") is None:
        raise MissingLibraryError(
            "MP4 needs PyAV, which is not installed: pip install av, or paintgym[mp4]; WebP and GIF need nothing"
        )


def durations(count: int, seconds: float | None) -> list[int]:
    """Milliseconds that each of ``count`` pictures is shown, whole ticks; the last stays longer."""
    if seconds is None:
        return [_FRAME_MILLISECONDS] * (count - 1) + [_LAST_FRAME_MILLISECONDS]
    whole = 1000 * seconds
    last = min(_LAST_FRAME_MILLISECONDS, _LONGEST_LAST_PART * whole) if count > 1 else whole
    ends = np.append(np.linspace(0, whole - last, count), whole)
    ticks: list[int] = np.diff(np.rint(ends / TICK_MILLISECONDS)).astype(int).tolist()
    return [TICK_MILLISECONDS * number for number in ticks]
