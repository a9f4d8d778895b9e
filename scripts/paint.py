"""``paintgym paint``: paint one picture and save the painting."""

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from ..agents.agent import load_agent
from ..agents.policy_agent import PolicyAgent
from ..agents.result import check_output
from ..envs.pictures import load_picture
from .progress import painting

_DEFAULT_PICTURE = Path(__file__).parent / "pictures" / "still_life.jpg"
_DEFAULT_OUTPUT = Path("painting.png")


@dataclass(frozen=True)
class Arguments:
    """Paint a picture on a 64x64 canvas, stroke by stroke."""

    picture: tyro.conf.Positional[Path] = _DEFAULT_PICTURE
    """The picture to paint: PNG, JPEG or WebP; its centre square is used. By default a bundled still life."""
    agent: str = "policy"
    """Who paints: policy (trained, paints at once), policy+gradient (refines that), gradient, greedy or random."""
    strokes: int = 200
    """How many strokes the agent may use."""
    out: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Where to save, by suffix: .png the picture, .webp or .gif the painting growing, .json the strokes. May be
    given several times; painting.png by default."""
    loss: str | None = None
    """What the agent minimises, or a policy is measured by: mse, lite, or vgg19 (needs its weights). By default the
    agent's own choice."""
    policy: str | None = None
    """For policy and policy+gradient: mnist, paintings (default), or a .safetensors file that train-policy wrote."""
    painter: str = "gan"
    """The neural painter, by name or as a path to a .safetensors file."""
    seed: int = 0
    """Seed: the same seed paints the same painting."""
    upscale: int = 8
    """How many times larger than 64x64 pictures are saved. They are enlarged (Lanczos), not painted anew."""


def run(arguments: Arguments) -> None:
    """Paint and save."""
    outputs = arguments.out or (_DEFAULT_OUTPUT,)
    for output in outputs:
        check_output(output, arguments.upscale)
    picture = load_picture(arguments.picture)  # Before the agent, which may first have to fetch weights.
    given = {"loss": arguments.loss, "policy": arguments.policy}
    options = {name: value for name, value in given.items() if value is not None}
    agent = load_agent(arguments.agent, painter=arguments.painter, **options)
    if arguments.agent == PolicyAgent.name:
        # A policy's arrays are small: a second thread gains nothing, and beside other programs it costs seconds.
        torch.set_num_threads(1)
    with painting(arguments.agent, arguments.strokes) as update:
        result = agent.paint(picture, arguments.strokes, seed=arguments.seed, progress=update)
    for output in outputs:
        result.save(output, enlarge=arguments.upscale)
    print(
        f"{result.agent} painted {arguments.picture.name}: {result.loss_name} {result.loss:.5f} with "
        f"{len(result.strokes)} strokes in {result.seconds:.1f} s -> {', '.join(map(str, outputs))}"
    )
