"""MyPaint's brushes, installed ones and a user's own: which there are, which can be painted with, and their noise."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidInputError, MissingLibraryError
from .brush_file import Settings, parse_brush, read_brush_file, setting_of, write_brush
from .effort import MOST_PIXELS, most_pixels
from .library import library

_BRUSH_FOLDERS = (Path("/usr/share/mypaint-data/2.0/brushes"), Path("/usr/share/mypaint-data/1.0/brushes"))
_SUFFIX = ".myb"

_COLOR_MIXING_SETTINGS = (
    "smudge",
    "eraser",
    "lock_alpha",
    "colorize",
    "posterize",
    "change_color_h",
    "change_color_l",
    "change_color_hsl_s",
    "change_color_v",
    "change_color_hsv_s",
)
"""Settings that bring in a second color, or paint that is already on the canvas."""


@dataclass(frozen=True)
class Brush:
    """A brush of MyPaint's.

    Attributes:
        name: such as ``"classic/charcoal"``, or the path of a file.
        path: of its file.
        obstacle: why it cannot be painted with; empty where it can.
    """

    name: str
    path: Path
    obstacle: str = ""

    @property
    def paintable(self) -> bool:
        """Whether the engine paints with it: it lays one color, and twelve numbers decide all of its stroke."""
        return not self.obstacle


def brushes() -> list[Brush]:
    """All installed brushes, by name.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.

    Examples:
        >>> {brush.name: brush.paintable for brush in brushes()}["classic/charcoal"]
        True
    """
    folder = _folders()[0]
    return [find_brush(path.relative_to(folder).with_suffix("").as_posix()) for path in sorted(folder.rglob("*.myb"))]


def find_brush(name: str) -> Brush:
    """A brush by its name, or by the path of a ``.myb`` file, and whether it can be painted with.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: no brush of that name, or no such file.
    """
    path = _path_of(name)
    if not path.is_file():
        raise InvalidInputError(f"there is no brush file {path}")
    try:
        obstacle = _obstacle(parse_brush(read_brush_file(path), name))
    except InvalidInputError as error:
        obstacle = str(error)
    return Brush(name, path, obstacle)


def brush_definition(name: str) -> bytes:
    """The text, as libmypaint takes it, of a brush of a single color.

    Args:
        name: of an installed brush, or the path of a ``.myb`` file, of version 2 or 3.

    Raises:
        MissingLibraryError: libmypaint or its brushes are not installed.
        InvalidInputError: no such brush, a file that is none, or one that needs more than its own color.
    """
    return _definition(read_brush_file(_path_of(name)), name)


@functools.lru_cache(maxsize=256)
def _definition(text: bytes, name: str) -> bytes:
    settings = parse_brush(text, name)
    obstacle = _obstacle(settings)
    if obstacle:
        raise InvalidInputError(f"brush {name!r} {obstacle}; try 'classic/charcoal'")
    return text if text.lstrip().startswith(b"{") else write_brush(settings)


def _obstacle(settings: Settings) -> str:
    for name in _COLOR_MIXING_SETTINGS:
        if setting_of(settings, name).matters:
            return f"is not of a single color ({name} is set)"
    pixels = most_pixels(settings)
    if pixels > MOST_PIXELS:
        return (
            f"may lay {pixels / 1e9:,.0f} billion pixels of dabs in one stroke, expected at most "
            f"{MOST_PIXELS / 1e9:.0f}: they are too many or too large"
        )
    return ""


def _folders() -> list[Path]:
    folders = [folder for folder in _BRUSH_FOLDERS if folder.is_dir()]
    if not folders:
        raise MissingLibraryError(
            "no MyPaint brushes were found: install the system package with 'apt-get install mypaint-brushes'"
        )
    return folders


def _path_of(name: str) -> Path:
    if name.endswith(_SUFFIX):
        return Path(name)
    folders = _folders()
    for folder in folders:
        path = (folder / f"{name}{_SUFFIX}").resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path
    raise InvalidInputError(
        f"there is no brush {name!r} under {folders[0]}; 'paintgym brushes' lists them; try 'classic/charcoal', or the "
        "path of a .myb file"
    )


def brush_noise(dabs: int, offset: bool = True, radius: bool = True, seed: int = 1000) -> NDArray[np.float32]:
    """The random numbers that libmypaint gives the first ``dabs`` dabs of every fresh brush.

    libmypaint (``mypaint_brush_new``) seeds its generator with 1000; a reset draws one uniform number, the first dab's
    input ``random``. Every dab then draws a Gaussian for x and one for y if the brush moves dabs by chance, one if it
    resizes them, and the next dab's uniform number.

    Args:
        dabs: how many.
        offset: whether the brush moves dabs by chance (``offset_by_random``).
        radius: whether it resizes them (``radius_by_random``).
        seed: of the generator.

    Returns:
        (dabs, 4) float32: x offset, y offset and log radius, standard normal, or 0 where none is drawn; and the input
        ``random`` in [0, 1).
    """
    _, lib = library()
    source = lib.rng_double_new(seed)
    try:
        noise = np.zeros((dabs, 4), np.float32)
        for row in noise:
            row[3] = lib.rng_double_next(source)
            if offset:
                row[:2] = [lib.rand_gauss(source), lib.rand_gauss(source)]
            if radius:
                row[2] = lib.rand_gauss(source)
        return noise
    finally:
        lib.rng_double_free(source)


def brush_stream(count: int, seed: int = 1000) -> NDArray[np.float32]:
    """The first ``count`` uniform numbers, in [0, 1), of the generator that ``brush_noise`` tells of."""
    _, lib = library()
    source = lib.rng_double_new(seed)
    try:
        return np.array([lib.rng_double_next(source) for _ in range(count)], np.float32)
    finally:
        lib.rng_double_free(source)
