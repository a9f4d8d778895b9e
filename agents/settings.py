"""Settings kept in the folder that work is written to, so that it goes on with the same. Whose work, others know."""

import json
from pathlib import Path
from typing import Any

from ..errors import InvalidInputError
from ..files import check_can_write, write_whole

_NAMED_DIFFERENCES = 3


def keep_settings(path: Path, settings: dict[str, Any], work: str) -> None:
    """Write settings, or compare them with those that are there.

    Args:
        path: file in an existing folder.
        settings: all that decides the result, as JSON.
        work: what the folder holds, such as ``"a comparison"``, for messages.

    Raises:
        InvalidInputError: it cannot be written, is damaged, or holds other settings.
    """
    document = json.loads(json.dumps(settings))
    if path.is_file():
        _check_settings(path.parent, read_json(path), document, work)
    check_can_write(path)
    if not path.is_file():
        with write_whole(path) as temporary:
            temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON document, empty where there is no file.

    Raises:
        InvalidInputError: it cannot be read, or is damaged.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise InvalidInputError(f"{path} is damaged; remove it, or name a new folder") from None
    return document


def _check_settings(folder: Path, there: dict[str, Any], here: dict[str, Any], work: str) -> None:
    old, new = _flatten(there), _flatten(here)
    differences = [
        f"{key} is {old.get(key, 'missing')} there and {new.get(key, 'missing')} now"
        for key in dict.fromkeys([*new, *old])
        if old.get(key) != new.get(key)
    ]
    if differences:
        named = "; ".join(differences[:_NAMED_DIFFERENCES])
        more = f"; and {len(differences) - _NAMED_DIFFERENCES} more" if len(differences) > _NAMED_DIFFERENCES else ""
        raise InvalidInputError(
            f"{folder} holds {work} with other settings ({named}{more}); give the same, or a new folder"
        )


def _flatten(value: Any, name: str = "") -> dict[str, Any]:
    """The leaves of nested JSON by their paths, such as ``settings.agents.0.iterations``."""
    if isinstance(value, list | dict) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            key: leaf
            for part, inner in items
            for key, leaf in _flatten(inner, f"{name}.{part}" if name else str(part)).items()
        }
    return {name: value}
