"""What can go wrong with a request, and the HTTP status it is answered with."""

from ..errors import InvalidInputError


class RequestError(InvalidInputError):
    """A request that cannot be served; its message is one plain sentence for whoever sent it."""

    status = 400


class ForbiddenError(RequestError):
    """A request that another site's page made its visitor's browser send."""

    status = 403


class NotFoundError(RequestError):
    """No such painting, or not any more."""

    status = 404


class NotFinishedError(RequestError):
    """A painting was asked for before it was finished, or after it failed."""

    status = 409


class TooLargeError(RequestError):
    """A picture of too many pixels or bytes."""

    status = 413


class UnsupportedPictureError(RequestError):
    """Not a picture of a kind that is read here."""

    status = 415


class BusyError(RequestError):
    """Too many paintings, or streams, at the same time; trying again soon is worth while."""

    status = 503
    retry_after = 5
    """Seconds after which to try again."""
