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


class MissingDataError(PaintgymError, FileNotFoundError):
    """Data (weights, pictures, digits) was looked for and not found."""


class MissingLibraryError(PaintgymError, ImportError):
    """An optional library, or a system library, is not installed."""
