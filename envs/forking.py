"""Keeps processes that are forked after torch has computed with several threads from waiting for ever.

OpenMP's threads do not survive a fork, and the copy waits for them in its first convolution: gymnasium's
``AsyncVectorEnv``, which forks by default, hung after one step of an environment in its parent. With a single thread
torch asks for none of the others. So a child of a process that imported paintgym begins with one; who wants several in
it spawns it (``context="spawn"``).
"""

import os
import sys


def use_one_thread() -> None:
    """Have torch compute with one thread, where it was imported and has more."""
    torch = sys.modules.get("torch")
    # A fork in the midst of another thread's import finds a module without its functions.
    if torch is not None and hasattr(torch, "set_num_threads") and torch.get_num_threads() > 1:
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=use_one_thread)
