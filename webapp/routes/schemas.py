"""What the OpenAPI description says of requests and answers."""

from typing import Any

from ...painters.names import DEFAULT_BRUSH
from ...painters.stroke import CANVAS_SIZE
from ..options.choices import (
    AGENTS,
    DEFAULT_AGENT,
    DEFAULT_PAINTER,
    LARGE_AGENTS,
    MORE_STROKES,
    PICTURE_FORMATS,
    SEEDLESS_AGENTS,
    Offer,
    default_size,
    samples,
    size_choices,
)
from ..settings import Settings

Description = dict[str, Any]


REASON: Description = {
    "type": "object",
    "description": "The same for programs: a code that stays, what its sentence tells, and the settings of the host "
    "that set the limit which was met.",
    "properties": {
        "code": {"type": "string"},
        "values": {"type": "object"},
        "limits": {"type": "array", "items": {"type": "string"}},
    },
}


def describe_object(properties: Description) -> Description:
    """An object with some properties."""
    return {"type": "object", "properties": properties}


def describe_options(settings: Settings, offer: Offer) -> Description:
    """What can be asked for, beside a picture."""
    sizes = size_choices(settings)
    strokes = ", ".join(
        f"{choice.usual_strokes} by default and {choice.most_strokes} at most at size {side}"
        for side, choice in sizes.items()
    )
    return {
        "agent": {"enum": list(AGENTS), "default": DEFAULT_AGENT},
        "size": {
            "type": "integer",
            "enum": list(sizes),
            "default": default_size(DEFAULT_AGENT, settings),
            "description": f"The painting's longer side in pixels; {CANVAS_SIZE} paints the center square alone. "
            f"Larger paintings are made by the agent {' or '.join(LARGE_AGENTS)}; of others {CANVAS_SIZE} is the "
            "default.",
        },
        "painter": {"enum": offer.painters, "default": DEFAULT_PAINTER},
        "brush": {
            "enum": offer.brushes,
            "default": DEFAULT_BRUSH,
            "description": f"The MyPaint brush; others than the default are for the painter {DEFAULT_PAINTER}.",
        },
        "strokes": {
            "type": "integer",
            "minimum": 0,
            "maximum": max(choice.most_strokes for choice in sizes.values()),
            "description": f"How many; {strokes}. 0 with start alone.",
        },
        "seed": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2**53 - 1,
            "default": 0,
            "description": "The same seed gives the same painting, where time does not decide. The agent "
            f"{' or '.join(SEEDLESS_AGENTS)} paints the same whatever the seed.",
        },
        "palette": {
            "type": "string",
            "description": "How many colors there may be, 2 to 16, chosen from the picture or from palette_picture; or "
            "2 to 16 colors such as #d2691e, separated by commas.",
        },
        "palette_picture": {"type": "string", "description": "A second picture, whose colors are used."},
        "paper": {"type": "string", "default": "white", "description": "A color such as #f5e6c8, or mean."},
        "brush_sizes": {"type": "string", "default": "0,1", "description": "The least and the largest, from 0 to 1."},
        "rotate": {"enum": [0, 90, 180, 270], "default": 0, "description": "Degrees clockwise, before the crop."},
        "crop": {
            "type": "string",
            "description": "x, y, width and height of the part that is painted, in parts of the picture.",
        },
        "address": {"type": "string", "description": "Of a picture elsewhere, where the host allows that."},
        "continue": {
            "type": "string",
            "description": "The id of a finished painting, in place of a picture: so many strokes more are laid on it. "
            f"{MORE_STROKES} by default; agent and seed may be others.",
        },
        "start": {
            "type": "string",
            "description": "A painting that was fetched as .json, beside its own picture: so many strokes more are "
            "laid on it, where the service has forgotten it; with 0 strokes it is there again as it was.",
        },
        "sample": {"enum": samples(), "description": "One of the page's own pictures, in place of a picture."},
    }


def describe_request(settings: Settings, offer: Offer) -> Description:
    """A request for a painting, in each form that it may have."""
    options = describe_options(settings, offer)
    about = f"{PICTURE_FORMATS}, in base64 of either alphabet, with line breaks or without, or as a data: URL."
    picture = {
        "type": "string",
        "contentMediaType": "image/*",
        "description": f"A file, {PICTURE_FORMATS}, or text: {about}",
    }
    form = describe_object({"picture": picture, **options})
    document = describe_object(
        {"picture": {"type": "string", "contentEncoding": "base64", "description": about}, **options}
    )
    bare = {"description": f"{PICTURE_FORMATS}; options go into the query.", "type": "string", "format": "binary"}
    return {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": document},
        "image/*": {"schema": bare},
    }


def describe_painting(offer: Offer) -> Description:
    """The properties of a painting from request to result."""
    text, number, whole = {"type": "string"}, {"type": "number"}, {"type": "integer"}
    return {
        "id": text,
        "state": {"enum": ["waiting", "painting", "finished", "failed", "cancelled"]},
        "agent": {"enum": list(AGENTS)},
        "painter": {"enum": offer.painters},
        "brush": {"enum": offer.brushes},
        "width": whole,
        "height": whole,
        "strokes": whole,
        "strokes_done": whole,
        "seed": whole,
        "seconds": number,
        "position": {"type": ["integer", "null"], "description": "1 for the next to be painted, 0 once it is."},
        "starts_in": {"type": ["number", "null"], "description": "Seconds, as expected."},
        "expected_seconds": {"type": ["number", "null"], "description": "Until it is finished."},
        "stopped": {"type": "boolean", "description": "Whether it has fewer strokes than were asked for."},
        "message": text,
        "reason": {**REASON, "type": ["object", "null"]},
        "settings": {"type": "object", "description": "All that was asked for, but the picture."},
        "loss": number,
        "loss_name": text,
        "links": {"type": "object", "additionalProperties": text},
    }


def describe_shared() -> Description:
    """The properties of a shared painting."""
    text, number, whole, some = {"type": "string"}, {"type": "number"}, {"type": "integer"}, {"type": "object"}
    return {
        "url": text,
        "title": text,
        "created": text,
        "expires": {"type": ["string", "null"]},
        "settings": some,
        "width": whole,
        "height": whole,
        "strokes": whole,
        "loss": number,
        "seconds": number,
        "links": some,
    }
