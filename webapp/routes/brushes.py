"""Pictures of the brushes that the page offers: one stroke each, drawn by the neural painter."""

import io
from functools import cache

import torch
from flask import Blueprint, Response
from PIL import Image

from ...painters.painter import Painter
from ..errors import NotFoundError
from ..options.choices import DEFAULT_PAINTER
from .context import current_service

brushes = Blueprint("brushes", __name__)

#          end pressure, size, middle, end, color, start, entry pressure
_STROKE = (0.9, 0.75, 0.45, 0.75, 0.85, 0.2, 0.0, 0.0, 0.0, 0.15, 0.25, 0.7)
"""A curve that begins lightly and ends hard."""
_CACHE_SECONDS = 3600


@brushes.get("/brushes/<path:brush>.png")
def show_brush(brush: str) -> Response:
    """A stroke of a brush, ink on white."""
    service = current_service()
    if brush not in service.offer.brushes:
        raise NotFoundError("brush_none")
    response = Response(_picture(service.painter(DEFAULT_PAINTER, brush)), mimetype="image/png")
    response.cache_control.max_age = _CACHE_SECONDS
    response.cache_control.public = True
    return response


@cache
def _picture(painter: Painter) -> bytes:
    with torch.no_grad():
        ink = painter(torch.tensor([_STROKE]))[0, 0]
    pixels = (255 * (1 - ink)).round().byte().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()
