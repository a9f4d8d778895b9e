"""``paintgym paint``: paint one picture, or those of a folder, and save the paintings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from ...agents.limits import LARGEST_BUDGET, LARGEST_LARGE_BUDGET, LARGEST_SIZE
from ...agents.outputs.forms import FRAMES, check_output, check_pixels
from ...checks import check_whole
from ...errors import InvalidInputError
from ...files import check_is_no_input
from ...painters.stroke import CANVAS_SIZE
from ..names import check_agent, check_losses, check_painters
from ..options import about
from ..progress import painting
from ..style import StyleOptions

if TYPE_CHECKING:
    from ...agents.agent import Agent
    from ...envs.pictures import Picture

_DEFAULT_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_DEFAULT_OUTPUT = Path("painting.png")
_USUAL_UPSCALE = 8
_POLICY = "policy"


@dataclass(frozen=True)
class Arguments:
    """Paint a picture, stroke by stroke: its center square on a 64x64 canvas, or all of it, large, with --size."""

    picture: tyro.conf.Positional[Path] = _DEFAULT_PICTURE
    """The picture to paint: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC; or a folder of such, subfolders included. By
    default a bundled still life."""
    agent: str = "policy"
    """Who paints: policy (trained, paints at once), policy+refine (refines that), gradient, greedy or random."""
    strokes: int = 200
    """How many strokes the painting has; large ones want some thousand."""
    size: int | None = None
    """The painting's longer side in pixels, such as 512: the whole picture, through windows coarse to fine. By default
    the center square on 64x64."""
    out: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Where to save, by suffix: .png or .jpg the picture; .webp, .gif or .mp4 the painting growing; .svg its strokes
    as shapes; .ora as layers; .json or .npz as numbers. May be given several times; painting.png by default. For a
    folder: the folder for its paintings, with the same subfolders; run the same again to go on with what was
    interrupted, and to paint pictures that are new or have changed."""
    suffix: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Of a folder: which file to write for every picture, by suffix; may be given several times. .png by default."""
    follow: bool = False
    """Of a folder that holds a film's frames, with --size: every frame begins with those strokes of the one before that
    still fit, so that the film does not flicker. Frames are taken as people count: frame2 before frame10. Writes a
    .json for every frame too."""
    loss: str | None = None
    """What the agent minimizes, or a policy is measured by: mse, lite, or vgg19 (needs its weights). By default the
    agent's own choice."""
    policy: str | None = None
    """For policy and policy+refine: mnist, paintings (default), or a .safetensors file that train-policy wrote."""
    painter: str = "gan"
    """The neural painter, by name or as a path to a .safetensors file."""
    seed: int = 0
    """Seed: the same seed paints the same painting. The agent policy draws nothing by lot: it paints the same with
    every seed."""
    upscale: int | None = None
    """How many times larger pictures are saved, by default 8 times for 64x64, and as they are with --size. They are
    enlarged (Lanczos), not painted anew; paintgym replay does that."""
    frames: int = FRAMES
    """Of a film: at most so many pictures."""
    seconds: float | None = None
    """Of a film: how long it is, its last picture included. By default 0.06 a picture and 2.5 at the end."""
    style: tyro.conf.OmitArgPrefixes[StyleOptions] = field(default_factory=StyleOptions)
    """Limits that every stroke keeps."""


def run(arguments: Arguments) -> int:
    """Paint and save; returns the exit code, 1 where pictures of a folder were passed over."""
    name = _check(arguments)
    usual = _USUAL_UPSCALE if arguments.size is None else 1
    upscale = usual if arguments.upscale is None else arguments.upscale
    if arguments.picture.is_dir():
        from ..folder import paint_folder, plan_folder

        plan = plan_folder(arguments, upscale)
        return paint_folder(arguments, plan, _load_agent(arguments, name))
    if arguments.suffix or arguments.follow:
        option = "--suffix" if arguments.suffix else "--follow"
        raise InvalidInputError(f"{option} is for folders, and {arguments.picture} is none")
    _paint_picture(arguments, name, upscale)
    return 0


def _check(arguments: Arguments) -> str:
    """Find mistakes that show without a look at any picture; returns the agent's present name."""
    check_whole("strokes", arguments.strokes, 1, LARGEST_BUDGET if arguments.size is None else LARGEST_LARGE_BUDGET)
    check_whole("seed", arguments.seed, 0, 2**63 - 1)
    if arguments.size is not None:
        check_whole("size", arguments.size, CANVAS_SIZE, LARGEST_SIZE)
    check_painters("--painter", arguments.painter)
    if arguments.loss is not None:
        check_losses("--loss", arguments.loss)
    arguments.style.check()
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
        f"{result.agent} painted {arguments.picture.name}: {result.loss_name} {result.loss:.5f} with "
        f"{len(result.strokes)} strokes in {result.seconds:.1f} s -> {', '.join(map(str, outputs))}"
    )


def _load_agent(arguments: Arguments, name: str) -> "Agent":
    import torch

    from ...agents.registry import load_agent

    given = {"loss": arguments.loss, "policy": arguments.policy}
    options = {name: value for name, value in given.items() if value is not None}
    agent = load_agent(name, painter=arguments.painter, **options)
    if name == _POLICY:
        # A policy's arrays are small: a second thread gains nothing, and beside other programs it costs seconds.
        torch.set_num_threads(1)
    return agent


def _canvas_shape(picture: "Picture", size: int | None) -> tuple[int, int]:
    if size is None:
        return CANVAS_SIZE, CANVAS_SIZE
    height, width = picture.shape[:2]
    return round(size * height / max(height, width)), round(size * width / max(height, width))
