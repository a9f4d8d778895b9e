"""Settings kept in the folder that work is written to, so that it goes on with the same. Whose work, others know."""

import json
from pathlib import Path
from typing import Any

from .errors import InvalidInputError
from .files import check_can_write, make_folder, write_whole

_NAMED_DIFFERENCES = 3


def keep_settings(folder: Path, name: str, settings: dict[str, Any], work: str) -> None:
    """Write settings to a new or empty folder, or compare them with those that are there.

    Args:
        folder: made if it does not exist.
        name: of the file in it.
        settings: all that decides the result, as JSON.
        work: what the folder holds, such as ``"a comparison"``, for messages.

    Raises:
        InvalidInputError: it cannot be written, or holds work with other settings, or other things.
    """
    document = json.loads(json.dumps(settings))
    known = folder / name
    if known.is_file():
        _check_settings(folder, read_json(known), document, work)
    elif folder.is_dir() and any(folder.iterdir()):
        raise InvalidInputError(f"{folder} holds other things than {work}; name a new folder")
    make_folder(folder)
    check_can_write(known)
    if not known.is_file():
        with write_whole(known) as temporary:
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
