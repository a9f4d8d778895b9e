"""Settings of the agents, checked. Only numbers and names: reading them does not wait for torch."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..checks import check_positive, check_whole
from ..errors import InvalidInputError
from .large.config import PlanConfig
from .policy.config import PlannerConfig
from .search.config import OptimizerConfig, ProposalConfig

_MOST_ITERATIONS = 1_000_000
"""Of a painting: hours. More are a mistake."""


@dataclass(frozen=True)
class AgentConfig:
    """What can be set of every agent."""

    plan: PlanConfig = field(default_factory=PlanConfig, kw_only=True)
    """Of large paintings: which windows they are painted through."""


@dataclass(frozen=True)
class RandomConfig(AgentConfig):
    """The random agent has nothing to set of its own."""


@dataclass(frozen=True)
class GreedyConfig(AgentConfig):
    """How the greedy agent climbs."""

    trials: int = 6
    """Strokes of each round, the first round's random, the others' mutations of the best so far."""
    mutations: tuple[float, ...] = (0.1, 0.07, 0.05, 0.03)
    """Standard deviations of the rounds that follow the first, in a stroke's own numbers of 0 to 1."""
    attempts: int = 3
    """How often to begin anew where no trial lowers the loss; then the stroke stays without ink."""
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    """How random strokes are drawn."""

    def __post_init__(self) -> None:
        check_whole("trials", self.trials, 1)
        check_whole("attempts", self.attempts, 1)


@dataclass(frozen=True)
class GradientConfig(AgentConfig):
    """How the gradient agent optimizes."""

    iterations: int | None = None
    """Steps of Adam; by default 250 for 200 strokes and more, up to 800 for few strokes, and 100 in each window of a
    large painting."""
    learning_rate: float = 0.1
    """Adam's on the logits, when it is highest; it falls to 0 as a cosine."""
    straight_through: bool = True
    """Whether strokes move by the proxy renderer's gradient where the painter's ink has grain; without, by the
    painter's own, as is fair where painters are compared."""
    time_limit: float | None = None
    """Seconds after which the painting, or all that are painted side by side, is to be finished; iterations are left
    out as needed, so the same seed need not give the same strokes."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    """What is done when, and how much of it."""

    def __post_init__(self) -> None:
        if self.iterations is not None:
            check_whole("iterations", self.iterations, 1, _MOST_ITERATIONS)
        check_positive("learning_rate", self.learning_rate)
        if self.time_limit is not None:
            check_positive("time_limit", self.time_limit)


@dataclass(frozen=True)
class PolicyConfig(AgentConfig):
    """Which policy paints, and how it plans."""

    policy: str | Path = "paintings"
    """Name or ``.safetensors`` file of a policy."""
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    """How its proposals are selected and refined."""


@dataclass(frozen=True)
class RefineAgentConfig(GradientConfig):
    """How the gradient agent optimizes what a policy proposes."""

    policy: str | Path = "paintings"
    """Name or ``.safetensors`` file of the policy that proposes strokes."""
    joint_iterations: int = 80
    """Where there is time for fewer iterations than this, or than there are strokes, all of the policy's strokes are
    moved together from the start: 200 strokes are then a tenth nearer, and 30 strokes as much farther."""
    revision_time: float = 2.2
    """The policy revises its strokes first where there is so many times the time left that laying them took."""
    joint_learning_rate: float = 0.025
    """Adam's on the logits there, at first; of 0.01, 0.03 and 0.1 the second was best with 200 strokes."""
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    """How its proposals are selected and refined."""


def make_config(name: str, kind: type[AgentConfig], config: Any, options: dict[str, Any]) -> Any:
    """An agent's settings: those given, or the defaults, with some of them replaced.

    Raises:
        InvalidInputError: an option that the agent does not have, or one out of range.
    """
    choices = [field.name for field in fields(kind)]
    for option in options:
        if option not in choices:
            raise InvalidInputError(
                f"the agent {name!r} has no option {option!r}; expected {', '.join(['painter', 'loss', *choices])}"
            )
    return replace(kind() if config is None else config, **options)
