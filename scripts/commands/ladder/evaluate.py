"""``paintgym evaluate``: what somebody reaches on the held-out targets of a task, as one line of JSON.

paintgym evaluate --task Digits-v0 --agent policy
paintgym evaluate --task Shapes-v0 --agent runs/ladder/Shapes-v0/ppo/seed-0/actor.safetensors
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ....agents.registry import find_agent
from ....checks import check_whole
from ....envs.tasks import find_task
from ....errors import InvalidInputError
from ...names import check_device


@dataclass(frozen=True)
class Arguments:
    """Have the held-out targets of a task painted, and print score, errors and seconds as one line of JSON."""

    task: str
    """The task: Shapes-v0, Digits-v0, Paintings-v0, PaintingsLite-v0 or LongPaintings-v0."""
    agent: str
    """Who paints: nothing, flat, random, greedy, gradient, policy, policy+refine, or the .safetensors file of a
    baseline that train-baseline wrote."""
    episodes: int | None = None
    """How many held-out targets, spread evenly over them; by default the task's number."""
    device: str = "cpu"
    """Where it is painted: cpu or cuda."""
    seed: int = 0
    """Seed of who paints by chance; the targets do not depend on it."""


def run(arguments: Arguments) -> None:
    """Paint, measure and print."""
    check_whole("seed", arguments.seed, 0, 2**31)
    if arguments.episodes is not None:
        check_whole("episodes", arguments.episodes, 1, 10_000)
    check_device("--device", arguments.device)
    task = find_task(arguments.task)
    baseline = Path(arguments.agent) if arguments.agent.endswith(".safetensors") else None
    if baseline and not baseline.is_file():
        raise InvalidInputError(f"there is no file {baseline}; train-baseline writes such as actor.safetensors")
    name = arguments.agent if baseline or arguments.agent in ("nothing", "flat") else find_agent(arguments.agent)[0]
    from ....agents.baselines import protocol
    from ....agents.baselines.network import load_actor
    from ....agents.baselines.reference import reference_painter
    from ....painters.device import find_device

    if baseline:
        actor, trained = load_actor(baseline)
        if trained["task"] != task.id:
            raise InvalidInputError(f"{arguments.agent} was trained for {trained['task']}, not for {task.id}")
        settings = {name: trained[name] for name in ("view", "reward")}
        actor.to(find_device(arguments.device))
        painter = protocol.acted_by(actor.act, {**settings, "device": arguments.device})
    else:
        painter = reference_painter(name, task.id, arguments.device)
    held_out = protocol.hold_out(task, arguments.episodes or task.held_out, arguments.seed)
    figures = protocol.evaluate(held_out, painter)
    references = protocol.references().get(task.id, {})
    if references and held_out.fingerprint == references["targets"]:
        figures["normalized"] = round(protocol.normalized_score(figures["score"], references), 2)
    print(json.dumps({"agent": arguments.agent, "seed": arguments.seed, **figures}))
