"""``paintgym paint FOLDER``: from the command line's options to paintings of a whole folder. The work is elsewhere."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..agents.agent import Agent
from ..agents.folder import FolderPlan, PaintedFolder
from ..agents.outputs.saving import WRITERS, check_output
from ..envs.pictures import load_picture
from ..errors import InvalidInputError
from .progress import counting

if TYPE_CHECKING:
    from .commands.paint import Arguments

_SUFFIXES = (".png",)


def plan_folder(arguments: "Arguments", upscale: int) -> FolderPlan:
    """What is asked for, checked as far as it can be before any work.

    Raises:
        InvalidInputError: options that cannot be, or no folder to write to.
    """
    if len(arguments.out) != 1:
        raise InvalidInputError(f"{arguments.picture} is a folder; name with --out one folder for its paintings")
    suffixes = tuple(dict.fromkeys(suffix.lower() for suffix in arguments.suffix or _SUFFIXES))
    for suffix in suffixes:
        if suffix not in WRITERS:
            raise InvalidInputError(f"the suffix is {suffix!r}, expected {', '.join(WRITERS)}")
        check_output(Path(f"painting{suffix}"), upscale, arguments.frames, arguments.seconds)
    options = arguments.style
    palette = None if options.palette_from is None else load_picture(options.palette_from)
    return FolderPlan(
        strokes=arguments.strokes,
        size=arguments.size,
        seed=arguments.seed,
        suffixes=suffixes,
        upscale=upscale,
        frames=arguments.frames,
        seconds=arguments.seconds,
        style=lambda picture: options.style(picture if palette is None else palette),
        own_styles=options.palette is not None and palette is None,
        following=arguments.follow,
    )


def paint_folder(arguments: "Arguments", plan: FolderPlan, agent: Agent) -> int:
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
