"""Agents by name. An agent is imported, and torch with it, when it is made; to check a name costs nothing."""

import dataclasses
import importlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInputError
from .config import GradientConfig, GreedyConfig, PolicyConfig, RandomConfig, RefineAgentConfig

if TYPE_CHECKING:
    from .agent import Agent


@dataclass(frozen=True)
class AgentEntry:
    """Where an agent is found.

    Attributes:
        module: beside this one.
        class_name: in the module.
        config: its settings.
    """

    module: str
    class_name: str
    config: type

    @property
    def options(self) -> list[str]:
        """Names of its settings."""
        return [field.name for field in dataclasses.fields(self.config)]


AGENTS: dict[str, AgentEntry] = {
    "random": AgentEntry("random_agent", "RandomAgent", RandomConfig),
    "greedy": AgentEntry("greedy", "GreedyAgent", GreedyConfig),
    "gradient": AgentEntry("gradient", "GradientAgent", GradientConfig),
    "policy": AgentEntry("policy_agent", "PolicyAgent", PolicyConfig),
    "policy+refine": AgentEntry("refine_agent", "RefineAgent", RefineAgentConfig),
}
_FORMER_NAMES = {"policy+gradient": "policy+refine"}
_FORMER_OPTIONS = {"smooth": "straight_through"}


def find_agent(name: str) -> tuple[str, AgentEntry]:
    """The present name of an agent, and where it is found; a former name is taken too, and warned of once.

    Raises:
        InvalidInputError: unknown agent.
    """
    if name in _FORMER_NAMES:
        warnings.warn(f"the agent {name!r} is called {_FORMER_NAMES[name]!r} now", FutureWarning, stacklevel=3)
        name = _FORMER_NAMES[name]
    if name not in AGENTS:
        raise InvalidInputError(f"there is no agent {name!r}; expected one of {', '.join(AGENTS)}")
    return name, AGENTS[name]


def load_agent(name: str, **options: Any) -> "Agent":
    """Make an agent.

    Args:
        name: ``"random"``, ``"greedy"``, ``"gradient"``, ``"policy"`` or ``"policy+refine"``.
        options: ``painter``, ``brush``, ``loss``, ``device``, and fields of the agent's settings in ``agents.config``,
            such as ``iterations``.

    Raises:
        InvalidInputError: unknown agent or option, an option out of range, or a device that torch cannot use here.
        MissingDataError: the loss needs weights that are not there.
    """
    name, entry = find_agent(name)
    for former, present in _FORMER_OPTIONS.items():
        if former in options:
            warnings.warn(f"the option {former!r} is called {present!r} now", FutureWarning, stacklevel=2)
            options[present] = options.pop(former)
    agent: Agent = getattr(importlib.import_module(f".{entry.module}", __package__), entry.class_name)(**options)
    return agent
