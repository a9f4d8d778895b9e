"""Fields of a form, of JSON or of a query, each read and checked alone; what is wrong is told in one sentence."""

import json
from collections.abc import Collection
from typing import Any

from ..errors import RequestError, printable

_LONGEST_LIST = 32
"""Parts of a field that lists something: far more than any field has."""


def fields_given_once(fields: Any) -> dict[str, Any]:
    """The fields of a form or query.

    Raises:
        RequestError: one is given several times.
    """
    for name, values in fields.lists():
        if len(values) > 1:
            raise RequestError("field_twice", field=printable(name), times=len(values))
    return dict(fields.items())


def read_json(body: bytes) -> dict[str, Any]:
    """The fields of a JSON object.

    Raises:
        RequestError: not JSON, or no object.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("json_wrong") from None
    if not isinstance(document, dict):
        raise RequestError("json_object")
    return document


def read_choice(field: str, value: Any, choices: Collection[str]) -> str:
    """One of some words.

    Raises:
        RequestError: anything else.
    """
    if not isinstance(value, str) or value not in choices:
        raise RequestError("field_choice", field=field, value=printable(value), choices=", ".join(choices))
    return value


def read_whole(field: str, value: Any, low: int, high: int, setting: str = "") -> int:
    """A whole number from ``low`` to ``high``, the latter set by ``setting`` if anything sets it.

    Raises:
        RequestError: anything else.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        settings = (setting,) if setting and type(value) is int and value > high else ()
        raise RequestError("field_whole", *settings, field=field, value=printable(value), low=low, high=high)
    return value


def read_list(value: Any) -> list[str]:
    """The parts of a list: of JSON's, or of a text with commas; empty for anything else."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or len(value) > _LONGEST_LIST:
        return []
    return [str(part)[:40].strip() for part in value]


def read_fractions(field: str, value: Any, example: str) -> tuple[float, ...]:
    """As many numbers from 0 to 1 as an example has.

    Raises:
        RequestError: anything else.
    """
    parts = read_list(value)
    try:
        numbers = tuple(map(float, parts))
    except ValueError:
        numbers = ()
    if len(numbers) != example.count(",") + 1 or not all(0 <= number <= 1 for number in numbers):
        raise RequestError("field_fractions", field=field, value=printable(value), example=example)
    return numbers
