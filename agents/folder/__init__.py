"""Painting a folder: what it holds (``listing``), how it is painted (``plan``), what is done already (``state``)."""

from .listing import list_pictures
from .state import SETTINGS

__all__ = ["SETTINGS", "list_pictures"]
