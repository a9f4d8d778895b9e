"""When memory that was freed goes back to the system. The C library alone keeps it, scattered over threads' arenas.

Every thread that answers requests decodes pictures and packs events, and learners take and leave arrays of all sizes:
the process grows for as long as it runs although nothing is held. What is freed and taken again at once, on the other
hand, should stay. Only glibc is told; other C libraries do as they please.
"""

import ctypes
import functools

import numpy as np

_ARENAS = 2
"""Of the C library, which makes up to eight a core: one for threads that paint, and one for those that answer."""
_M_ARENA_MAX = -8  # malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_AT_HAND = 8 << 20
"""Bytes, of which glibc then keeps twice as many: with 2 MB 64 strokes still got a thousand new pages a call."""
_LARGEST_KEPT = 32 << 20
"""Bytes of the largest array that glibc keeps when it is freed: more it does not take."""


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


def keep_at_hand() -> None:
    """Keep some megabytes of what is freed, for what comes next.

    glibc gives back what is free at the end of its memory as soon as that is twice the largest array that was ever
    freed. A process that has painted few strokes alone has freed none of size, and got its pages anew for each call:
    400 of them, a fifth of six strokes' time.
    """
    np.empty(_AT_HAND, np.uint8)


def keep_all() -> None:
    """Keep all that is freed until ``give_back``: for processes that do one thing over and over, as learners do.

    PPO on Paintings-v0 got 8,000 new pages for each of its updates, a twelfth of their time.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_TRIM_THRESHOLD, 1 << 30)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libc.so.6")
        library.malloc_trim.argtypes = [ctypes.c_size_t]
        library.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    except (OSError, AttributeError):
        return None
    return library
