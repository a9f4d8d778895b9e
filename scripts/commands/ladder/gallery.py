"""``paintgym gallery``: pictures of what baselines paint.

paintgym gallery runs/ladder --task Digits-v0 --out digits.png                  # algorithms side by side
paintgym gallery runs/ladder --task Digits-v0 --out digits.webp                 # the same stroke by stroke
paintgym gallery runs/ladder/Digits-v0/ppo/seed-0 --task Digits-v0 --learning --out learning.webp
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from ....checks import check_whole
from ....envs.tasks import find_task
from ....errors import InvalidInputError
from ....files import check_can_write, write_whole
from ...options import about

_SUFFIXES = (".png", ".webp", ".gif")


@dataclass(frozen=True)
class Arguments:
    """Show held-out targets, and below them what the policies of finished runs paint.

    A film shows every stroke, and the windows that the policies look through; with --learning it shows one policy at
    the points of its learning curve.
    """

    runs: tyro.conf.Positional[Path]
    """Folder of runs; with --learning that of one seed."""
    task: str
    """The task: Shapes-v0, Digits-v0, Paintings-v0, PaintingsLite-v0 or LongPaintings-v0."""
    learning: bool = False
    """Show one policy as it learns."""
    count: int = 10
    """How many held-out targets, spread evenly over them."""
    seconds: float = 6.0
    """How long a film lasts."""
    out: Path = Path("gallery.png")
    """What to write: .png for the last canvases, .webp or .gif for a film."""


def run(arguments: Arguments) -> None:
    """Paint and write."""
    check_whole("count", arguments.count, 1, 100)
    task = find_task(arguments.task).id
    with about("--out"):
        if arguments.out.suffix not in _SUFFIXES:
            raise InvalidInputError(f"{arguments.out} has no known suffix, expected one of {', '.join(_SUFFIXES)}")
        check_can_write(arguments.out)
    if not 0 < arguments.seconds <= 600:
        raise InvalidInputError(f"--seconds is {arguments.seconds}, expected more than 0 and at most 600")
    if not arguments.runs.is_dir():
        raise InvalidInputError(f"there is no folder {arguments.runs}; 'paintgym train-baseline' makes such")
    from ....agents.baselines.gallery import side_by_side, while_learning
    from ....agents.outputs.animation import write_gif, write_webp

    film = arguments.out.suffix != ".png"
    if arguments.learning:
        frames = while_learning(arguments.runs, task, arguments.count)
    else:
        frames = side_by_side(arguments.runs, task, arguments.count, every_stroke=film)
    with write_whole(arguments.out) as temporary:
        if film:
            write = write_webp if arguments.out.suffix == ".webp" else write_gif
            write(frames, temporary, arguments.seconds)
        else:
            frames[-1].save(temporary, format="PNG", optimize=True)
    print(f"wrote {arguments.out}: {frames[-1].width} x {frames[-1].height}, {len(frames) if film else 1} frames")
