"""Options of the command line: what parameters are called there, so that messages say what was typed."""

import dataclasses
import re
import typing
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import InvalidInputError, PaintgymError

_OTHER_NAMES = {"stroke_budget": "strokes", "enlarge": "upscale", "sizes": "brush_sizes", "time_limit": "seconds"}
"""Parameters of the library that are other words on the command line."""


@contextmanager
def naming_options(arguments: type) -> Iterator[None]:
    """Put a command's options in the place of the parameters that an error's message names.

    Args:
        arguments: the dataclass of a command's arguments.
    """
    try:
        yield
    except InvalidInputError as error:
        options, message = _options_of(arguments), str(error)
        for parameter in error.parameters:
            option = options.get(parameter) or options.get(_OTHER_NAMES.get(parameter, ""), parameter)
            message = re.sub(rf"(?<![\w-]){re.escape(parameter)}(?![\w-])", option, message, count=1)
        raise InvalidInputError(message) from None


@contextmanager
def about(option: str) -> Iterator[None]:
    """Begin the message of an error with the option that it is about, unless it names its parameters itself."""
    try:
        yield
    except PaintgymError as error:
        if isinstance(error, InvalidInputError) and error.parameters:
            raise
        raise type(error)(f"{option}: {error}") from None


def take_former(argv: list[str], former: Mapping[str, str]) -> list[str]:
    """Arguments with the present names of options that were renamed; a former name is taken, and warned of."""
    present = []
    for word in argv:
        option, equals, value = word.partition("=")
        if option in former:
            warnings.warn(f"the option {option} is called {former[option]} now", FutureWarning, stacklevel=2)
            option = former[option]
        present.append(option + equals + value)
    return present


def _options_of(arguments: type, prefix: str = "--") -> dict[str, str]:
    """Field to option, those of nested settings after the others; a positional argument is called by its field."""
    import tyro

    options: dict[str, str] = {}
    nested: list[tuple[type, str]] = []
    for field, hint in typing.get_type_hints(arguments, include_extras=True).items():
        markers: tuple[Any, ...] = getattr(hint, "__metadata__", ())
        kind = typing.get_args(hint)[0] if markers else hint
        option = prefix + field.replace("_", "-")
        if dataclasses.is_dataclass(kind):
            nested.append((typing.cast(type, kind), prefix if tyro.conf.OmitArgPrefixes in markers else f"{option}."))
        else:
            options[field] = field if tyro.conf.Positional in markers else option
    for kind, inner in nested:
        options = _options_of(kind, inner) | options
    return options
