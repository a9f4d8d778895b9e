"""Pictures that a browser cannot show itself, or that lie elsewhere: read here, and given back as JPEG."""

import io

from flask import Blueprint, Response, request

from ..errors import RequestError
from ..options.addresses import fetch_picture
from ..uploads import read_small
from .context import current_service

pictures = Blueprint("pictures", __name__)

_SIDE = 1024
"""Pixels; the longer side of what is given back: that of the largest paintings."""
_QUALITY = 93


@pictures.post("/pictures")
def show_picture() -> Response:
    """The whole picture of the field ``picture``, or of the ``address`` where the host allows that, upright."""
    settings = current_service().settings
    if address := request.form.get("address"):
        content = fetch_picture(address, settings)
    elif file := request.files.get("picture"):
        content = file.read()
    else:
        raise RequestError("picture_none")
    shown = io.BytesIO()
    read_small(content, settings.maximum_pixels, _SIDE).save(shown, "JPEG", quality=_QUALITY)
    return Response(shown.getvalue(), mimetype="image/jpeg")
