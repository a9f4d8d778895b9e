"""Finished paintings that come back: from a store that lasts, after the process was started anew, or from whoever kept
their strokes, after they were forgotten here."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from ...agents.outputs.painting import Painting
from ...envs.losses.loss import PixelLoss
from ...painters.device import device_of
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.style import Style
from ..encoding import lay_again
from ..errors import Sentence
from ..options.framing import Framing
from ..options.style import color_of
from ..requests import PaintingRequest
from ..store.records import facts_of, pack, pack_picture, unpack, unpack_picture
from ..store.store import Entry, Store, StoreError
from ..uploads import Upload
from .job import Job
from .streaming import stroke_data

_log = logging.getLogger(__name__)

_KIND, _PICTURE, _PREVIEW, _SHARE = "result", "picture.png", "preview.jpg", "share.txt"


def keep_results(store: Store, jobs: Iterable[Job], seconds: float) -> None:
    """Keep finished paintings, with the pictures, so that they can be painted on; the log tells of what cannot be."""
    for job in jobs:
        job.kept = True  # tried once: a disk that is full now is asked again for the next
        try:
            _keep(store, job, seconds)
            if job.discarded:  # meanwhile
                store.drop(job.identity)
            elif job.shared:
                keep_share(store, job)
        except (StoreError, OSError) as error:
            _log.error("painting %s is not kept, or dropped, as it should be: %s", job.identity, error)


def _keep(store: Store, job: Job, seconds: float) -> None:
    assert job.painting is not None
    upload, now = job.request.upload, time.time()
    facts = {
        **facts_of(job.painting),
        "settings": job.request.settings(),
        "message": job.message and asdict(job.message),
    }
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
    job.identity, job.message, job.kept = identity, _message(entry.facts["message"]), True
    job.start()
    _finish(job, painting)
    job.over_at -= time.time() - entry.created
    job.started_at = job.over_at - painting.seconds
    return job


def finish_again(request: PaintingRequest, painter: Painter) -> Job:
    """The finished job of a painting that was forgotten, and for which no strokes are asked but those it begins with.

    Raises:
        BusyError: others are laid all the time.
    """
    job, start, loss = Job(request), request.start, PixelLoss()
    assert start is not None
    job.start()
    image = lay_again(start, painter)
    canvas, target = to_tensor(image), to_tensor(request.upload.picture)
    painting = Painting(
        image=image,
        stroke_list=start,
        loss=float(loss(canvas, loss.features(target))),
        loss_name=loss.name,
        seconds=job.seconds,
        agent=request.agent,
        painter=painter,
        seed=request.seed,
    )
    _finish(job, painting)
    return job


def keep_share(store: Store, job: Job) -> None:
    """Have a painting that is kept know where it is shared, for this process and others."""
    try:
        store.add(job.identity, _SHARE, job.shared.encode())
    except StoreError as error:
        _log.error("it is not kept where painting %s is shared: %s", job.identity, error)


def find_share(store: Store, job: Job) -> str:
    """The key of a painting that is shared already; empty for others.

    Raises:
        StoreError: the store cannot be read.
    """
    kept = store.read(job.identity, _SHARE) if job.kept else None
    return job.shared or (kept or b"").decode("ascii", "replace")


def _finish(job: Job, painting: Painting) -> None:
    if not job.request.large:
        strokes = torch.from_numpy(painting.strokes).to(device_of(painting.painter))
        with torch.inference_mode():
            job.emit("film", len(strokes), stroke_data(strokes, painting.painter(strokes)))
    job.finish(painting)


def _message(facts: Any) -> Sentence | None:
    # Stores of before have texts, in English alone.
    return Sentence(facts["code"], facts["values"], tuple(facts["settings"])) if isinstance(facts, dict) else None


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
