"""The engine against strokes that the author of the Neural Painters drew. Nothing here draws or learns.

The reference is ``mypaint_reference/notebook_pairs_64.npz``: fifteen canvases with their actions, drawn with
libmypaint 1.3 and the brush ``dry_brush_spiral.myb``. Its settings are those of Debian's ``classic/dry_brush``,
but one brush drew many strokes, so its random numbers ran on where ours start afresh: the scatter of the single
dabs differs, and a perfect correlation is not to be had.
"""

from pathlib import Path

import numpy as np

from ...errors import MissingDataError
from ...files import data_directory
from ..stroke import COLOR
from .dataset import coverage_from_color
from .engine import MyPaintEngine


def reference_correlations(folder: str | Path | None = None) -> dict[str, float]:
    """Correlation, over pixels, of reference coverage with ours, for each canvas that shows a single stroke.

    The reference's modes JUMP_STROKES and CONNECTED_STROKES paint stroke over stroke, so that only their
    first canvas shows a single one; every canvas of STROKES_ONLY does.

    Args:
        folder: holds ``notebook_pairs_64.npz``; by default ``mypaint_reference`` in the data folder.

    Returns:
        ``{"STROKES_ONLY 0": correlation, ...}``, in the reference's order.

    Raises:
        MissingDataError: the reference was not found.
        MissingLibraryError: libmypaint or its brushes are not installed.
    """
    path = Path(folder or data_directory() / "mypaint_reference") / "notebook_pairs_64.npz"
    if not path.is_file():
        raise MissingDataError(f"no reference strokes at {path}; set PAINTGYM_DATA to the folder of mypaint_reference/")
    with np.load(path) as reference:
        actions, pictures, modes = reference["actions"], reference["strokes"], reference["mode"].tolist()
    names = [f"{mode} {modes[:index].count(mode)}" for index, mode in enumerate(modes)]
    single = [index for index, name in enumerate(names) if name.startswith("STROKES_ONLY") or name.endswith(" 0")]
    theirs = coverage_from_color(pictures[single], actions[single][:, COLOR])
    ours = MyPaintEngine().coverage(actions[single])
    return {
        names[index]: float(np.corrcoef(their.ravel(), our.ravel())[0, 1])
        for index, their, our in zip(single, theirs, ours, strict=True)
    }
