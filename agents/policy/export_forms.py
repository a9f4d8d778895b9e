"""In which forms a policy can be exported. Nothing here exports, or waits for torch."""

import importlib.util
from pathlib import Path

from ...errors import InvalidInputError, MissingLibraryError
from ...files import check_can_write

EXPORT_SUFFIXES = (".zip", ".onnx")


def check_export(path: str | Path) -> None:
    """Find out, before any work, whether a policy can be exported to ``path``.

    Raises:
        InvalidInputError: unknown suffix, or a file that cannot be written.
        MissingLibraryError: the suffix is ``.onnx``, and ONNX is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in EXPORT_SUFFIXES:
        raise InvalidInputError(f"cannot export a policy as {path}; expected a name that ends in .zip or .onnx")
    check_can_write(path)
    if suffix == ".onnx" and not all(map(importlib.util.find_spec, ("onnx", "onnxscript"))):
        raise MissingLibraryError("exporting ONNX needs onnx and onnxscript: pip install 'paintgym[onnx]'")
