"""``paintgym scoreboard``: what all baselines reach on the ladder of tasks.

paintgym scoreboard runs/ladder                                   # the table of what is there
paintgym scoreboard runs/ladder --train --workers 2               # trains what is missing first, hours
paintgym scoreboard runs/quick --train --track quick              # a few minutes
paintgym scoreboard runs/ladder --references                      # who is always there to be compared with
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ....checks import check_whole
from ....envs.tasks import find_task
from ....errors import InvalidInputError
from ....files import check_can_write, make_folder
from ....through_ray import check_ray
from ...names import check_device
from ...options import about
from ...progress import learning


@dataclass(frozen=True)
class Arguments:
    """Sum up finished runs: interquartile means over seeds with 95 % bootstrap intervals, curves, profiles."""

    runs: tyro.conf.Positional[Path] = Path("runs/ladder")
    """Folder of runs."""
    train: bool = False
    """Train first what is missing of the track; run it again to go on where it was interrupted."""
    track: Literal["laptop", "studies", "gpu", "quick"] = "laptop"
    """laptop: all tasks, hours; studies: PPO that sees whole canvases, and PPO after gradients; gpu: ten
    million steps, with --device cuda; quick: minutes."""
    tasks: str | None = None
    """With --train or --references: only these tasks, separated by commas, such as Digits-v0."""
    references: bool = False
    """Paint as nothing, random, flat, greedy, policy and gradient too, and write references.json into the folder."""
    device: str = "cpu"
    """Where it is trained, and references paint: cpu or cuda."""
    workers: int = 1
    """Processes that train side by side."""
    on: str | None = None
    """With --train: the Ray cluster that trains, in place of --workers; see paintgym train-baseline --help."""
    json: Path | None = None
    """Write the figures here."""
    markdown: Path | None = None
    """Write the tables here."""
    html: Path | None = None
    """Write one page with tables, curves and profiles here, which needs nothing else."""
    plots: Path | None = None
    """Folder for the curves, an .svg for each task."""


def run(arguments: Arguments) -> None:
    """Train, sum up, print and write."""
    check_whole("workers", arguments.workers, 1, 256)
    if arguments.on is not None:
        with about("--on"):
            check_ray(arguments.on)
    check_device("--device", arguments.device)
    for name in ("json", "markdown", "html"):
        if getattr(arguments, name):
            with about(f"--{name}"):
                check_can_write(getattr(arguments, name))
    if not (arguments.train or arguments.references or arguments.runs.is_dir()):
        raise InvalidInputError(f"there is no folder {arguments.runs}; 'paintgym train-baseline' and --train make one")
    wanted = [find_task(name.strip()).id for name in arguments.tasks.split(",")] if arguments.tasks else None
    from ....agents.baselines import protocol, reference, scoreboard
    from ....agents.baselines.runner import train_all
    from ....agents.baselines.tracks import TRACKS
    from ....agents.evaluation.report.plots import as_file
    from ....files import write_whole
    from ....painters.device import find_device

    if arguments.on is None or arguments.references:  # A cluster's machines have their own.
        find_device(arguments.device)
    if arguments.references:
        make_folder(arguments.runs)
        for task, name, score in reference.paint_references(
            arguments.runs / "references.json", wanted, arguments.device
        ):
            print(f"{task} {name}: {score:.3f}", flush=True)
        if not arguments.train:
            return
    if arguments.train:
        plans = [
            plan
            for entry in TRACKS[arguments.track]
            if wanted is None or entry.task in wanted
            for plan in entry.plans()
        ]
        if not plans:
            raise InvalidInputError(f"the track {arguments.track} has no runs of {arguments.tasks}; see --track")
        started = time.perf_counter()
        seconds = 0.0
        documents = train_all(plans, arguments.runs, arguments.workers, learning, arguments.on, arguments.device)
        for number, document in enumerate(documents, 1):
            seconds += document["seconds"]
            settings, score = document["settings"], document["final"]["score"]
            print(
                f"{number}/{len(plans)} {settings['task']} {settings['algorithm']} {settings['view']} seed "
                f"{settings['seed']}: {score:.3f}, {(time.perf_counter() - started) / 60:.0f} minutes",
                flush=True,
            )
        print(f"{len(plans)} runs, {seconds / 3600:.1f} hours of learning by their own clocks", flush=True)
    document = scoreboard.summarize_runs(scoreboard.read_runs(arguments.runs), protocol.references())
    text = scoreboard.as_markdown(document)
    print(text)
    contents = {
        arguments.json: json.dumps(document, indent=1) + "\n",
        arguments.markdown: text,
        arguments.html: scoreboard.as_page(document),
    }
    for path, content in contents.items():
        if path:
            with write_whole(path) as temporary:
                temporary.write_text(content, encoding="utf-8")
    if arguments.plots:
        make_folder(arguments.plots)
        for by in ("steps", "seconds"):
            for task, plot in scoreboard.curve_plots(document, by):
                with write_whole(arguments.plots / f"{task.rpartition('/')[2]}-{by}.svg") as temporary:
                    temporary.write_text(as_file(plot, scoreboard.labels_of(document, task)), encoding="utf-8")
