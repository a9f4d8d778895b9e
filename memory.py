"""Memory that was freed goes back to the system. The C library alone would keep it, scattered over threads' arenas.

Every thread that answers requests decodes pictures and packs events, and learners take and leave arrays of all sizes:
the process grows for as long as it runs although nothing is held. Only glibc is told; other C libraries do as they
please.
"""

import ctypes
import functools

_ARENAS = 2
"""Of the C library, which makes up to eight a core: one for threads that paint, and one for those that answer."""
_M_ARENA_MAX = -8  # malloc.h


def limit_arenas() -> None:
    """Let all threads share two arenas; to be called before there are threads."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return what is free; takes some milliseconds."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libc.so.6")
        library.malloc_trim.argtypes = [ctypes.c_size_t]
        library.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    except (OSError, AttributeError):
        return None
    return library
