"""One training run of a baseline: its folder, its curve on held-out targets, its checkpoints, its last figures."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import torch
from torch.utils.tensorboard import SummaryWriter

from ...checks import check_whole
from ...envs.tasks import TASKS, find_task
from ...errors import InvalidInputError
from ...memory import give_back
from ...painters.device import find_device, name_device
from ...runs import keep_settings, load_checkpoint, read_json, save_checkpoint, settings_of, write_json
from .analytic import AnalyticLearner
from .cloning import CloningLearner
from .config import ALGORITHMS, AnalyticPPOConfig, ClonedPPOConfig
from .network import Actor, load_actor, save_actor
from .ppo import PPOLearner
from .protocol import PROTOCOL_VERSION, Painter, acted_by, evaluate, hold_out, score_only
from .sac import SACLearner

LEARNERS: dict[str, Callable[..., Any]] = {
    "ppo": PPOLearner,
    "sac": SACLearner,
    "analytic": AnalyticLearner,
    "cloning": CloningLearner,
    "cloning+ppo": PPOLearner,
    "analytic+ppo": PPOLearner,
}
SETTINGS, RESULT, ACTOR, POINTS, BEGUN = (
    "settings.json",
    "run.json",
    "actor.safetensors",
    "points",
    "begun.safetensors",
)
"""Files of a run's folder: what decides it, its curve and last figures, its weights, those at the points of its curve,
and those of the policy that it began with, if it did."""

Report = Callable[[int, float], object]
"""Called with the steps of environments so far, and what the last rewards add up to."""


@dataclass(frozen=True)
class RunPlan:
    """Everything that decides a run: the same plan gives the same weights on the same machine.

    Attributes:
        task: id of a task.
        algorithm: one of ``ALGORITHMS``.
        steps: of environments.
        seed: of weights, targets and noise; held-out targets do not depend on it.
        view: ``"focus"``, the task's own; ``"upright"``, the same with a window that is not turned; or ``"canvas"``.
        reward: of the environment; ``"log"`` goes on paying where little error is left, and learned fastest.
        config: settings of the algorithm; its defaults by default.
        points: of the curve, at equal distances.
        curve_episodes: held-out targets that a point of the curve is measured on.
        episodes: held-out targets of the last figures; by default the task's number.
    """

    task: str
    algorithm: str
    steps: int
    seed: int = 0
    view: str = "focus"
    reward: str = "log"
    config: Any = None
    points: int = 10
    curve_episodes: int = 48
    episodes: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", find_task(self.task).id)
        if self.algorithm not in ALGORITHMS:
            raise InvalidInputError(
                f"there is no algorithm {self.algorithm!r}; expected one of {', '.join(ALGORITHMS)}"
            )
        for name, least in (("steps", 1), ("seed", 0), ("points", 1), ("curve_episodes", 1)):
            object.__setattr__(self, name, check_whole(name, getattr(self, name), least))
        if self.config is None:
            object.__setattr__(self, "config", ALGORITHMS[self.algorithm]())

    def settings(self) -> dict[str, Any]:
        """All of it as JSON; ``environment`` says what ``"focus"`` means for the task."""
        return {"protocol": PROTOCOL_VERSION, "environment": self.arguments, **settings_of(self)}

    @property
    def arguments(self) -> dict[str, Any]:
        """What the learner chose of the environment."""
        own = TASKS[self.task].learner["view"]
        view = {"focus": own, "upright": {**own, "turn_reach": 0.0}}.get(self.view, self.view)
        return {"view": view, "reward": self.reward}

    def make_env(self, count: int, device: str = "cpu", autoreset_mode: str = "SameStep") -> Any:
        """A vector environment of so many, as the learner takes it; on a GPU it keeps its tensors there."""
        output = "numpy" if find_device(device).type == "cpu" else "torch"
        options: dict[str, Any] = {"autoreset_mode": autoreset_mode, "output": output, "device": device}
        return gymnasium.make_vec(self.task, num_envs=count, **options, **self.arguments)

    def folder(self, root: Path) -> Path:
        """Where the run is kept below a folder of runs: task, algorithm and view, seed."""
        name = self.algorithm if self.view == "focus" else f"{self.algorithm}-{self.view}"
        return root / self.task.rpartition("/")[2] / name / f"seed-{self.seed}"


def begin(plan: RunPlan, root: Path) -> dict[str, Any]:
    """Make the folder of a run, or find out what it holds.

    Returns:
        The document of the run, empty where it is not finished.

    Raises:
        InvalidInputError: the folder holds another run, or one of another version.
    """
    folder = plan.folder(root)
    keep_settings(folder, SETTINGS, plan.settings(), "a run")
    return read_json(folder / RESULT)


def train(
    plan: RunPlan, root: Path, report: Report = lambda steps, figure: None, device: str = "cpu"
) -> dict[str, Any]:
    """Carry a run to its end, from wherever it was left; one that is finished is only read.

    Args:
        plan: the run.
        root: folder of runs.
        report: called with its progress.
        device: where environments, networks and gradients are computed. It is no setting of the run, which may go on
            on another; figures differ between devices as they do between machines, by rounding.

    Returns:
        Its document: settings, ``curve`` (steps, seconds and score), ``final``, the figures of ``protocol.measure``,
        and ``device``, the name of the processor or card that it ended on.

    Raises:
        InvalidInputError: the folder holds another run, or one of another version; or there is no such device.
        MissingDataError: the task's data are not in the data folder.
    """
    folder, finished = plan.folder(root), begin(plan, root)
    if finished:
        return finished
    task = TASKS[plan.task]
    curve_targets = hold_out(task, min(plan.curve_episodes, plan.episodes or task.held_out))
    make_env = partial(plan.make_env, device=device)
    learner = LEARNERS[plan.algorithm](make_env, plan.config, plan.steps, plan.seed)

    def painter(actor: Actor) -> Painter:
        return acted_by(actor.to(device).act, {**plan.arguments, "device": device})

    seconds: float
    curve: list[dict[str, Any]]
    seconds, curve = 0.0, []
    state = load_checkpoint(folder, plan.settings(), "a run")
    if state is not None:
        learner.load_state_dict(state["learner"])
        seconds, curve = float(state["seconds"]), json.loads(state["curve"])
    else:
        started = time.perf_counter()
        teacher = _taught_by(plan, make_env, report)
        seconds = time.perf_counter() - started
        if teacher is not None:
            learner.start_from(teacher)
            score = score_only(curve_targets, painter(teacher))
            curve.append({"steps": 0, "seconds": round(seconds, 1), "score": score})
            _keep(plan, teacher, folder / BEGUN)
    with SummaryWriter(str(folder / "tensorboard"), purge_step=learner.done or None) as writer:
        for point in range(1, plan.points + 1):
            until = math.ceil(learner.steps * point / plan.points)
            if learner.done >= until:
                continue
            started = time.perf_counter()
            done = learner.done
            learner.learn(until, report)
            seconds += time.perf_counter() - started
            if learner.done == done:  # cloning learns all at once, when its last step is asked for
                continue
            give_back()  # PPO on digits leaves 8 MB of fragments in 1,000 steps
            actor = learner.actor()
            score = score_only(curve_targets, painter(actor))
            _keep(plan, actor, folder / POINTS / f"{learner.done}.safetensors")
            curve.append({"steps": learner.done, "seconds": round(seconds, 1), "score": score})
            writer.add_scalar("held_out/score", score, learner.done)
            kept = learner.state_dict()
            if kept is not None:
                save_checkpoint(
                    folder, plan.settings(), {"learner": kept, "seconds": seconds, "curve": json.dumps(curve)}
                )
    actor = learner.actor()
    _keep(plan, actor, folder / ACTOR)
    held_out = hold_out(task, plan.episodes or task.held_out)
    document = {
        "format": "paintgym run",
        "version": 1,
        "settings": plan.settings(),
        "environment_steps": learner.done,
        "seconds": round(seconds, 1),
        "threads": torch.get_num_threads(),
        "device": name_device(device),
        "curve": curve,
        "final": evaluate(held_out, painter(actor)),
    }
    if (folder / BEGUN).is_file():
        # What a learner began with, measured as its end is: whether it rose from there is the question.
        document["begun"] = evaluate(held_out, painter(load_actor(folder / BEGUN)[0]))
    write_json(folder / RESULT, document)
    return document


def _keep(plan: RunPlan, actor: Actor, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_actor(
        actor,
        path,
        {
            "task": plan.task,
            **plan.arguments,
            "network": settings_of(plan.config.network),
            "squash": actor.squash,
        },
    )


def _taught_by(plan: RunPlan, make_env: Callable[[int], Any], report: Report) -> Actor | None:
    """The policy that a run begins with, if its algorithm wants one."""
    teacher: Any = None
    if isinstance(plan.config, ClonedPPOConfig):
        teacher = CloningLearner(make_env, plan.config.cloning, plan.steps, plan.seed)
    elif isinstance(plan.config, AnalyticPPOConfig):
        teacher = AnalyticLearner(make_env, plan.config.analytic, plan.config.analytic_steps, plan.seed)
    if teacher is None:
        return None
    teacher.learn(teacher.steps, report)
    actor: Actor = teacher.actor()
    return actor
