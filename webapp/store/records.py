"""Paintings as the files of a store's entry, and back."""

import io
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...agents.outputs.painting import Painting
from ...agents.outputs.painting_file import read_painting_file, write_painting_file
from ...envs.pictures import Picture
from ...errors import InvalidInputError
from ...painters.painter import Painter
from .store import Entry, Store

STROKES, CANVAS = "strokes.json", "canvas.png"


def pack(painting: Painting) -> dict[str, bytes]:
    """The files that a painting is made of."""
    with tempfile.TemporaryDirectory(prefix="paintgym-") as folder:
        path = Path(folder) / STROKES
        write_painting_file(painting.stroke_list, path, painting.metadata)
        return {STROKES: path.read_bytes(), CANVAS: pack_picture(painting.image)}


def facts_of(painting: Painting) -> dict[str, Any]:
    """What is known of a painting beside its files."""
    return {
        "painter": painting.painter.name,
        "brush": painting.painter.brush,
        "agent": painting.agent,
        "seed": painting.seed,
        "seconds": painting.seconds,
        "loss": painting.loss,
        "loss_name": painting.loss_name,
    }


def unpack(store: Store, entry: Entry, painter: Callable[[str, str], Painter]) -> Painting | None:
    """The painting of an entry with ``facts_of`` it; None where its files are gone.

    Args:
        store: has the files.
        entry: tells of the painting.
        painter: gives a painter by its name and its brush.

    Raises:
        InvalidInputError: the files were changed, and are no painting any more.
    """
    strokes, canvas = store.read(entry.key, STROKES), store.read(entry.key, CANVAS)
    if strokes is None or canvas is None:
        return None
    facts: Mapping[str, Any] = entry.facts
    with tempfile.TemporaryDirectory(prefix="paintgym-") as folder:
        path = Path(folder) / STROKES
        path.write_bytes(strokes)
        stroke_list = read_painting_file(path)
    return Painting(
        image=unpack_picture(canvas),
        stroke_list=stroke_list,
        loss=facts["loss"],
        loss_name=facts["loss_name"],
        seconds=facts["seconds"],
        agent=facts["agent"],
        painter=painter(facts["painter"], facts["brush"]),
        seed=facts["seed"],
    )


def pack_picture(picture: Picture) -> bytes:
    """Pixels as PNG."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=1)
    return content.getvalue()


def unpack_picture(content: bytes) -> Picture:
    """The pixels of a PNG of ``pack_picture``.

    Raises:
        InvalidInputError: the file was changed, or is cut short.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for PNGs, some by chunk
        raise InvalidInputError(f"a canvas in the store is damaged: {error}") from None
