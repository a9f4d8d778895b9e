"""What ``paintgym compare`` is asked to compare: its options read, completed and checked. Nothing is loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ...agents.limits import LARGEST_BUDGET
from ...agents.registry import find_agent
from ...checks import check_whole
from ...envs.targets.names import check_target
from ...errors import InvalidInputError
from ..names import check_losses, check_painters, check_policy, split_brushes
from ..options import about

if TYPE_CHECKING:
    from .arguments import Arguments

Item = TypeVar("Item")

_STUDY = {
    "agents": "gradient",
    "painters": "gan,vae,gan-deconv",
    "targets": "mnist,paintings",
    "strokes": "mnist=5,20,paintings=50,200",
    "pictures": "mnist=100,paintings=20",
    "iterations": 60,
}
_QUICK_STUDY = {**_STUDY, "pictures": "mnist=10,paintings=4", "iterations": 30}
_POLICY = "paintings"
_MOST_ITERATIONS = 1_000_000
_MOST_PICTURES = 10_000
_LONGEST = 86_400


@dataclass(frozen=True)
class Choices:
    """What is to be painted by whom.

    Attributes:
        agents: names, with the options of each but for its painter and loss.
        painters: names or files, and the brushes that they are to have learned; None for their own.
        policy: name or file, where an agent has one.
        budgets: stroke budgets by target.
        pictures: how many of each target.
    """

    agents: dict[str, dict[str, Any]]
    painters: list[tuple[str, str | None]]
    policy: str | None
    budgets: dict[str, list[int]]
    pictures: dict[str, int]


def read_choices(arguments: "Arguments") -> Choices:
    """Read the options that name what is compared.

    Raises:
        InvalidInputError: unknown names, or numbers out of range or for nobody.
    """
    preset = (_QUICK_STUDY if arguments.quick else _STUDY) if arguments.study else {}
    chosen = {
        "agents": "gradient" if arguments.painters else "random,greedy,gradient",
        "painters": "gan",
        "targets": "photographs",
        "strokes": "15,30,200",
        "pictures": "8",
        "iterations": None,
        **preset,
        **{name: value for name, value in vars(arguments).items() if value is not None},
    }
    check_losses("--loss", arguments.loss)
    painters = _split(chosen["painters"], "painters", str)
    check_painters("--painters", *painters)
    brushes: list[str | None] = [*split_brushes("--brushes", arguments.brushes)]
    for brush in brushes:
        check_painters("--brushes", *painters, brush=brush)
    targets = _split(chosen["targets"], "targets", str)
    with about("--targets"):
        for target in targets:
            check_target(target)
    pictures = _split_by_name(chosen["pictures"], "pictures", targets, _MOST_PICTURES)
    policy, agents = _read_agents(
        chosen["agents"], chosen["iterations"], arguments.seconds, arguments.policy, len(painters) == 1
    )
    return Choices(
        agents=agents,
        painters=[(name, brush) for name in painters for brush in brushes or [None]],
        policy=policy,
        budgets=_split_by_name(chosen["strokes"], "strokes", targets, LARGEST_BUDGET),
        pictures=_single(pictures, "pictures", "target"),
    )


def _read_agents(
    names: str, iterations: int | None, seconds: str | None, policy: str | None, single: bool
) -> tuple[str | None, dict[str, dict[str, Any]]]:
    """The policy of agents that have one, and all agents with their options."""
    with about("--agents"):
        entries = dict(find_agent(name) for name in _split(names, "agents", str))
    with_policy, iterating = (
        [name for name, entry in entries.items() if option in entry.options] for option in ("policy", "iterations")
    )
    if iterations is not None:
        check_whole("iterations", iterations, 1, _MOST_ITERATIONS)
    if policy is not None and not with_policy:
        raise InvalidInputError(f"--policy is given, but none of the agents {names} has one; leave it out")
    if iterations is not None and not iterating:
        raise InvalidInputError(f"--iterations is given, but none of the agents {names} has any; leave it out")
    if policy is not None:
        check_policy("--policy", policy)
    limits = _read_limits(seconds, names, iterating)
    agents: dict[str, dict[str, Any]] = {name: {} for name in entries}
    for name in with_policy:
        agents[name]["policy"] = policy or _POLICY
    for name in iterating:
        # The proxy renderer was fitted to one of them, and a painter's gradients are part of what it is good for.
        agents[name]["straight_through"] = single
        agents[name]["iterations"] = (iterations or _MOST_ITERATIONS) if limits else iterations
        agents[name]["time_limit"] = limits.get(name)
    return (policy or _POLICY) if with_policy else None, agents


def _read_limits(text: str | None, names: str, limited: list[str]) -> dict[str, float]:
    """Seconds by the name of the agent; empty where there are no limits."""
    if text is None:
        return {}
    if not limited:
        raise InvalidInputError(f"--seconds is given, but none of the agents {names} has a limit; leave it out")
    limits = _single(_split_by_name(text, "seconds", limited, _LONGEST), "seconds", "agent")
    return {name: float(number) for name, number in limits.items()}


def _split(text: str, name: str, convert: Callable[[str], Item]) -> list[Item]:
    """The items of a list with commas, each once."""
    try:
        items = list(dict.fromkeys(convert(part.strip()) for part in text.split(",") if part.strip()))
    except ValueError:
        raise InvalidInputError(f"{name} is {text!r}, expected whole numbers separated by commas", name) from None
    if not items:
        raise InvalidInputError(f"{name} is {text!r}, expected at least one", name)
    return items


def _split_by_name(text: str, name: str, owners: list[str], most: int) -> dict[str, list[int]]:
    """Numbers for all owners, ``15,30``, or for each, ``mnist=5,20,paintings=50``."""
    parts: dict[str, str] = {}
    owner = ""
    for item in text.split(","):
        if "=" in item:
            owner, _, item = (part.strip() for part in item.rpartition("="))
        parts[owner] = f"{parts.get(owner, '')},{item}"
    unknown = [owner for owner in parts if owner and owner not in owners]
    lacking = [owner for owner in owners if owner not in parts]
    if unknown or (lacking and "" not in parts):
        raise InvalidInputError(
            f"{name} is {text!r}, expected numbers for all of {', '.join(owners)}, such as {owners[0]}=5", name
        )
    numbers = {owner: _split(parts.get(owner, parts.get("", "")).strip(","), name, int) for owner in owners}
    for group in numbers.values():
        for number in group:
            check_whole(name, number, 1, most)
    return numbers


def _single(numbers: dict[str, list[int]], name: str, owner: str) -> dict[str, int]:
    """One number for each owner."""
    for key, group in numbers.items():
        if len(group) > 1:
            raise InvalidInputError(f"{name} of {key} are {group}, expected one number for each {owner}", name)
    return {key: number for key, (number,) in numbers.items()}
