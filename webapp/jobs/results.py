"""Finished paintings in a store that lasts: they are there again after the process was started anew."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from ...painters.device import device_of
from ...painters.painter import Painter
from ...painters.style import Style
from ..options.framing import Framing
from ..options.style import color_of
from ..requests import PaintingRequest
from ..store.records import facts_of, pack, pack_picture, unpack, unpack_picture
from ..store.store import Entry, Store, StoreError
from ..uploads import Upload
from .job import Job
from .streaming import stroke_data

_log = logging.getLogger(__name__)

_KIND, _PICTURE, _PREVIEW = "result", "picture.png", "preview.jpg"


def keep_results(store: Store, jobs: Iterable[Job], seconds: float) -> None:
    """Keep finished paintings, with the pictures, so that they can be painted on; the log tells of what cannot be."""
    for job in jobs:
        job.kept = True  # tried once: a disk that is full now is asked again for the next
        try:
            _keep(store, job, seconds)
            if job.discarded:  # meanwhile
                store.drop(job.identity)
        except (StoreError, OSError) as error:
            _log.error("painting %s is not kept, or dropped, as it should be: %s", job.identity, error)


def _keep(store: Store, job: Job, seconds: float) -> None:
    assert job.painting is not None
    upload, now = job.request.upload, time.time()
    facts = {**facts_of(job.painting), "settings": job.request.settings(), "message": job.message}
    files = {**pack(job.painting), _PICTURE: pack_picture(upload.picture), _PREVIEW: upload.preview}
    store.put(Entry(job.identity, _KIND, facts, now + seconds, now), files)


def restore_result(store: Store, identity: str, painter: Callable[[str, str], Painter]) -> Job | None:
    """A painting that was kept, as the finished job that it was; None where there is none.

    Raises:
        InvalidInputError: its files were changed, and are no painting any more.
        StoreError: the store cannot be read.
    """
    entry = store.find(identity)
    painting = None if entry is None or entry.kind != _KIND else unpack(store, entry, painter)
    picture, preview = store.read(identity, _PICTURE), store.read(identity, _PREVIEW)
    if entry is None or painting is None or picture is None or preview is None:
        return None
    job = Job(_request(entry.facts["settings"], Upload(unpack_picture(picture), preview)))
    job.identity, job.message, job.kept = identity, entry.facts["message"], True
    job.start()
    if not job.request.large:
        strokes = torch.from_numpy(painting.strokes).to(device_of(painting.painter))
        with torch.inference_mode():
            job.emit("film", len(strokes), stroke_data(strokes, painting.painter(strokes)))
    job.finish(painting)
    job.over_at -= time.time() - entry.created
    job.started_at = job.over_at - painting.seconds
    return job


def _request(settings: dict[str, Any], upload: Upload) -> PaintingRequest:
    palette, crop = settings["palette"], settings["crop"]
    return PaintingRequest(
        upload,
        agent=settings["agent"],
        painter=settings["painter"],
        brush=settings["brush"],
        strokes=settings["strokes"],
        seed=settings["seed"],
        style=Style(
            sizes=tuple(settings["brush_sizes"]),
            palette=None if palette is None else np.array([color_of(name) for name in palette], np.float32),
            background=color_of(settings["paper"]),
        ),
        framing=Framing(settings["rotate"], tuple(crop) if crop else None),
        continued=settings["continued"],
    )
