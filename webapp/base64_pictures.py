"""Pictures in base64 as ordinary clients send them: in lines, in either alphabet, without padding, as data: URLs."""

import base64
import re
from typing import Any
from urllib.parse import unquote

from .errors import RequestError, printable

_DATA_URL = re.compile(r"\s*data:([^,]*),", re.IGNORECASE)
_OTHER_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_URL_SAFE = str.maketrans("-_", "+/")


def decode_picture(text: Any, field: str = "picture") -> bytes:
    """The bytes of a field that holds a picture in base64.

    Line breaks and spaces may stand anywhere, as MIME and ``base64`` on the command line put them; both alphabets are
    taken, and padding may be left out. Of a ``data:`` URL the kind of picture is not trusted: the bytes tell it.

    Args:
        text: the field's content.
        field: its name.

    Returns:
        The decoded bytes, empty for an empty text.

    Raises:
        RequestError: not a string, or not base64.
    """
    if not isinstance(text, str):
        raise RequestError("base64_text", field=field)
    if url := _DATA_URL.match(text):
        if not re.sub(r"\s", "", url[1]).lower().endswith(";base64"):
            raise RequestError("base64_url", field=field)
        text = unquote(text[url.end() :], "ascii")
    elif _OTHER_URL.match(text):
        raise RequestError("base64_address", field=field)
    digits = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    if wrong := re.search(r"[^A-Za-z0-9+/]", digits):
        raise RequestError("base64_letter", field=field, place=wrong.start() + 1, letter=printable(wrong[0]))
    if len(digits) % 4 == 1:  # six bits alone, which make no byte
        raise RequestError("base64_cut", field=field)
    return base64.b64decode(digits + "=" * (-len(digits) % 4))
