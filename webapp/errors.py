"""What can go wrong with a request, and the HTTP status it is answered with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidInputError
from .page.languages import DEFAULT, fill, languages
from .settings import variable

Values = Mapping[str, str | int | float]


@dataclass(frozen=True)
class Sentence:
    """What a visitor is told of something that went wrong, in any language.

    Attributes:
        code: names it, for programs too: ``error.`` and this is the key of its texts.
        values: what these are filled in with.
        settings: fields of ``Settings`` that set the limit which was met; their variables are told.
    """

    code: str
    values: Values = field(default_factory=dict)
    settings: tuple[str, ...] = ()

    def text(self, language: str = DEFAULT) -> str:
        """The sentence, and one more where a limit was met."""
        texts = languages()[language]
        parts = [fill(texts[f"error.{self.code}"], texts, **self.values)]
        if self.settings:
            parts.append(fill(texts["error.limit"], texts, variables=", ".join(self._variables)))
        return " ".join(parts)

    def reason(self) -> dict[str, Any]:
        """The same for programs, and for the page, which tells it in its own language."""
        return {"code": self.code, "values": dict(self.values), "limits": self._variables}

    @property
    def _variables(self) -> list[str]:
        return [variable(name) for name in self.settings]


def describe_reason(message: Sentence | None) -> dict[str, Any]:
    """What is told of a painting that was stopped, canceled or failed."""
    return {"message": message.text() if message else "", "reason": message and message.reason()}


class RequestError(InvalidInputError):
    """A request that cannot be served; ``sentence`` says why.

    Args:
        code: of the sentence.
        settings: of the sentence.
        values: of the sentence.
    """

    status = 400
    settings: tuple[str, ...] = ()

    def __init__(self, code: str, *settings: str, **values: str | int | float) -> None:
        self.sentence = Sentence(code, values, settings or self.settings)
        super().__init__(self.sentence.text())


class UnauthorizedError(RequestError):
    """A request without the token that it takes."""

    status = 401


class ForbiddenError(RequestError):
    """A request that another site's page made its visitor's browser send, or for what the host does not allow."""

    status = 403


class NotFoundError(RequestError):
    """No such painting, or not any more."""

    status = 404


class NotFinishedError(RequestError):
    """A painting was asked for before it was finished, or after it failed."""

    status = 409


class TooLargeError(RequestError):
    """A picture of too many pixels."""

    status = 413
    settings = ("maximum_pixels",)


class UnsupportedPictureError(RequestError):
    """Not a picture of a kind that is read here."""

    status = 415


class UnavailableError(RequestError):
    """Something on the host does not work now, such as a disk that is full."""

    status = 503


class BusyError(RequestError):
    """Too many paintings, or streams, at the same time; trying again soon is worth while.

    Args:
        code: as for every ``RequestError``.
        settings: likewise.
        retry_after: seconds after which there will be a place, as far as can be told.
        values: as for every ``RequestError``.
    """

    status = 503

    def __init__(self, code: str, *settings: str, retry_after: int = 5, **values: str | int | float) -> None:
        super().__init__(code, *settings, **values)
        self.retry_after = retry_after


def printable(value: Any) -> str:
    """What a client sent, in quotes, short and on one line."""
    text = (
        value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)[:60]
    )
    text = "".join(character if character.isprintable() else "?" for character in text[:40])
    return f"'{text}'"
