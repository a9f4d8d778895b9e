"""What can go wrong with a request, and the HTTP status it is answered with."""

from typing import Any

from ..errors import InvalidInputError


class RequestError(InvalidInputError):
    """A request that cannot be served; its message is one plain sentence for whoever sent it.

    Args:
        message: the sentence.
        settings: fields of ``Settings`` that set the limit which was met; the answer names their variables.
    """

    status = 400
    settings: tuple[str, ...] = ()

    def __init__(self, message: str, *settings: str) -> None:
        super().__init__(message)
        self.settings = settings or self.settings


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
        message: the sentence.
        settings: as for every ``RequestError``.
        retry_after: seconds after which there will be a place, as far as can be told.
    """

    status = 503

    def __init__(self, message: str, *settings: str, retry_after: int = 5) -> None:
        super().__init__(message, *settings)
        self.retry_after = retry_after


def printable(value: Any) -> str:
    """What a client sent, in quotes, short and on one line."""
    text = (
        value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)[:60]
    )
    text = "".join(character if character.isprintable() else "?" for character in text[:40])
    return f"'{text}'"
