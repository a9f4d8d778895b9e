"""Paintings as answers: in every form there is, and what is said where there is none."""

from contextlib import nullcontext

from flask import Response, request

from ...agents.outputs.painting import Painting
from ...errors import MissingLibraryError
from ...painters.stroke import CANVAS_SIZE
from ..encoding import FORMATS, LARGEST_PRINT, QUICK, encode, encode_print
from ..errors import NotFinishedError, NotFoundError, Sentence
from ..jobs.job import Job
from ..options.fields import read_whole
from .context import StreamSlot, current_service


def formats() -> list[str]:
    """Names of the forms that paintings are fetched in here."""
    return [name for name in FORMATS if name != "mp4" or current_service().has_mp4]


def encoded(painting: Painting, file_format: str) -> Response:
    """A painting in a form; PNG at the ``size`` of the query, drawn again, if there is one.

    Raises:
        RequestError: a size out of range, or a form that there is not.
        BusyError: others are drawn again all the time, or too many threads are held already.
    """
    with nullcontext() if file_format in QUICK and "size" not in request.args else StreamSlot():
        return file_answer(_encode(painting, file_format), file_format)


def _encode(painting: Painting, file_format: str) -> bytes:
    if file_format == "png" and "size" in request.args:
        side = read_whole("size", request.args["size"], CANVAS_SIZE, LARGEST_PRINT)
        return encode_print(painting, side)
    try:
        return encode(painting, file_format)
    except MissingLibraryError:
        raise NotFoundError("mp4_none") from None


def file_answer(content: bytes, file_format: str) -> Response:
    """A file of a form, with a name to be saved by."""
    response = Response(content, mimetype=FORMATS[file_format])
    response.headers["Content-Disposition"] = f'inline; filename="painting.{file_format}"'
    return response


def finished_painting(job: Job) -> Painting:
    """The painting of a job.

    Raises:
        NotFinishedError: it has none, yet or at all.
    """
    if job.painting is not None:
        return job.painting
    reason = (job.message or Sentence("canceled")) if job.over else Sentence("unfinished")
    raise NotFinishedError(reason.code, *reason.settings, **reason.values)
