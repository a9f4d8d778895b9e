"""``paintgym paint FOLDER``: from the command line's options to paintings of a whole folder. The work is elsewhere."""

import hashlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...agents.folder.plan import FolderPlan
from ...agents.folder.source import LocalFolder, PictureFolder
from ...agents.large.config import ReuseConfig
from ...agents.outputs.forms import OUTPUT_SUFFIXES, check_form
from ...errors import InvalidInputError
from ...through_ray import through_ray
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from ...agents.agent import Agent
    from ...envs.pictures import Picture
    from ...painters.style import Style
    from .arguments import Arguments
    from .style import StyleOptions

_SUFFIXES = (".png",)
_SMALL_ON_GPU = 64
"""Paintings of 64x64 that a GPU is given at once: one alone hardly keeps it busy."""


def plan_folder(arguments: "Arguments", source: PictureFolder, upscale: int) -> FolderPlan:
    """What is asked for, checked as far as it can be before any work.

    Raises:
        InvalidInputError: options that cannot be, no pictures, or no folder to write to.
    """
    if len(arguments.out) != 1:
        raise InvalidInputError(f"{arguments.picture} is a folder; name with --out one folder for its paintings")
    _check_out(arguments.out[0], source)
    suffixes = tuple(dict.fromkeys(suffix.lower() for suffix in arguments.suffix or _SUFFIXES))
    for suffix in suffixes:
        if suffix not in OUTPUT_SUFFIXES:
            raise InvalidInputError(f"--suffix is {suffix!r}, expected {', '.join(OUTPUT_SUFFIXES)}")
        with about("--suffix"):
            check_form(suffix, upscale, arguments.frames, arguments.seconds)
    if arguments.follow and arguments.size is None:
        raise InvalidInputError("--follow is for large paintings; give a --size too")
    if arguments.follow and arguments.on:
        raise InvalidInputError("--follow paints each frame after the one before it, on one machine; leave --on away")
    _ = source.listing  # Asked for before the agent is loaded, and last, as a bucket may be far away.
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
        style=partial(_style, options, palette),
        paper=options.paper,
        own_styles=options.palette is not None and palette is None,
        reuse=ReuseConfig() if arguments.follow else None,
        small_batch=_SMALL_ON_GPU if arguments.device != "cpu" else 1,
    )


def paint_folder(arguments: "Arguments", source: PictureFolder, plan: FolderPlan, agent: "Agent") -> int:
    """Paint a folder; returns the exit code, 1 where something was passed over."""
    from ...agents.folder.painted import PaintedFolder
    from ...agents.folder.spread import SpreadPainter, SpreadPlan

    style = {name: str(value) for name, value in vars(arguments.style).items()}
    settings: dict[str, Any] = {"agent": {**agent.settings(), "fingerprint": agent.fingerprint()}, "style": style}
    if arguments.style.palette_from is not None:
        settings["palette"] = hashlib.sha256(arguments.style.palette_from.read_bytes()).hexdigest()
    (out,) = arguments.out
    folder = PaintedFolder(source, out, plan, settings)
    for line in folder.passed_over:
        _tell(f"passed over: {line}")
    if folder.hidden:
        _tell(f"hidden files and folders, {folder.hidden} in number, are not painted")
    count, pictures = len(folder), folder.pictures
    with counting(agent.name, count) as advance:
        if arguments.on is None:
            unread = folder.paint(agent, _tell, advance)
        else:
            spread = SpreadPlan(arguments.workers, arguments.worker_threads, arguments.device)
            work = SpreadPainter(agent, plan, spread)
            unread = folder.paint_elsewhere(partial(through_ray, arguments.on, work), _tell, advance)
    passed_over = unread + len(folder.passed_over)
    before = f", {pictures - count} painted before" if count < pictures else ""
    print(
        f"{agent.name} painted {count - unread} pictures of {arguments.picture}{before}, "
        f"{passed_over} passed over -> {out}"
    )
    return 1 if passed_over else 0


def _style(options: "StyleOptions", palette: "Picture | None", picture: "Picture | None") -> "Style":
    return options.style(picture if palette is None else palette)


def _check_out(out: Path, source: PictureFolder) -> None:
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise InvalidInputError(f"--out: cannot make the folder {out}: {there} is a file")
    if there is out and isinstance(source, LocalFolder) and out.resolve() == source.folder.resolve():
        raise InvalidInputError(f"--out: {out} holds the pictures themselves; name another folder for the paintings")


def _tell(line: str) -> None:
    # Names of files may hold anything, and a line is to stay one.
    print(f"paintgym: {' '.join(line.split())}", file=sys.stderr)
