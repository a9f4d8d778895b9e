"""Losses, targets and the painting environment. Importing this registers the Gymnasium ids."""

import gymnasium

from . import forking as forking
from .tasks import TASKS

_PAINTING = "paintgym/Painting-v0"

# Only once: pytest imports the repository's root, which is the package, under a second name.
if _PAINTING not in gymnasium.registry:
    # By name, so that torch is imported with the first environment and not with the package.
    gymnasium.register(
        _PAINTING,
        entry_point="paintgym.envs.painting:PaintingEnv",
        vector_entry_point="paintgym.envs.vector.tensors:make_painting_vec",
    )
    for task in TASKS.values():
        gymnasium.register(
            task.id,
            entry_point="paintgym.envs.painting:PaintingEnv",
            vector_entry_point="paintgym.envs.vector.tensors:make_painting_vec",
            kwargs={**task.arguments, **task.learner},
        )
