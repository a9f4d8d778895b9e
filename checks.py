"""One check for the numbers that callers give, whichever library made them: Python's, NumPy's and torch's."""

import math
import operator
from typing import Any

from .errors import InvalidInputError


def check_whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """A whole number from outside as Python's own ``int``.

    Args:
        name: what the number is called, for the message.
        value: an ``int``, a NumPy integer, or a NumPy or torch integer array of no dimensions. Truth values are none.
        low: the least allowed.
        high: the largest allowed, if there is one.

    Raises:
        InvalidInputError: no whole number, or one out of range.

    Examples:
        >>> import numpy as np
        >>> check_whole("size", np.int64(64), 16, 1024)
        64
        >>> check_whole("size", 64.0, 16)
        Traceback (most recent call last):
        paintgym.errors.InvalidInputError: size is 64.0, expected a whole number, at least 16
    """
    number = None
    if not _is_truth(value) and not _has_dimensions(value):
        try:
            number = operator.index(value)
        except (TypeError, ValueError, RuntimeError):
            number = None
    if number is None or number < low or (high is not None and number > high):
        wanted = f"from {low} to {high}" if high is not None else f"at least {low}"
        comma = "" if high is not None else ","
        raise InvalidInputError(f"{name} is {shown(value)}, expected a whole number{comma} {wanted}", name)
    return number


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from outside as Python's own ``float``, between ``low`` and ``high``, both allowed.

    Raises:
        InvalidInputError: no number, not finite, or out of range.
    """
    number = _as_float(value)
    if number is None or not low <= number <= high:
        limits = f" from {low:g} to {high:g}" if math.isfinite(low) and math.isfinite(high) else ""
        limits = limits or (f", at least {low:g}" if math.isfinite(low) else "")
        limits = limits or (f", at most {high:g}" if math.isfinite(high) else "")
        raise InvalidInputError(f"{name} is {shown(value)}, expected a finite number{limits}", name)
    return number


def check_positive(name: str, value: Any) -> float:
    """A finite number above 0 from outside as Python's own ``float``.

    Raises:
        InvalidInputError: no number, not finite, or not above 0.
    """
    number = _as_float(value)
    if number is None or number <= 0:
        raise InvalidInputError(f"{name} is {shown(value)}, expected a number above 0", name)
    return number


def shown(value: Any) -> str:
    """A value as messages show it: what a person typed, not how NumPy or torch would print it, and on one line."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def _has_dimensions(value: Any) -> bool:
    return bool(getattr(value, "ndim", 0))


def _as_float(value: Any) -> float | None:
    """A finite number, or None. Text is no number, though ``float`` would take it; nor are arrays."""
    if _is_truth(value) or isinstance(value, str | bytes) or _has_dimensions(value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
    return number if math.isfinite(number) else None
