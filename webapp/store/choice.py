"""Which store the host's settings ask for."""

from pathlib import Path

from ..settings import Settings
from .disk import DiskStore
from .memory import MemoryStore
from .store import Store


def make_store(settings: Settings) -> Store:
    """The store of ``settings.store``: a folder, or the process's memory.

    Raises:
        InvalidInputError: a folder that cannot be used.
    """
    most_bytes = 1_000_000 * settings.store_megabytes
    return DiskStore(Path(settings.store), most_bytes) if settings.store else MemoryStore(most_bytes)
