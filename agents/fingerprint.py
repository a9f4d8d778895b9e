"""Fingerprints: short texts that tell apart the weights, pictures and settings that decide a result."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH = 16
"""Hexadecimal digits, 64 bits: two of a million differ but for one chance in forty million."""


def fingerprint_arrays(arrays: Iterable[NDArray[Any]]) -> str:
    """The fingerprint of arrays in their order: their shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:_LENGTH]


def fingerprint_text(*parts: object) -> str:
    """The fingerprint of JSON values in their order."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:_LENGTH]
