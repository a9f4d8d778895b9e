"""The stroke data set: shards of drawn strokes in the layout of Kaggle's ``mypaint_brushstrokes``. Nothing here learns.

A shard ``episodes_<i>.npz`` holds ``actions`` (N, 12) float64 in [0, 1] and ``strokes`` (N, 64, 64, 3)
uint8: one colored stroke on white each. Ours hold a third array, ``settings``, that says how to draw them again.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ...checks import check_whole
from ...errors import InvalidInputError, MissingDataError
from ...files import make_folder, write_whole
from ..names import DEFAULT_BRUSH
from ..stroke import CANVAS_SIZE, COLOR, STROKE_LENGTH, check_strokes, random_strokes
from .brushes import brush_definition
from .drawing import Progress, colored_task, draw_coverage, draw_parts, drawing_pool

__all__ = ["StrokeShards", "coverage_from_color", "draw_coverage", "write_shards"]

_PICTURE_SHAPE = (CANVAS_SIZE, CANVAS_SIZE, 3)
_BATCH = 1024
"""Pictures read or written at a time: 12 MB."""
_LEAST_DARKNESS = 32 / 255
"""One minus a channel's color from which coverage can be read out of a colored stroke: paler, rounding drowns it."""
_COMPRESSION_LEVEL = 1
"""Level 1 halves the time of level 6 for files a seventh larger, and the cores are for drawing."""
_UNREADABLE = (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


def write_shards(
    folder: str | Path,
    count: int,
    seed: int,
    shard_size: int = 100_000,
    workers: int | None = None,
    progress: Progress | None = None,
    brush: str = DEFAULT_BRUSH,
) -> list[Path]:
    """Draw uniform random strokes into shards; shards that are already there are kept.

    Shard ``i`` depends on (``seed``, ``i``) and its length alone. It appears whole or not at all, so an
    interrupted call leaves whole shards, and the same call again draws what is missing.

    Args:
        folder: where the shards go; made if it does not exist.
        count: strokes in all, 1 or more; the last shard holds the rest.
        seed: seed of the strokes, 0 or more.
        shard_size: strokes a shard, 1 or more.
        workers: processes that draw; every core by default.
        progress: called with the number of strokes finished, or found, since its last call.
        brush: name of an installed brush of one color, or the path of a ``.myb`` file.

    Returns:
        The shards' paths.

    Raises:
        InvalidInputError: a number out of range, a folder that cannot be written, or one that already holds
            a shard of that name with other strokes.
        MissingLibraryError: libmypaint or its brushes are not installed.
    """
    for name, value, least in (("count", count, 1), ("seed", seed, 0), ("shard_size", shard_size, 1)):
        check_whole(name, value, least)
    folder = Path(folder)
    lengths = [min(shard_size, count - first) for first in range(0, count, shard_size)]
    paths = [folder / f"episodes_{index}.npz" for index in range(len(lengths))]
    settings = [
        json.dumps({"seed": seed, "shard": index, "strokes": length, **_told_apart(brush)})
        for index, length in enumerate(lengths)
    ]
    missing = [index for index, path in enumerate(paths) if not _is_kept(path, settings[index])]
    with drawing_pool(workers, brush) as pool:
        make_folder(folder)
        if progress:
            progress(count - sum(lengths[index] for index in missing))
        for index in missing:
            for leftover in folder.glob(f".episodes_{index}-*.npz"):  # of a call that was killed
                leftover.unlink(missing_ok=True)
            actions = random_strokes(lengths[index], np.random.default_rng([seed, index]))
            task = partial(colored_task, brush=brush)
            _write_shard(paths[index], actions, settings[index], partial(draw_parts, pool, task), progress)
    return paths


def _told_apart(brush: str) -> dict[str, str]:
    """What shards say of their brush; a file's name alone would not tell what is in it."""
    if brush == DEFAULT_BRUSH:
        return {"brush": brush}
    return {"brush": brush, "brush_sha256": hashlib.sha256(brush_definition(brush)).hexdigest()[:16]}


def _is_kept(path: Path, settings: str) -> bool:
    if not path.exists():
        return False
    try:
        with np.load(path) as shard:
            found = str(shard["settings"])
    except _UNREADABLE:
        found = "no settings of paintgym"
    if found != settings:
        raise InvalidInputError(f"{path} holds {found}, expected {settings}; name another folder, or remove the file")
    return True


def _write_shard(
    path: Path,
    actions: NDArray[np.float64],
    settings: str,
    draw: Callable[[NDArray[np.float64]], Iterator[NDArray[np.uint8]]],
    progress: Progress | None,
) -> None:
    # Compressed part by part while the workers draw on, so that memory holds no whole shard (1.2 GB).
    with (
        write_whole(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive,
    ):
        for name, array in (("actions", actions), ("settings", np.array(settings))):
            with archive.open(f"{name}.npy", "w") as member:
                npy.write_array(member, array, allow_pickle=False)
        with archive.open("strokes.npy", "w", force_zip64=True) as member:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(actions), *_PICTURE_SHAPE)}
            npy.write_array_header_1_0(member, header)
            for part in draw(actions):
                member.write(part.tobytes())
                if progress:
                    progress(len(part))


def coverage_from_color(pictures: NDArray[np.uint8], colors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Coverage of single strokes of known color on white paper.

    A channel shows ``255 - coverage * 255 * (1 - color)``; the channels are weighed by how far their color
    is from white, which is least squares for equal rounding errors. A white stroke leaves no trace and gives 0.

    Args:
        pictures: (N, H, W, 3) uint8.
        colors: (N, 3) in [0, 1].

    Returns:
        (N, H, W) float32 in [0, 1].
    """
    darkness = 255 * (1 - np.asarray(colors, np.float32))
    weights = darkness / np.maximum((darkness**2).sum(-1, keepdims=True), 1e-6)
    darkness = 255 - pictures.astype(np.float32)
    coverage: NDArray[np.float32] = np.einsum("nhwc,nc->nhw", darkness, weights).clip(0, 1)
    return coverage


class StrokeShards:
    """Reads stroke shards, ours or Kaggle's, in batches and never a whole shard at once.

    Iterating gives (actions, coverage): (N, 12) float32 in [0, 1] and (N, 64, 64) uint8, 255 for opaque, in
    the order of the shards. Strokes nearly as white as the paper carry no ink that could be measured: they are
    left out and counted in ``dropped`` (0.1 % of uniform colors).

    Args:
        source: a folder of ``episodes_<i>.npz`` shards, or one shard.

    Raises:
        MissingDataError: ``source`` does not exist, or holds no shard.
        InvalidInputError: while iterating: a file that is no shard, or is not whole.
    """

    def __init__(self, source: str | Path) -> None:
        source = Path(source)
        if source.is_dir():
            numbered = [(re.fullmatch(r"episodes_(\d+)\.npz", path.name), path) for path in source.iterdir()]
            self.paths = [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]
        else:
            self.paths = [source] if source.is_file() else []
        if not self.paths:
            raise MissingDataError(
                f"no stroke shards at {source}; draw some with 'paintgym strokes --count 10000 --out FOLDER'"
            )
        self.dropped = 0

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
        self.dropped = 0
        for path in self.paths:
            try:
                for actions, pictures in _read_batches(path):
                    strokes = check_strokes(actions)
                    visible = ((1 - strokes[:, COLOR]) ** 2).sum(1) >= _LEAST_DARKNESS**2
                    self.dropped += int((~visible).sum())
                    coverage = coverage_from_color(pictures[visible], strokes[visible, COLOR])
                    yield strokes[visible], np.rint(coverage * 255).astype(np.uint8)
            except _UNREADABLE as error:
                raise InvalidInputError(f"{path} is not a whole stroke shard: {error}") from None


def _read_batches(path: Path) -> Iterator[tuple[NDArray[np.float64], NDArray[np.uint8]]]:
    with (
        zipfile.ZipFile(path) as archive,
        archive.open("actions.npy") as actions,
        archive.open("strokes.npy") as pictures,
    ):
        count = _read_header(actions, "actions", (STROKE_LENGTH,), np.float64)
        if _read_header(pictures, "strokes", _PICTURE_SHAPE, np.uint8) != count:
            raise ValueError("it has not as many strokes as actions")
        for first in range(0, count, _BATCH):
            length = min(_BATCH, count - first)
            yield (
                _read_array(actions, np.float64, (length, STROKE_LENGTH)),
                _read_array(pictures, np.uint8, (length, *_PICTURE_SHAPE)),
            )


def _read_header(member: IO[bytes], name: str, shape: tuple[int, ...], dtype: Any) -> int:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    found, is_fortran, found_dtype = readers[npy.read_magic(member)](member)
    if found[1:] != shape or found_dtype != dtype or is_fortran:
        raise ValueError(f"{name} is {found} {found_dtype}, expected (N, {str(shape)[1:]} {np.dtype(dtype)}")
    return int(found[0])


def _read_array(member: IO[bytes], dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(member.read(size), dtype).reshape(shape)
