"""Pictures from elsewhere, by their addresses: where the host allows it, from the public network alone."""

from typing import Any

from ..errors import RequestError
from ..settings import Settings


def fetch_picture(address: Any, settings: Settings) -> bytes:
    """The bytes at an address.

    Raises:
        RequestError: the host does not allow it.
    """
    raise RequestError("Pictures are not fetched from elsewhere here; send the picture itself.", "fetch_pictures")
