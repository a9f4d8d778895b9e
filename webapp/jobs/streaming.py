"""Server-sent events: how strokes travel to the page, and how a stream is resumed."""

import base64
import io
import json
import math
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ...painters.pixels import to_uint8
from ...painters.stroke import CANVAS_SIZE
from .job import Job
from .queue import Outlook

_LARGE_SIDE = 640
"""Pixels; longer side of canvases sent of a large painting under way: as large as the page shows them, and 50 kB."""
_HEARTBEAT_SECONDS = 0.8
"""Something is sent about as often, so that a client who has gone is noticed, and proxies keep the stream."""


def stroke_data(strokes: Tensor, coverage: Tensor) -> dict[str, Any]:
    """Strokes as the page takes them.

    Args:
        strokes: (T, 12) in [0, 1].
        coverage: (T, 1, 64, 64) in [0, 1].

    Returns:
        ``strokes``, T lists of 12 numbers, and ``ink``: T x 64 x 64 bytes of coverage, 0 to 255, deflated, in base64.
    """
    ink = coverage.mul(255).round_().to(torch.uint8).contiguous().cpu().numpy()
    packed = base64.b64encode(zlib.compress(ink.tobytes(), 1)).decode("ascii")
    return {"strokes": [[round(number, 4) for number in stroke] for stroke in strokes.tolist()], "ink": packed}


def canvas_data(canvas: Tensor) -> dict[str, Any]:
    """A canvas (3, H, W) in [0, 1] as the page takes it: ``image``, in base64, and its ``kind``.

    A canvas of 64x64 is a PNG; a larger one a JPEG, reduced if need be.
    """
    image = Image.fromarray(to_uint8(canvas))
    content = io.BytesIO()
    if max(image.size) <= CANVAS_SIZE:
        image.save(content, "PNG", compress_level=1)
        kind = "image/png"
    else:
        image.thumbnail((_LARGE_SIDE, _LARGE_SIDE))
        image.save(content, "JPEG", quality=80)
        kind = "image/jpeg"
    return {"image": base64.b64encode(content.getvalue()).decode("ascii"), "kind": kind}


def event_stream(job: Job, after: int, outlook: Callable[[Job], Outlook]) -> Iterator[bytes]:
    """The events of a job with numbers above ``after``, in the form of server-sent events, until it is over.

    Between them, once a second: ``queued`` with its place and the seconds left while it waits, ``progress`` with the
    seconds left once it is painted. Those are true of the moment, and have no number: who reconnects is told anew.
    """
    yield b"retry: 1000\n\n"
    told_at = -math.inf
    while True:
        over = job.over  # asked first: what is published in between is then sent in the next round
        if not over and time.monotonic() - told_at >= _HEARTBEAT_SECONDS:
            told_at = time.monotonic()
            yield _tell_moment(job, outlook(job))
        for event in (events := job.events_after(after, _HEARTBEAT_SECONDS)):
            yield f"id: {event.number}\nevent: {event.kind}\ndata: {event.data}\n\n".encode()
            after = event.number
        if over and not events:
            return


def _tell_moment(job: Job, ahead: Outlook) -> bytes:
    data: dict[str, Any] = {"expected_seconds": round(ahead.expected_seconds, 1)}
    if ahead.position:
        data |= {"position": ahead.position, "starts_in": round(ahead.starts_in, 1)}
    else:
        data |= {"count": job.strokes_done, "strokes_done": job.strokes_done, "seconds": round(job.seconds, 3)}
    return f"event: {'queued' if ahead.position else 'progress'}\ndata: {json.dumps(data)}\n\n".encode()
