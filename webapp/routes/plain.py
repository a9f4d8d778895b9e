"""A painting under way for browsers without scripts: a page that is sent as the painting comes, and ends with it.

Nothing is loaded anew meanwhile, so nobody loses the place that they read, or are read to.
"""

from collections.abc import Iterator, Mapping

from flask import Response, current_app, render_template, request

from ..errors import BusyError
from ..jobs.job import Job
from ..page.languages import language_of, translator
from .context import StreamSlot, current_service

_PROGRESS, _RESULT = "<!-- progress -->", "<!-- result -->"
_INTERVAL_SECONDS = 1.0


def page_under_way(job: Job, links: Mapping[str, str]) -> Response:
    """The page, which grows by a line a second, and in the end by the result.

    Where too many threads are held already, it ends with its first line, and a link to look again.
    """
    service, language = current_service(), language_of(request)
    page = render_template("page.html", job=job, links=links, progress_mark=_PROGRESS, result_mark=_RESULT)
    top, middle, bottom = page.replace(_RESULT, _PROGRESS).split(_PROGRESS)
    given = {"t": translator(language), "language": language, "job": job, "links": links}
    templates = current_app.jinja_env  # its templates can be filled in after the request, too

    def progress() -> str:
        return templates.get_template("progress.html").render(**given, ahead=service.outlook(job))

    def parts() -> Iterator[bytes]:
        yield (top + progress()).encode()
        while not job.wait(_INTERVAL_SECONDS):
            yield progress().encode()
        yield (middle + templates.get_template("result.html").render(**given) + bottom).encode()

    try:
        stream = StreamSlot(parts(), job)
    except BusyError:
        return Response(top + progress() + middle + bottom, mimetype="text/html")
    return Response(stream, mimetype="text/html", headers={"X-Accel-Buffering": "no"})
