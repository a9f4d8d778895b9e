"""``paintgym paint``: paint one picture, or those of a folder, and save the paintings."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...agents.limits import LARGEST_BUDGET, LARGEST_LARGE_BUDGET, LARGEST_SIZE
from ...agents.outputs.forms import check_output, check_pixels
from ...checks import check_whole
from ...errors import InvalidInputError
from ...files import check_is_no_input
from ...painters.names import find_painter
from ...painters.stroke import CANVAS_SIZE
from ...parallel import count_cores
from ...through_ray import check_ray
from ..names import check_agent, check_device, check_losses, check_painters, split_brushes
from ..options import about
from ..painting.arguments import Arguments
from ..progress import painting

if TYPE_CHECKING:
    from ...agents.agent import Agent
    from ...envs.pictures import Picture

_DEFAULT_OUTPUT = Path("painting.png")
_USUAL_UPSCALE = 8
_POLICY = "policy"


def run(arguments: Arguments) -> int:
    """Paint and save; returns the exit code, 1 where pictures of a folder were passed over."""
    name = _check(arguments)
    usual = _USUAL_UPSCALE if arguments.size is None else 1
    upscale = usual if arguments.upscale is None else arguments.upscale
    from ...agents.folder.source import find_source

    source = find_source(arguments.picture, arguments.out[0] if arguments.out else None)
    if source is not None:
        from ..painting.folder import paint_folder, plan_folder

        plan = plan_folder(arguments, source, upscale)
        return paint_folder(arguments, source, plan, _load_agent(arguments, name))
    for option in ("suffix", "follow", "on"):
        if getattr(arguments, option):
            raise InvalidInputError(f"--{option} is for folders, and {arguments.picture} is none")
    _paint_picture(arguments, name, upscale)
    return 0


def _check(arguments: Arguments) -> str:
    """Find mistakes that show without a look at any picture; returns the agent's present name."""
    check_whole("strokes", arguments.strokes, 1, LARGEST_BUDGET if arguments.size is None else LARGEST_LARGE_BUDGET)
    check_whole("seed", arguments.seed, 0, 2**63 - 1)
    if arguments.size is not None:
        check_whole("size", arguments.size, CANVAS_SIZE, LARGEST_SIZE)
    check_painters("--painter", arguments.painter)
    for brush in split_brushes("--brush", arguments.brush):
        with about("--brush"):
            find_painter(arguments.painter, brush)
    if arguments.loss is not None:
        check_losses("--loss", arguments.loss)
    check_device("--device", arguments.device)
    arguments.style.check()
    if arguments.workers is not None:
        check_whole("workers", arguments.workers, 1)
    # More than a machine has would be waited for without end.
    check_whole("worker_threads", arguments.worker_threads, 1, count_cores() if arguments.on == "local" else None)
    if (on := arguments.on) is not None:
        with about("--on"):
            check_ray(on)
    return check_agent(arguments.agent, arguments.policy)


def _paint_picture(arguments: Arguments, name: str, upscale: int) -> None:
    outputs = arguments.out or (_DEFAULT_OUTPUT,)
    with about("--out"):
        suffixes = [check_output(output, upscale, arguments.frames, arguments.seconds) for output in outputs]
    check_is_no_input(outputs, [arguments.picture, *filter(None, [arguments.style.palette_from])])
    from ...envs.pictures import load_picture

    picture = load_picture(arguments.picture, paper=arguments.style.paper)
    palette = arguments.style.load_palette()
    style = arguments.style.style(picture if palette is None else palette)
    height, width = _canvas_shape(picture, arguments.size)
    for suffix in suffixes:
        frames = min(arguments.frames, arguments.strokes + 1)
        with about("--out"):
            check_pixels(suffix, upscale * width, upscale * height, frames)
    agent = _load_agent(arguments, name)
    with painting(arguments.agent, arguments.strokes) as update:
        result = agent.paint(
            picture, arguments.strokes, size=arguments.size, style=style, seed=arguments.seed, progress=update
        )
    for output in outputs:
        result.save(output, upscale, arguments.frames, arguments.seconds)
    print(
        f"{result.agent} painted {Path(arguments.picture).name}: {result.loss_name} {result.loss:.5f} with "
        f"{len(result.strokes)} strokes in {result.seconds:.1f} s -> {', '.join(map(str, outputs))}"
    )


def _load_agent(arguments: Arguments, name: str) -> "Agent":
    import torch

    from ...agents.registry import load_agent

    brush = split_brushes("--brush", arguments.brush)
    given = {"loss": arguments.loss, "policy": arguments.policy, "brush": brush or None}
    options = {name: value for name, value in given.items() if value is not None}
    # A cluster's workers take the agent to their own devices.
    device = "cpu" if arguments.on else arguments.device
    agent = load_agent(name, painter=arguments.painter, device=device, **options)
    if name == _POLICY:
        # A policy's arrays are small: a second thread gains nothing, and beside other programs it costs seconds.
        torch.set_num_threads(1)
    return agent


def _canvas_shape(picture: "Picture", size: int | None) -> tuple[int, int]:
    if size is None:
        return CANVAS_SIZE, CANVAS_SIZE
    height, width = picture.shape[:2]
    return round(size * height / max(height, width)), round(size * width / max(height, width))
