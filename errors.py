"""The errors paintgym raises for a caller's mistakes; bugs keep Python's own exceptions.

Every message is one line that says what was wrong, what was expected and what to do.
The command line prints it and exits with code 2.
"""


class PaintgymError(Exception):
    """Base of every error that a user, not a developer, can mend."""


class InvalidInputError(PaintgymError, ValueError):
    """A value, file or setting that paintgym was given cannot be used."""


class UnknownFormatError(InvalidInputError):
    """A file is not a picture of a format that is read."""


class TooManyPixelsError(InvalidInputError):
    """A picture is larger than is taken.

    Attributes:
        pixels: its size, for messages, such as ``60000 x 60000``.
    """

    pixels = "too many"


class MissingDataError(PaintgymError, FileNotFoundError):
    """Data (weights, pictures, digits) was looked for and not found."""


class MissingLibraryError(PaintgymError, ImportError):
    """An optional library, or a system library, is not installed."""
