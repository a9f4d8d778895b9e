"""Views by name."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidInputError
from .canvas import CanvasView
from .focus import FocusView
from .view import View

VIEWS: dict[str, type[View]] = {"canvas": CanvasView, "focus": FocusView}


def make_view(view: "str | Mapping[str, Any] | View") -> View:
    """A view by name, or by its name and settings as JSON has them: ``{"name": "focus", "window": 16}``.

    Raises:
        InvalidInputError: unknown view or setting, or a setting out of range.
    """
    if isinstance(view, View):
        return view
    settings: dict[str, Any] = {"name": view}
    if isinstance(view, Mapping):
        settings = {"name": None, **view}
    name = settings.pop("name", None)
    if not isinstance(name, str) or name not in VIEWS:
        raise InvalidInputError(f"there is no view {view!r}; expected one of {', '.join(VIEWS)}")
    known = [field.name for field in dataclasses.fields(FocusView)] if name == "focus" else []
    for setting in settings:
        if setting not in known:
            raise InvalidInputError(
                f"the view {name!r} has no setting {setting!r}; expected {', '.join(known) or 'none'}"
            )
    return VIEWS[name](**settings)
