"""``paintgym train-lite``: teach the lite loss VGG19's judgment, and measure how well it learned.

PAINTGYM_DATA=data paintgym train-lite --out runs/lite       # needs VGG19's weights, paintings/ and MNIST/raw
PAINTGYM_DATA=data paintgym train-lite --steps 0             # measures the lite loss that is shipped
"""

import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ....agents.lite.config import DistillationConfig
from ....checks import check_whole
from ....files import make_folder
from ....painters.stroke import CANVAS_SIZE
from ...progress import counting, measuring

if TYPE_CHECKING:
    from ....agents.lite.agreement import Agreement
    from ....envs.losses.loss import Loss
    from ....envs.targets.targets import Targets

_SPEED_ROUNDS, _SPEED_BATCH = 7, 64
_PAINTERS_OF_CANVASES: dict[str, dict[str, Any]] = {
    "random": {},
    "greedy": {},
    "gradient": {"loss": "mse", "iterations": 100},
}


@dataclass(frozen=True)
class Arguments(DistillationConfig):
    """Teach the small network of the lite loss to judge canvases as VGG19 does, and measure it on unseen pictures."""

    steps: int = 3_000
    """Steps of Adam; 0 leaves the teaching out and measures the lite loss that is shipped."""
    test_pictures: int = 12
    """Test paintings, and as many photographs as there are, to measure with."""


def run(arguments: Arguments) -> None:
    """Make the data, teach, measure, save."""
    check_whole("test_pictures", arguments.test_pictures, 1)
    if arguments.steps:
        arguments.check()
    from rich.console import Console

    from ....agents.lite.agreement import measure_agreement
    from ....agents.lite.distillation import distill, make_data, save_lite
    from ....agents.registry import load_agent
    from ....envs.losses.lite import load_lite
    from ....envs.losses.perceptual import PerceptualLoss

    console = Console()
    teacher = PerceptualLoss("vgg19")
    if arguments.steps:
        make_folder(arguments.out)
        with measuring("painting canvases", arguments.pictures) as update:
            data = make_data(arguments, update)
        with measuring("teaching", arguments.steps) as update:
            network = distill(arguments, data, update)
    else:
        network = load_lite()
    lite = PerceptualLoss("lite", network)
    figures: dict[str, float] = {}
    for name, targets in _unseen(arguments.test_pictures).items():
        agents = [load_agent(agent, **options) for agent, options in _PAINTERS_OF_CANVASES.items()]
        with counting(f"comparing on {name}", len(targets) * len(agents)) as advance:
            agreement = measure_agreement(lite, teacher, targets, agents, progress=advance)
        figures |= {f"{name}_{key}": round(value, 4) for key, value in asdict(agreement).items()}
        console.print(_sentence(name, agreement))
    figures["times_faster"] = round(_speedup(lite, teacher), 2)
    console.print(f"lite is {figures['times_faster']:.1f} times faster than VGG19 at batch {_SPEED_BATCH}")
    if arguments.steps:
        path = arguments.out / "lite.safetensors"
        save_lite(network, path, arguments, figures)
        console.print(f"wrote {path}")


def _unseen(count: int) -> "dict[str, Targets]":
    from ....envs.targets.targets import load_targets

    paintings = load_targets("paintings", CANVAS_SIZE, split="test")
    step = max(1, len(paintings) // count)
    chosen = [paintings.picture(index) for index in range(0, len(paintings), step)][:count]
    digits = load_targets("mnist", CANVAS_SIZE, split="test")
    return {
        "paintings": load_targets(chosen, CANVAS_SIZE),
        "photographs": load_targets("photographs", CANVAS_SIZE),
        "digits": load_targets([digits.picture(index) for index in range(count)], CANVAS_SIZE),
    }


def _sentence(name: str, agreement: "Agreement") -> str:
    return (
        f"{name}: Spearman {agreement.within:.3f} within a painting (lower quartile {agreement.within_quartile:.3f}), "
        f"{agreement.across:.3f} across, {agreement.canvases} canvases by random, greedy and gradient"
    )


def _speedup(fast: "Loss", slow: "Loss") -> float:
    """Median over rounds of one call's time against the other's, in turn, so that a busy machine slows both."""
    import torch

    canvas = torch.rand(_SPEED_BATCH, 3, CANVAS_SIZE, CANVAS_SIZE)
    ratios = []
    for _ in range(_SPEED_ROUNDS):
        seconds = []
        for loss in (fast, slow):
            features = loss.features(canvas.flip(0))
            begun = time.perf_counter()
            with torch.no_grad():
                loss(canvas, features)
            seconds.append(time.perf_counter() - begun)
        ratios.append(seconds[1] / seconds[0])
    return statistics.median(ratios[1:])
