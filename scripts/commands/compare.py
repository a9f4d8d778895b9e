"""``paintgym compare``: let agents and painters paint the same pictures, and report loss, replay and time.

paintgym compare --agents greedy,gradient --strokes 15,30,200 --html report.html
paintgym compare --painters gan,vae,gan-deconv --targets mnist,paintings --out runs/painters
paintgym compare --study --out runs/study          # the study of docs/study.md; again: goes on where it was interrupted
paintgym compare --size 512 --agents greedy,policy --strokes 500,2000,5000
paintgym compare --study --quick                   # the same with a few pictures
paintgym compare --agents gradient,policy+refine --seconds gradient=40,policy+refine=10 --strokes 200
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from ...agents.agent import Agent
from ...agents.evaluation.comparison import Comparison, Source, TrialRunner, choose_pictures
from ...agents.evaluation.metrics import MEASURES, available_measures, load_measure
from ...agents.evaluation.report.findings import findings
from ...agents.evaluation.report.page import make_page
from ...agents.evaluation.report.pictures import contact_sheet
from ...agents.evaluation.report.summary import make_summary
from ...agents.evaluation.trials import TrialFolder
from ...agents.limits import LARGEST_BUDGET, LARGEST_SIZE
from ...agents.policy.registry import load_network
from ...agents.registry import find_agent, load_agent
from ...checks import check_whole
from ...envs.losses.registry import make_loss
from ...envs.targets.targets import Split, load_targets
from ...errors import InvalidInputError, MissingLibraryError
from ...files import check_can_write, write_whole
from ...painters.mypaint.engine import MyPaintEngine
from ...painters.registry import load_painter
from ...painters.stroke import CANVAS_SIZE
from ...parallel import count_cores, work_through
from ..comparison_tables import print_report
from ..progress import counting

Item = TypeVar("Item")

_STUDY = {
    "agents": "gradient",
    "painters": "gan,vae,gan-deconv",
    "targets": "mnist,paintings",
    "strokes": "mnist=5,20,paintings=50,200",
    "pictures": "mnist=100,paintings=20",
    "iterations": 60,
}
_MOST_ITERATIONS = 1_000_000
_LONGEST = 86_400
_QUICK_STUDY = {**_STUDY, "pictures": "mnist=10,paintings=4", "iterations": 30}


@dataclass(frozen=True)
class Arguments:
    """Let agents and painters paint the same pictures with the same numbers of strokes and the same seed.

    Every agent paints with every painter. Paintings are judged by vgg19, mse and ssim, whatever loss is minimized, and
    so is what the real MyPaint brush makes of the same strokes. Means come with 95 % intervals over the pictures.
    """

    study: bool = False
    """The study of painters in docs/study.md: what is not given below is taken from it, and nothing it needs may be
    missing. Uses every core."""
    quick: bool = False
    """With --study: a few pictures, and fewer iterations."""
    agents: str | None = None
    """Who paints, separated by commas; random,greedy,gradient by default, gradient where painters are named. There
    are policy and policy+refine too."""
    painters: str | None = None
    """Neural painters, separated by commas, by name or as paths to .safetensors files; gan by default. Where there are
    several, strokes move by each painter's own gradient, not by the draft painter's."""
    targets: str | None = None
    """What is painted, separated by commas: mnist, paintings, photographs (default), bam, picture files or folders."""
    strokes: str | None = None
    """Stroke budgets, separated by commas, 15,30,200 by default; or for each target, as in mnist=5,20,paintings=50."""
    pictures: str | None = None
    """At most this many pictures of each target, spread evenly over it, 8 by default; or mnist=100,paintings=20."""
    policy: str | None = None
    """Of agents that have one: mnist, paintings (default), or a .safetensors file that train-policy wrote."""
    loss: str = "mse"
    """What the agents minimize: mse, lite, or vgg19 (needs its weights)."""
    iterations: int | None = None
    """Of agents that have them, such as gradient."""
    seconds: str | None = None
    """Time limit of agents that have one, for all or for each, as in gradient=40,policy+refine=10; they iterate until
    it is over, if --iterations does not say otherwise."""
    split: Split = "test"
    """The part of targets that have parts."""
    seed: int = 0
    """Seed of every painting."""
    size: int | None = None
    """Paint large, through windows: so many pixels square, such as 512. By default on the canvas of 64x64."""
    grid: int | None = None
    """With --size: one grid of windows of this side in pixels, instead of windows coarse to fine."""
    workers: int | None = None
    """Processes that paint side by side; 1 by default. Seconds are those of a painting that shares the machine."""
    out: Path | None = None
    """Keep every finished painting in this folder, with report.json and report.html; run again, the work goes on."""
    json: Path | None = None
    """Write all figures here."""
    html: Path | None = None
    """Write the report with plots and pictures here, one file that needs nothing else."""
    sheet: Path | None = None
    """Write a contact sheet here (.png): the target, each canvas, and each replay by the real brush."""


def run(arguments: Arguments) -> None:
    """Paint what is not painted yet, print the tables, and write what was asked for."""
    workers = _check(arguments)
    comparison = _plan(arguments)
    runner, tasks = TrialRunner(comparison), comparison.tasks()
    settings = comparison.settings(workers)
    with tempfile.TemporaryDirectory() as scratch:
        folder = TrialFolder(arguments.out or Path(scratch) / "comparison", settings)
        missing = [number for number in range(len(tasks)) if folder.read(number) is None]
        with counting("comparing", len(tasks)) as advance:
            advance(len(tasks) - len(missing))
            for number, trial in work_through(runner, [tasks[number] for number in missing], workers):
                folder.write(missing[number], trial)
                advance(1)
        trials = list(folder.read_all(len(tasks)))
    document = make_summary(trials, settings)
    document["findings"] = findings(document)

    console = Console()
    print_report(document, console)
    text = json.dumps(document, indent=1) + "\n"
    for path in (arguments.json, arguments.out and arguments.out / "report.json"):
        if path:
            _write(path, text, console)
    for path in (arguments.html, arguments.out and arguments.out / "report.html"):
        if path:
            _write(path, make_page(document, trials), console)
    if arguments.sheet:
        names = [method["name"] for method in document["methods"]]
        with write_whole(arguments.sheet) as temporary:
            contact_sheet(trials, names).save(temporary)
        console.print(f"wrote {arguments.sheet}")


def _check(arguments: Arguments) -> int:
    """Find mistakes that cost nothing to find; returns the number of workers."""
    check_whole("seed", arguments.seed, 0, 2**63 - 1)
    if arguments.quick and not arguments.study:
        raise InvalidInputError("--quick is a form of --study; give both, or --pictures for how many to paint")
    if arguments.iterations is not None:
        check_whole("iterations", arguments.iterations, 1, _MOST_ITERATIONS)
    if arguments.grid is not None and arguments.size is None:
        raise InvalidInputError("a grid of windows is for large paintings; give --size too")
    for name in ("size", "grid"):
        if getattr(arguments, name) is not None:
            check_whole(name, getattr(arguments, name), CANVAS_SIZE, LARGEST_SIZE)
    if arguments.workers is not None:
        check_whole("workers", arguments.workers, 1, 1024)
    if arguments.sheet and arguments.sheet.suffix.lower() != ".png":
        raise InvalidInputError(f"the contact sheet cannot be written to {arguments.sheet}; expected a name in .png")
    for output in (arguments.json, arguments.html, arguments.sheet):
        if output:
            check_can_write(output)
    return arguments.workers or (count_cores() if arguments.study else 1)


def _plan(arguments: Arguments) -> Comparison:
    """What is to be painted by whom, all loaded."""
    preset = (_QUICK_STUDY if arguments.quick else _STUDY) if arguments.study else {}
    default_agents = "gradient" if arguments.painters else "random,greedy,gradient"
    chosen = {
        "agents": default_agents,
        "painters": "gan",
        "targets": "photographs",
        "strokes": "15,30,200",
        "pictures": "8",
        "iterations": None,
        **preset,
        **{name: value for name, value in vars(arguments).items() if value is not None},
    }
    names = _split(chosen["targets"], "targets", str)
    budgets = _split_by_name(chosen["strokes"], "strokes", names, LARGEST_BUDGET)
    pictures = _split_by_name(chosen["pictures"], "pictures", names, 10_000)
    sources = {}
    for name in names:
        if len(pictures[name]) > 1:
            raise InvalidInputError(f"pictures of {name} are {pictures[name]}, expected one number for each target")
        targets = load_targets(name, arguments.size or CANVAS_SIZE, split=arguments.split)
        sources[name] = Source(targets, choose_pictures(targets, pictures[name][0]), budgets[name])
    return Comparison(
        agents=_load_agents(
            chosen["agents"],
            chosen["painters"],
            arguments.loss,
            chosen["iterations"],
            arguments.seconds,
            arguments.policy,
        ),
        sources=sources,
        measures=[load_measure(name) for name in MEASURES] if arguments.study else available_measures(),
        seed=arguments.seed,
        replay=arguments.study or _has_brush(),
        size=arguments.size,
        grid=arguments.grid,
    )


def _load_agents(
    names: str, painters: str, loss_name: str, iterations: int | None, seconds: str | None, policy: str | None
) -> list[Agent]:
    """Every agent with every painter."""
    loss = make_loss(loss_name)
    entries = dict(find_agent(name) for name in _split(names, "agents", str))
    with_policy, iterating = (
        [name for name, entry in entries.items() if option in entry.options] for option in ("policy", "iterations")
    )
    if policy is not None and not with_policy:
        raise InvalidInputError(f"a policy is given, but none of the agents {names} has one; leave it out")
    if iterations is not None and not iterating:
        raise InvalidInputError(f"iterations are given, but none of the agents {names} has any; leave them out")
    limits = _read_limits(seconds, names, iterating)
    network = load_network(policy or "paintings") if with_policy else None
    loaded = [load_painter(name) for name in _split(painters, "painters", str)]
    agents = []
    for name in entries:
        options: dict[str, Any] = {}
        if name in with_policy:
            options |= {"policy": policy or "paintings", "network": network}
        if name in iterating:
            # The proxy renderer was fitted to one of them, and a painter's gradients are part of what it is good for.
            options["straight_through"] = len(loaded) == 1
            options["iterations"] = (iterations or _MOST_ITERATIONS) if limits else iterations
            options["time_limit"] = limits.get(name)
        agents += [load_agent(name, painter=painter, loss=loss, **options) for painter in loaded]
    return agents


def _read_limits(text: str | None, names: str, limited: list[str]) -> dict[str, float]:
    """Seconds by the name of the agent; empty where there are no limits."""
    if text is None:
        return {}
    if not limited:
        raise InvalidInputError(f"seconds are given, but none of the agents {names} has a limit; leave them out")
    limits = _split_by_name(text, "seconds", list(dict.fromkeys(limited)), _LONGEST)
    for name, numbers in limits.items():
        if len(numbers) > 1:
            raise InvalidInputError(f"seconds of {name} are {numbers}, expected one number for each agent")
    return {name: float(numbers[0]) for name, numbers in limits.items()}


def _has_brush() -> bool:
    try:
        MyPaintEngine()
    except MissingLibraryError:
        return False
    return True


def _split(text: str, name: str, convert: Callable[[str], Item]) -> list[Item]:
    """The items of a list with commas, each once."""
    try:
        items = list(dict.fromkeys(convert(part.strip()) for part in text.split(",") if part.strip()))
    except ValueError:
        raise InvalidInputError(f"{name} are {text!r}, expected whole numbers separated by commas") from None
    if not items:
        raise InvalidInputError(f"no {name} are named; expected at least one")
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
            f"{name} are {text!r}, expected numbers for all of {', '.join(owners)}, such as {owners[0]}=5"
        )
    numbers = {owner: _split(parts.get(owner, parts.get("", "")), name, int) for owner in owners}
    for group in numbers.values():
        for number in group:
            check_whole(name, number, 1, most)
    return numbers


def _write(path: Path, text: str, console: Console) -> None:
    with write_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.print(f"wrote {path}", soft_wrap=True)
