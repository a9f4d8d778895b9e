"""What people name on the command line, found or refused before anything waits for torch."""

import re

from ..agents.policy.names import find_policy
from ..agents.registry import find_agent
from ..envs.losses.names import check_loss
from ..errors import InvalidInputError
from ..painters.names import DEFAULT_BRUSH, find_painter, learned_brushes
from .options import about

_DEVICE = re.compile(r"(cpu|cuda|mps|xpu)(:\d+)?")


def check_agent(name: str, policy: str | None) -> str:
    """The present name of ``--agent``, after a look at the ``--policy`` that it may have.

    Raises:
        InvalidInputError: there is no such agent or policy, or the agent has none.
    """
    with about("--agent"):
        name, entry = find_agent(name)
    if policy is not None:
        if "policy" not in entry.options:
            raise InvalidInputError(f"--policy is given, but the agent {name!r} has no policy; leave it out")
        check_policy("--policy", policy)
    return name


def check_policy(option: str, name: str) -> None:
    """Raise InvalidInputError where there is no such policy."""
    with about(option):
        find_policy(name)


def check_painters(option: str, *names: str, brush: str | None = None) -> None:
    """Raise InvalidInputError where there is no such painter, or none of such a brush."""
    with about(option):
        for name in names:
            find_painter(name, brush)


def split_brushes(option: str, text: str | None) -> list[str]:
    """The brushes of a list with commas, or all that a painter learned for ``learned``; none where nothing is given.

    Raises:
        InvalidInputError: a list of none.
    """
    if text is None:
        return []
    if text == "learned":
        return [DEFAULT_BRUSH, *learned_brushes()]
    brushes = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not brushes:
        raise InvalidInputError(f"{option} is {text!r}, expected a brush such as deevad/chalk")
    return brushes


def check_losses(option: str, *names: str) -> None:
    """Raise InvalidInputError where there is no such loss."""
    with about(option):
        for name in names:
            check_loss(name)


def check_device(option: str, name: str) -> None:
    """Raise InvalidInputError for what is no device; whether it is there, only torch can tell."""
    if not _DEVICE.fullmatch(name):
        raise InvalidInputError(f"{option} is {name!r}, expected 'cpu' or 'cuda'")
