"""Long work that can be interrupted: its settings, its checkpoints, and going on. What the work is, others know.

Whoever goes on must do so with the settings that the work was begun with: they are kept beside it, and compared.
torch is imported when a checkpoint is written or read, not before.
"""

import dataclasses
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InvalidInputError
from .files import check_can_write, make_folder, write_whole

if TYPE_CHECKING:
    import torch

CHECKPOINT = "checkpoint.pt"

_NAMED_DIFFERENCES = 3
"""Settings that a message names; more would not fit on a line."""


def settings_of(config: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a dataclass as JSON, dataclasses in it included, but for those that decide no result."""
    return {
        field.name: _as_json(getattr(config, field.name))
        for field in dataclasses.fields(config)
        if field.name not in leave_out
    }


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
        compare_settings(folder, read_json(known), document, work)
    elif folder.is_dir() and any(folder.iterdir()):
        raise InvalidInputError(f"{folder} holds other things than {work}; name a new folder")
    make_folder(folder)
    check_can_write(known)
    if not known.is_file():
        write_json(known, document)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON document, empty where there is no file.

    Raises:
        InvalidInputError: it cannot be read, or is damaged.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise _damaged(path) from None
    return document


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON document for people to read, whole or not at all."""
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def save_checkpoint(folder: Path, settings: dict[str, Any], state: dict[str, Any]) -> None:
    """Write the state of some work and the settings it was begun with, whole or not at all.

    Args:
        folder: of the work; its checkpoint of before is replaced.
        settings: all that decides the result, as JSON.
        state: tensors, numbers, texts, and lists and dictionaries of these.
    """
    import torch

    written = io.BytesIO()
    torch.save({"settings": json.dumps(settings), "state": state}, written)
    with write_whole(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(written.getbuffer())  # torch's own writer says of a full disk that positions differ


def load_checkpoint(
    folder: Path, settings: dict[str, Any], work: str, device: "str | torch.device" = "cpu"
) -> dict[str, Any] | None:
    """The state that ``save_checkpoint`` wrote, or None where there is none.

    Args:
        folder: of the work.
        settings: those of now, to be compared.
        work: what the folder holds, such as ``"a training"``, for messages.
        device: where tensors go.

    Raises:
        InvalidInputError: the checkpoint is damaged, or was made with other settings.
    """
    import torch

    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        # weights_only: a checkpoint is data, and must not be able to run code.
        document = torch.load(path, map_location=device, weights_only=True)
        state: dict[str, Any] = document["state"]
        there = json.loads(document["settings"])
    except Exception:  # torch's reader raises nearly anything on malformed bytes
        raise _damaged(path) from None
    compare_settings(folder, there, json.loads(json.dumps(settings)), work)
    return state


def _damaged(path: Path) -> InvalidInputError:
    return InvalidInputError(f"{path} is damaged; remove it, or name a new folder")


def compare_settings(folder: Path, there: dict[str, Any], here: dict[str, Any], work: str) -> None:
    """Find out whether settings are those that some work was begun with.

    Args:
        folder: of the work, for messages.
        there: the settings that it was begun with, as JSON.
        here: those of now.
        work: what the folder holds, such as ``"a comparison"``, for messages.

    Raises:
        InvalidInputError: they are others; the first few are named.
    """
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


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return settings_of(value)
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return str(value) if isinstance(value, Path) else value
