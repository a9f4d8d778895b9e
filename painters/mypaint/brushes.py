"""MyPaint's installed brushes: their definitions, and the random numbers that a fresh brush begins with."""

import functools
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidInputError, MissingLibraryError
from .library import library

_BRUSH_FOLDERS = (Path("/usr/share/mypaint-data/2.0/brushes"), Path("/usr/share/mypaint-data/1.0/brushes"))


# Settings that bring in a second color, or paint that is already on the canvas.
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


@functools.cache
def brush_definition(name: str) -> bytes:
    """The brush file's text for a brush of a single color.

    Raises:
        MissingLibraryError: no brush collection is installed.
        InvalidInputError: no brush of that name, or one that needs more than its own color.
    """
    folders = [folder for folder in _BRUSH_FOLDERS if folder.is_dir()]
    if not folders:
        raise MissingLibraryError(
            "no MyPaint brushes were found: install the system package with 'apt-get install mypaint-brushes'"
        )
    for folder in folders:
        path = (folder / f"{name}.myb").resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            text = path.read_bytes()
            break
    else:
        raise InvalidInputError(f"there is no brush {name!r} under {folders[0]}; try 'classic/charcoal'")
    settings = json.loads(text)["settings"]
    for setting in _COLOR_MIXING_SETTINGS:
        value = settings.get(setting, {"base_value": 0.0, "inputs": {}})
        if value["base_value"] or value["inputs"]:
            raise InvalidInputError(
                f"brush {name!r} is not of a single color ({setting} is set); try 'classic/charcoal'"
            )
    return text


def brush_noise(dabs: int, seed: int = 1000) -> NDArray[np.float32]:
    """The random numbers that libmypaint gives the first ``dabs`` dabs of every fresh brush.

    libmypaint (``mypaint_brush_new``) seeds its generator with 1000; a reset draws one number, then
    every dab draws a Gaussian for x, one for y and one for the radius, and a uniform number.

    Returns:
        (dabs, 3) float32, standard normal: x offset, y offset, log radius.
    """
    _, lib = library()
    source = lib.rng_double_new(seed)
    try:
        lib.rng_double_next(source)
        noise = np.empty((dabs, 3), np.float32)
        for row in noise:
            row[:] = [lib.rand_gauss(source) for _ in range(3)]
            lib.rng_double_next(source)
        return noise
    finally:
        lib.rng_double_free(source)
