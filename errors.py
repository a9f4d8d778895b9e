"""The errors paintgym raises for a caller's mistakes; bugs keep Python's own exceptions.

Every message is one line that says what was wrong, what was expected and what to do.
The command line prints it and exits with code 2.
"""


class PaintgymError(Exception):
    """Base of every error that a user, not a developer, can mend."""


class InvalidInputError(PaintgymError, ValueError):
    """A value, file or setting that paintgym was given cannot be used."""


class MissingDataError(PaintgymError, FileNotFoundError):
    """Data (weights, pictures, digits) was looked for and not found."""


class MissingLibraryError(PaintgymError, ImportError):
    """An optional library, or a system library, is not installed."""
