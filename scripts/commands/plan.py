"""``paintgym plan``: what painting very many pictures takes: hours, machines, disk and memory.

paintgym plan --pictures 1e6 --strokes 2000 --size 512                    # measures this machine first, minutes
paintgym plan --pictures 1e6 --hours 8 --like photos/ --json laptop.json   # with your pictures; keeps the measurement
paintgym plan --pictures 1e6 --hours 8 --measured laptop.json              # works with it, here or elsewhere
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from ...agents.outputs.forms import OUTPUT_SUFFIXES
from ...checks import check_number, check_positive, check_whole
from ...errors import InvalidInputError
from ...files import check_can_write
from ...parallel import count_cores
from ...runs import write_json
from ..names import check_agent
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from ...agents.folder.estimate import Estimate
    from ...agents.folder.plan import FolderPlan

_SAMPLES = Path(__file__).parents[2] / "webapp" / "static" / "samples"
_QUIET = 0.9
"""Part of a core that processes of one thread have at least where nothing else works."""
_MOST_PICTURES = 10**12
"""Beyond it a mistake."""


@dataclass(frozen=True)
class Arguments:
    """Tell what painting a folder of very many pictures takes: hours, machines, disk and memory.

    A few pictures are painted here by one process, by two, by four and so on, up to one a core, each with one thread;
    that tells how many paintings an hour such a machine gives, and how far a second core speeds it up. From this, the
    rest is arithmetic: pictures are painted each by itself, so machines that are alike do not slow each other down as
    long as the disks that they read and write keep up. How fast they have to write is told.
    """

    pictures: float = 1e6
    """How many pictures there are to paint; such as 1e6."""
    strokes: int = 2000
    """How many strokes a painting has."""
    size: int | None = 512
    """The paintings' longer side in pixels; None for center squares on 64x64."""
    agent: str = "policy"
    """Who paints, as for paintgym paint."""
    suffix: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Which file is written for every picture, by suffix; may be given several times. .png by default."""
    hours: float = 24.0
    """In how many hours all is to be painted: it takes as many machines."""
    lost: float = 0.0
    """Part of their time that machines are away or paint again what was lost, such as 0.1 for spot machines."""
    processes: tuple[int, ...] = ()
    """How many processes to measure, one after the other; 1, 2, 4 and so on up to the cores by default."""
    like: Path | None = None
    """Folder of pictures to measure with, like those that are to be painted; bundled ones by default."""
    measured: Path | None = None
    """Take what --json of another machine measured, in place of measuring this one."""
    json: Path | None = None
    """Keep what was measured in this file, for --measured."""


def run(arguments: Arguments) -> None:
    """Measure, or read what was measured, and print what painting takes."""
    from ...agents.folder.estimate import estimate, read_paces

    plan = _check(arguments)
    agent = check_agent(arguments.agent, None)
    settings: dict[str, Any] = {
        "agent": agent,
        "strokes": plan.strokes,
        "size": plan.size,
        "suffixes": [*plan.suffixes],
    }
    if arguments.measured is not None:
        with about("--measured"):
            measured = read_paces(arguments.measured, settings)
        where = f"on the machine of {arguments.measured}"
    else:
        measured = _measure(arguments, plan, agent)
        where = "on this machine"
    if arguments.json is not None:
        write_json(arguments.json, measured)
    found = estimate(measured, round(arguments.pictures), arguments.hours, arguments.lost)
    _print(arguments, measured, where, found)


def _check(arguments: Arguments) -> "FolderPlan":
    """Find mistakes before the first minute of measuring."""
    from ...agents.folder.plan import FolderPlan

    if arguments.pictures != round(check_number("pictures", arguments.pictures, 1, _MOST_PICTURES)):
        raise InvalidInputError(f"pictures is {arguments.pictures}, expected a whole number, such as 1e6", "pictures")
    check_positive("hours", arguments.hours)
    check_number("lost", arguments.lost, 0, 0.99)
    for count in arguments.processes:
        check_whole("processes", count, 1, 1024)
    for suffix in arguments.suffix:
        if suffix not in OUTPUT_SUFFIXES:
            raise InvalidInputError(f"--suffix is {suffix!r}, expected {', '.join(OUTPUT_SUFFIXES)}")
    if arguments.measured is not None:
        for name in ("like", "processes"):
            if getattr(arguments, name):
                raise InvalidInputError(f"--{name} is for measuring, and --measured is given; leave one out")
        if not arguments.measured.is_file():
            raise InvalidInputError(f"--measured: there is no {arguments.measured}; 'paintgym plan --json' writes it")
    if arguments.json is not None:
        with about("--json"):
            check_can_write(arguments.json)
    return FolderPlan(strokes=arguments.strokes, size=arguments.size, suffixes=arguments.suffix or (".png",))


def _measure(arguments: Arguments, plan: "FolderPlan", agent: str) -> dict[str, Any]:
    from ...agents.folder.listing import list_pictures

    with about("--like"):
        folder = arguments.like or _SAMPLES
        pictures = list_pictures(folder)
    from ...agents.folder.pace import levels_of, measure_paces

    levels = arguments.processes or levels_of(count_cores())
    with counting("painting", plan.batch * sum(levels)) as advance:
        return measure_paces(agent, plan, pictures, levels, advance)


def _print(arguments: Arguments, measured: dict[str, Any], where: str, found: "Estimate") -> None:
    from rich.console import Console
    from rich.table import Table

    paces, machine = measured["paces"], measured.get("machine", {})
    first = paces[0]
    columns = ("processes", "paintings an hour", f"times {first['processes']}", "of a core each", "MB each")
    title = f"measured {where}: {machine.get('cores', '?')} cores, {machine.get('processor', '?')}"
    table = Table(*columns, title=title, title_justify="left")
    for pace in paces:
        rate, times = pace["paintings_per_hour"], pace["paintings_per_hour"] / first["paintings_per_hour"]
        table.add_row(
            str(pace["processes"]),
            f"{rate:,.0f}",
            f"{times:.2f}",
            f"{pace['core_share']:.0%}",
            f"{pace['memory'] / 1e6:,.0f}",
        )
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    if min(pace["core_share"] for pace in paces) < _QUIET:
        warnings.warn(
            "processes had less than a core each while they were measured, as other programs worked too, or there are "
            "fewer cores than processes; measure on a quiet machine, up to as many processes as cores",
            stacklevel=2,
        )
    size = "64x64" if arguments.size is None else f"{arguments.size} pixels"
    suffixes = " and ".join(measured["settings"]["suffixes"])
    lost = f", of whose time {arguments.lost:.0%} is lost" if arguments.lost else ""
    for name, text in {
        "to paint": f"{arguments.pictures:,.0f} pictures, {arguments.strokes:,} strokes each, {size}, as {suffixes}",
        "one machine": f"{found.hours_of_one:,.1f} hours",
        f"in {arguments.hours:g} hours": f"{found.machines:,} such machines{lost}: {found.hours:,.1f} hours",
        "disk": f"{found.disk / 1e9:,.1f} GB, {measured['painting_bytes'] / 1e3:,.0f} kB a painting; "
        f"written at {found.bytes_per_second / 1e6:,.1f} MB a second",
        "memory": f"{found.memory / 1e9:,.1f} GB a machine",
    }.items():
        console.print(f"{name:<14} {text}")
