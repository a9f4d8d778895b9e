"""``paintgym train-baseline``: plain reinforcement learning on a task of the ladder, one process a seed.

paintgym train-baseline ppo --task Digits-v0 --steps 250000 --seeds 0-4 --out runs/ladder
tensorboard --logdir runs/ladder
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ....checks import check_whole
from ....envs.tasks import find_task
from ....errors import InvalidInputError
from ....processes import find_processes, joined
from ....through_ray import check_ray
from ...names import check_device
from ...options import about
from ...progress import learning


@dataclass(frozen=True)
class Arguments:
    """Train a baseline with its default settings; run it again to go on where it was interrupted.

    By several processes or machines: torchrun --nproc-per-node=4 -m paintgym train-baseline ... --seeds 0-7; each
    trains its share of the seeds, as if it were alone.
    """

    algorithm: Annotated[
        Literal["ppo", "sac", "analytic", "cloning", "cloning+ppo", "analytic+ppo"], tyro.conf.Positional
    ]
    """ppo and sac: stable-baselines3's; analytic: gradients through painter and canvas; cloning: of the gradient agent;
    cloning+ppo, analytic+ppo: PPO that begins with either."""
    task: str = "Shapes-v0"
    """The task: Shapes-v0, Digits-v0, Paintings-v0, PaintingsLite-v0 or LongPaintings-v0."""
    steps: int = 100_000
    """Steps of environments."""
    seeds: str = "0"
    """Seeds, such as 0-4 or 0,3: each is a run of its own."""
    view: Literal["focus", "upright", "canvas"] = "focus"
    """What the policy sees: the task's window on the error, the same without being turned with it, or the canvas."""
    workers: int = 1
    """Processes that train side by side."""
    device: str = "cpu"
    """Where it trains: cpu or cuda; by several processes, and on a Ray cluster, each on a GPU of its own."""
    on: str | None = None
    """The Ray cluster that trains, each run with a core of its own, in place of --workers: local (one is started on
    this machine), auto (the one that this machine is part of), host:6379 or ray://host:10001. All its machines must
    share the folder of runs."""
    out: Path = Path("runs/ladder")
    """Folder of runs: task, algorithm, seed."""


def run(arguments: Arguments) -> None:
    """Train what is not trained yet, and print what each run reaches."""
    seeds = read_seeds(arguments.seeds)
    task = find_task(arguments.task).id
    check_whole("steps", arguments.steps, 1)
    check_whole("workers", arguments.workers, 1, 256)
    if arguments.on is not None:
        with about("--on"):
            check_ray(arguments.on)
    check_device("--device", arguments.device)
    from ....agents.baselines.run import RunPlan
    from ....agents.baselines.runner import train_all
    from ....painters.device import find_device

    device = arguments.device
    if arguments.on is None:  # A cluster's machines have their own.
        _, count, local_rank = find_processes()
        if device == "cuda" and count > 1:
            device = f"cuda:{local_rank}"
        find_device(device)
    plans = [RunPlan(task, arguments.algorithm, arguments.steps, seed, arguments.view) for seed in seeds]
    with joined(None) as processes:
        if len(plans) < processes.count:
            raise InvalidInputError(
                f"--seeds is {arguments.seeds!r}, {len(plans)} in number, for {processes.count} processes: each trains "
                "its share of the seeds; give torchrun fewer processes, or more seeds"
            )
        own = plans[processes.rank :: processes.count]
        watch = learning if processes.leads else None
        for document in train_all(own, arguments.out, arguments.workers, watch, arguments.on, device):
            final, settings = document["final"], document["settings"]
            read = f", {final['read']:.1%} read" if "read" in final else ""
            print(
                f"{settings['task']} {settings['algorithm']} seed {settings['seed']}: score {final['score']:.3f}{read} "
                f"after {document['environment_steps']:,} steps in {document['seconds']:.0f} s",
                flush=True,
            )


def read_seeds(text: str) -> list[int]:
    """Seeds such as ``0-4`` or ``0,3``.

    Raises:
        InvalidInputError: no such list, or a seed twice.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise InvalidInputError(f"--seeds is {text!r}, expected such as 0-4 or 0,3")
        seeds += range(int(first), int(last or first) + 1)
    if not seeds or len(set(seeds)) < len(seeds):
        raise InvalidInputError(f"--seeds is {text!r}, which names a seed twice or none")
    return seeds
