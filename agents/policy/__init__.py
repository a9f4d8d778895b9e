"""Policies that paint. Only what other programs' files name is importable from here: zips of stable-baselines3."""

from typing import Any


def __getattr__(name: str) -> Any:
    # A zip that stable-baselines3 wrote names the policy's class where it lay when this was a single module.
    if name == "PaintingPolicy":
        from .sb3_policy import PaintingPolicy

        return PaintingPolicy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
