"""``paintgym paint``: paint one picture, or those of a folder, and save the paintings."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
import tyro

from ...agents.agent import Agent
from ...agents.outputs.saving import check_output, check_pixels
from ...agents.outputs.timelapse import FRAMES
from ...agents.policy_agent import PolicyAgent
from ...agents.registry import load_agent
from ...envs.pictures import Picture, load_picture
from ...errors import InvalidInputError
from ...files import check_is_no_input
from ...painters.stroke import CANVAS_SIZE
from ..folder import paint_folder, plan_folder
from ..progress import painting
from ..style import StyleOptions

_DEFAULT_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_DEFAULT_OUTPUT = Path("painting.png")
_USUAL_UPSCALE = 8


@dataclass(frozen=True)
class Arguments:
    """Paint a picture, stroke by stroke: its center square on a 64x64 canvas, or all of it, large, with --size."""

    picture: tyro.conf.Positional[Path] = _DEFAULT_PICTURE
    """The picture to paint, or a folder of pictures, subfolders included. By default a bundled still life."""
    agent: str = "policy"
    """Who paints: policy (trained, paints at once), policy+gradient (refines that), gradient, greedy or random."""
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
    """For policy and policy+gradient: mnist, paintings (default), or a .safetensors file that train-policy wrote."""
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
    usual = _USUAL_UPSCALE if arguments.size is None else 1
    upscale = usual if arguments.upscale is None else arguments.upscale
    if arguments.picture.is_dir():
        plan = plan_folder(arguments, upscale)
        return paint_folder(arguments, plan, _load_agent(arguments))
    if arguments.suffix or arguments.follow:
        raise InvalidInputError(f"--suffix and --follow are for folders, and {arguments.picture} is none")
    _paint_picture(arguments, upscale)
    return 0


def _paint_picture(arguments: Arguments, upscale: int) -> None:
    outputs = arguments.out or (_DEFAULT_OUTPUT,)
    suffixes = [check_output(output, upscale, arguments.frames, arguments.seconds) for output in outputs]
    inputs = [arguments.picture, *filter(None, [arguments.style.palette_from])]
    check_is_no_input(outputs, inputs)
    picture = load_picture(arguments.picture)  # Before the agent, which may first have to fetch weights.
    style = arguments.style.style(picture)
    height, width = _canvas_shape(picture, arguments.size)
    for suffix in suffixes:
        frames = min(arguments.frames, arguments.strokes + 1)
        check_pixels(suffix, upscale * width, upscale * height, frames)
    agent = _load_agent(arguments)
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


def _load_agent(arguments: Arguments) -> Agent:
    given = {"loss": arguments.loss, "policy": arguments.policy}
    options = {name: value for name, value in given.items() if value is not None}
    agent = load_agent(arguments.agent, painter=arguments.painter, **options)
    if arguments.agent == PolicyAgent.name:
        # A policy's arrays are small: a second thread gains nothing, and beside other programs it costs seconds.
        torch.set_num_threads(1)
    return agent


def _canvas_shape(picture: Picture, size: int | None) -> tuple[int, int]:
    if size is None:
        return CANVAS_SIZE, CANVAS_SIZE
    height, width = picture.shape[:2]
    return round(size * height / max(height, width)), round(size * width / max(height, width))
