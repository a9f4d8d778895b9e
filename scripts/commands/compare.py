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
from pathlib import Path
from typing import TYPE_CHECKING

from ...agents.limits import LARGEST_SIZE, MOST_TOGETHER
from ...checks import check_whole
from ...errors import InvalidInputError, MissingLibraryError
from ...files import check_can_write, check_is_no_input, write_whole
from ...painters.stroke import CANVAS_SIZE
from ...parallel import count_cores, work_through
from ..comparison.arguments import Arguments
from ..comparison.choices import Choices, read_choices
from ..names import check_device
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from rich.console import Console

    from ...agents.agent import Agent
    from ...agents.evaluation.comparison import Comparison


def run(arguments: Arguments) -> None:
    """Paint what is not painted yet, print the tables, and write what was asked for."""
    workers = _check(arguments)
    choices = read_choices(arguments)
    from rich.console import Console

    from ...agents.evaluation.comparison import TrialRunner
    from ...agents.evaluation.report.findings import findings
    from ...agents.evaluation.report.page import make_page
    from ...agents.evaluation.report.pictures import contact_sheet
    from ...agents.evaluation.report.summary import make_summary
    from ...agents.evaluation.trials import TrialFolder
    from ..comparison.tables import print_report

    comparison = _plan(arguments, choices)
    runner, tasks = TrialRunner(comparison), comparison.tasks()
    settings = comparison.settings(workers)
    with tempfile.TemporaryDirectory() as scratch:
        folder = TrialFolder(arguments.out or Path(scratch) / "comparison", settings)
        missing = [number for number in range(len(tasks)) if folder.read(number) is None]
        with counting("comparing", len(tasks)) as advance:
            advance(len(tasks) - len(missing))
            groups = comparison.groups([tasks[number] for number in missing])
            work = [[tasks[missing[number]] for number in group] for group in groups]
            for group, done in work_through(runner, work, workers):
                for number, trial in zip(groups[group], done, strict=True):
                    folder.write(missing[number], trial)
                advance(len(done))
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
    check_device("--device", arguments.device)
    if arguments.quick and not arguments.study:
        raise InvalidInputError("--quick is a form of --study; give both, or --pictures for how many to paint")
    if arguments.grid is not None and arguments.size is None:
        raise InvalidInputError("--grid is for large paintings; give --size too")
    for name in ("size", "grid"):
        if getattr(arguments, name) is not None:
            check_whole(name, getattr(arguments, name), CANVAS_SIZE, LARGEST_SIZE)
    if arguments.workers is not None:
        check_whole("workers", arguments.workers, 1, 1024)
    check_whole("together", arguments.together, 1, MOST_TOGETHER)
    if arguments.together > 1 and arguments.seconds is not None:
        raise InvalidInputError(
            "--together is for agents without a time limit, which pictures side by side would share; leave it or "
            "--seconds out"
        )
    if arguments.sheet and arguments.sheet.suffix.lower() != ".png":
        raise InvalidInputError(f"--sheet is {arguments.sheet}, expected a name that ends in .png")
    for name in ("json", "html", "sheet"):
        if getattr(arguments, name):
            with about(f"--{name}"):
                check_can_write(getattr(arguments, name))
    return arguments.workers or (count_cores() if arguments.study else 1)


def _plan(arguments: Arguments, choices: Choices) -> "Comparison":
    """What is to be painted by whom, all loaded."""
    from ...agents.evaluation.comparison import Comparison, Source, choose_pictures
    from ...agents.evaluation.metrics import MEASURES, available_measures, load_measure
    from ...envs.targets.targets import load_targets

    sources = {}
    for name, count in choices.pictures.items():
        targets = load_targets(name, arguments.size or CANVAS_SIZE, split=arguments.split)
        outputs = filter(None, (arguments.json, arguments.html, arguments.sheet))
        path = Path(name)
        check_is_no_input(outputs, path.iterdir() if path.is_dir() else [path])
        sources[name] = Source(targets, choose_pictures(targets, count), choices.budgets[name])
    return Comparison(
        agents=_load_agents(choices, arguments.loss, arguments.device),
        sources=sources,
        measures=[load_measure(name) for name in MEASURES] if arguments.study else available_measures(),
        seed=arguments.seed,
        replay=arguments.study or _has_brush(),
        size=arguments.size,
        grid=arguments.grid,
        together=arguments.together,
    )


def _load_agents(choices: Choices, loss_name: str, device: str) -> "list[Agent]":
    """Every agent with every painter; what is loaded is loaded once."""
    from ...agents.policy.registry import load_network
    from ...agents.registry import load_agent
    from ...envs.losses.registry import make_loss
    from ...painters.registry import load_painter

    loss = make_loss(loss_name, device)
    network = {} if choices.policy is None else {"network": load_network(choices.policy, device)}
    painters = [load_painter(name, device, brush) for name, brush in choices.painters]
    return [
        load_agent(name, painter=painter, loss=loss, **options, **(network if "policy" in options else {}))
        for name, options in choices.agents.items()
        for painter in painters
    ]


def _has_brush() -> bool:
    from ...painters.mypaint.engine import MyPaintEngine

    try:
        MyPaintEngine()
    except MissingLibraryError:
        return False
    return True


def _write(path: Path, text: str, console: "Console") -> None:
    with write_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.print(f"wrote {path}", soft_wrap=True)
