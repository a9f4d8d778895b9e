"""Canvas, losses, targets and the painting environment. Importing this registers the Gymnasium ids."""

import gymnasium

from . import forking as forking

_PAINTING = "paintgym/Painting-v0"

# Only once: pytest imports the repository's root, which is the package, under a second name.
if _PAINTING not in gymnasium.registry:
    # By name, so that torch is imported with the first environment and not with the package.
    gymnasium.register(
        _PAINTING,
        entry_point="paintgym.envs.painting:PaintingEnv",
        vector_entry_point="paintgym.envs.vector:PaintingVectorEnv",
    )
