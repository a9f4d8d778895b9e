"""The errors paintgym raises for a caller's mistakes; bugs keep Python's own exceptions.

Every message is one line that says what was wrong, what was expected and what to do.
The command line prints it and exits with code 2.
"""


class PaintgymError(Exception):
    """Base of every error that a user, not a developer, can mend."""


class InvalidInputError(PaintgymError, ValueError):
    """A value, file or setting that paintgym was given cannot be used.

    Args:
        message: the line.
        parameters: which of its words are names of parameters. Who took these values under other names, as the command
            line does, puts those in their place.
    """

    def __init__(self, message: str = "", *parameters: str) -> None:
        super().__init__(message)
        self.parameters = parameters


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


class LostProcessError(PaintgymError, RuntimeError):
    """Another process that works together with this one is not there, or is no more."""


class UnreachableError(PaintgymError, OSError):
    """A store of pictures cannot be reached, or does not answer any more."""
