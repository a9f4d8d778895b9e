"""``paintgym paint FOLDER``: from the command line's options to paintings of a whole folder. The work is elsewhere."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..agents.folder import FolderPlan, PaintedFolder, list_pictures
from ..agents.outputs.forms import OUTPUT_SUFFIXES, check_form
from ..errors import InvalidInputError
from .options import about
from .progress import counting

if TYPE_CHECKING:
    from ..agents.agent import Agent
    from .commands.paint import Arguments

_SUFFIXES = (".png",)


def plan_folder(arguments: "Arguments", upscale: int) -> FolderPlan:
    """What is asked for, checked as far as it can be before any work.

    Raises:
        InvalidInputError: options that cannot be, or no folder to write to.
    """
    if len(arguments.out) != 1:
        raise InvalidInputError(f"{arguments.picture} is a folder; name with --out one folder for its paintings")
    _check_folders(arguments.picture, arguments.out[0])
    suffixes = tuple(dict.fromkeys(suffix.lower() for suffix in arguments.suffix or _SUFFIXES))
    for suffix in suffixes:
        if suffix not in OUTPUT_SUFFIXES:
            raise InvalidInputError(f"--suffix is {suffix!r}, expected {', '.join(OUTPUT_SUFFIXES)}")
        with about("--suffix"):
            check_form(suffix, upscale, arguments.frames, arguments.seconds)
    if arguments.follow and arguments.size is None:
        raise InvalidInputError("--follow is for large paintings; give a --size too")
    options = arguments.style
    palette = options.load_palette()
    return FolderPlan(
        strokes=arguments.strokes,
        size=arguments.size,
        seed=arguments.seed,
        suffixes=suffixes,
        upscale=upscale,
        frames=arguments.frames,
        seconds=arguments.seconds,
        style=lambda picture: options.style(picture if palette is None else palette),
        paper=options.paper,
        own_styles=options.palette is not None and palette is None,
        following=arguments.follow,
    )


def paint_folder(arguments: "Arguments", plan: FolderPlan, agent: "Agent") -> int:
    """Paint a folder; returns the exit code, 1 where pictures were passed over."""
    style = {name: str(value) for name, value in vars(arguments.style).items()}
    settings = {
        "agent": agent.name,
        "loss": agent.loss.name,
        "policy": arguments.policy,
        "painter": arguments.painter,
        "style": style,
    }
    (out,) = arguments.out
    folder = PaintedFolder(arguments.picture, out, plan, settings)
    count = len(folder)
    with counting(agent.name, count) as advance:
        passed_over = folder.paint(agent, lambda line: print(f"paintgym: {line}", file=sys.stderr), advance)
    painted = f"{agent.name} painted {count - passed_over} pictures of {arguments.picture}"
    print(f"{painted}, {passed_over} passed over -> {out}")
    return 1 if passed_over else 0


def _check_folders(pictures: Path, out: Path) -> None:
    list_pictures(pictures)
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise InvalidInputError(f"--out: cannot make the folder {out}: {there} is a file")
    if there is out and out.resolve() == pictures.resolve():
        raise InvalidInputError(f"--out: {out} holds the pictures themselves; name another folder for the paintings")
