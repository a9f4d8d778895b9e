"""``paintgym bench``: how fast painters and the batched environment are, as ratios within the same run.

paintgym bench                                       # every painter, loss and device that is there
paintgym bench --losses lite --batches 16 64 256 --threads 1 2 4 --json bench.json
"""

import itertools
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...checks import check_whole
from ...envs.limits import MAXIMUM_SIZE, MINIMUM_SIZE
from ...envs.losses.names import PIXEL_LOSS, perceptual_names
from ...errors import InvalidInputError, MissingDataError
from ...files import check_can_write, write_whole
from ...painters.names import PAINTER_FILES
from ..names import check_device, check_losses, check_painters
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from ...agents.training.throughput import TrainingSpeed
    from ...envs.benchmarks.precision import Precision
    from ...envs.benchmarks.throughput import Throughput
    from ...painters.painter import Painter

_LOSSES = (PIXEL_LOSS, *perceptual_names())
_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_BASELINE = "Neural Painters generator"


@dataclass(frozen=True)
class Arguments:
    """Measure strokes and environment steps a second, and what bfloat16 costs in precision.

    There is a row for every combination of painter, loss, batch, device and threads. Rivals take turns in every round,
    so that a busy machine slows all alike; ratios are the median over the rounds, with quartiles. The painters'
    baseline is the Neural Painters generator shape (untrained: weights do not change its speed). The environment's
    baseline is its own painter and loss network, called alone on the same batch. Steps a second are told of the
    environment alone, with a plain policy's inference, and with its training by PPO.
    """

    painters: tuple[str, ...] = tuple(PAINTER_FILES.shipped())
    """Shipped painters, or .safetensors files."""
    losses: tuple[str, ...] = _LOSSES
    """Losses of the environments; those whose weights are not there are named and left out."""
    batches: tuple[int, ...] = (64,)
    """Environments in a batch; painters are measured with the first."""
    devices: tuple[str, ...] = ()
    """Where environments run; cpu by default, and cuda where there is a GPU."""
    threads: tuple[int, ...] = (2,)
    """Threads that torch may use; painters are measured with the first."""
    size: int = 64
    """Side of the canvases in pixels."""
    strokes_per_step: int = 1
    """Strokes of an action."""
    stroke_budget: int = 100
    """Strokes of an episode: its reset counts as a part of its steps."""
    outputs: tuple[Literal["numpy", "torch"], ...] = ("numpy",)
    """Whether environments give arrays, or tensors that stay on the device."""
    compile: bool = False
    """Measure tensors' steps by torch.compile too, on a GPU as CUDA graphs."""
    training: tuple[int, ...] = ()
    """Measure train-policy too, with so many strokes in a batch: 48 are its default, some thousand fill a GPU. A CPU is
    measured with the first number alone: there, more strokes take as much longer."""
    rounds: int = 10
    """Rounds for each environment, three times as many for painters; one more, first, is not counted."""
    json: Path | None = None
    """Write the figures here."""


def run(arguments: Arguments) -> None:
    """Print the tables and write the figures."""
    _check(arguments)
    import torch
    from rich.console import Console

    from ...painters.device import find_device

    devices = arguments.devices or (("cpu", "cuda") if torch.cuda.is_available() else ("cpu",))
    for device in devices:
        find_device(device)
    torch.set_num_threads(arguments.threads[0])
    with torch.no_grad():
        painters = _measure_painters(arguments)
    precisions, missing = _measure_precisions(arguments)
    losses = [loss for loss in arguments.losses if loss not in missing]
    environments = _measure_environments(arguments, losses, devices)
    trainings = _measure_training(arguments, devices)
    for loss, reason in missing.items():
        Console().print(f"{loss} was not measured: {reason}")
    if arguments.json:
        report = {
            "painters": painters,
            "precisions": [asdict(one) for one in precisions],
            "environments": [asdict(one) for one in environments],
            "training": [asdict(one) for one in trainings],
            "missing": missing,
        }
        with write_whole(arguments.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n")


def _check(arguments: Arguments) -> None:
    """Find mistakes before the first minutes of measuring."""
    if arguments.compile and "torch" not in arguments.outputs:
        raise InvalidInputError("--compile is for tensors; add --outputs torch")
    for name in ("painters", "losses", "batches", "threads", "outputs"):
        if not getattr(arguments, name):
            raise InvalidInputError(f"--{name} is empty; expected at least one")
    check_painters("--painters", *arguments.painters)
    check_losses("--losses", *arguments.losses)
    for device in arguments.devices:
        check_device("--devices", device)
    for number in arguments.training:
        check_whole("training", number, 16)
    for name in ("batches", "threads"):
        for number in getattr(arguments, name):
            check_whole(name, number, 1)
    check_whole("rounds", arguments.rounds, 2)
    check_whole("size", arguments.size, MINIMUM_SIZE, MAXIMUM_SIZE)
    check_whole("strokes_per_step", arguments.strokes_per_step, 1)
    check_whole("stroke_budget", arguments.stroke_budget, 1)
    if arguments.stroke_budget % arguments.strokes_per_step:
        raise InvalidInputError(
            f"stroke_budget is {arguments.stroke_budget}, expected a multiple of strokes_per_step = "
            f"{arguments.strokes_per_step}",
            "stroke_budget",
            "strokes_per_step",
        )
    if arguments.json:
        with about("--json"):
            check_can_write(arguments.json)


def _measure_painters(arguments: Arguments) -> dict[str, Any]:
    import torch
    from rich.console import Console
    from rich.table import Table

    from ...painters.registry import build_painter, load_painter

    painters: dict[str, Painter] = {_BASELINE: build_painter("deconv").eval().requires_grad_(False)}
    painters |= {name: load_painter(name) for name in arguments.painters}
    seconds: dict[str, list[float]] = {name: [] for name in painters}
    batch, rounds = arguments.batches[0], 3 * arguments.rounds
    generator = torch.Generator().manual_seed(0)
    with counting("painters", rounds + 1) as advance:
        for _ in range(rounds + 1):
            strokes = torch.rand(batch, 12, generator=generator)
            for name, painter in painters.items():
                begun = time.perf_counter()
                painter(strokes)
                seconds[name].append(time.perf_counter() - begun)
            advance(1)
    title = f"painters forward, batch {batch}, {arguments.threads[0]} threads, {rounds} rounds"
    table = Table("painter", "parameters", "strokes/s", "times the baseline (quartiles)", title=title)
    report = {}
    for name, painter in painters.items():
        ratios = [base / own for base, own in zip(seconds[_BASELINE][1:], seconds[name][1:], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        rate = batch / statistics.median(seconds[name][1:])
        parameters = sum(weight.numel() for weight in painter.parameters())
        report[name] = {"parameters": parameters, "strokes_per_second": rate, "ratio": [low, middle, high]}
        table.add_row(name, f"{parameters:,}", f"{rate:,.0f}", f"{middle:.2f} ({low:.2f} to {high:.2f})")
    Console().print(table)
    return report


def _measure_precisions(arguments: Arguments) -> "tuple[list[Precision], dict[str, str]]":
    """The figures of each loss that has a network, and why there are none for some losses."""
    from rich.console import Console
    from rich.table import Table

    from ...envs.benchmarks.precision import measure_precision
    from ...envs.losses.perceptual import NETWORKS, PerceptualLoss
    from ...envs.losses.registry import make_loss
    from ...envs.pictures import fit_picture, load_picture
    from ...painters.pixels import to_tensor
    from ...painters.registry import load_painter

    painter, figures, missing = load_painter(arguments.painters[0]), [], {}
    target = to_tensor(fit_picture(load_picture(_PICTURE), arguments.size))
    for name in arguments.losses:
        try:
            loss = make_loss(name)
        except MissingDataError as error:
            missing[name] = str(error)
            continue
        if isinstance(loss, PerceptualLoss):
            plain = NETWORKS[name.partition("-")[0]]()
            figures.append(
                measure_precision(loss, plain, target, painter, batch=arguments.batches[0], rounds=arguments.rounds)
            )
    title = f"losses beside their networks run plainly in float32, CPU, batch {arguments.batches[0]}"
    columns = ("loss", "median relative error", "largest", "lowest cosine of gradients", "times as fast")
    table = Table(*columns, title=title)
    for one in figures:
        errors = (f"{error:.1e}" for error in (one.median_error, one.largest_error))
        table.add_row(one.loss, *errors, f"{one.gradient_cosine:.4f}", f"{one.times_as_fast:.2f}")
    if figures:
        Console().print(table)
    return figures, missing


def _measure_environments(arguments: Arguments, losses: list[str], devices: tuple[str, ...]) -> "list[Throughput]":
    import torch
    from rich.console import Console
    from rich.table import Table

    from ...envs.benchmarks.throughput import measure_throughput

    forms: list[tuple[str, bool]] = [(output, False) for output in arguments.outputs]
    forms += [("torch", True)] * arguments.compile
    combinations = list(
        itertools.product(arguments.painters, losses, arguments.batches, devices, arguments.threads, forms)
    )
    figures = []
    with counting("environments", len(combinations) * (arguments.rounds + 1)) as advance:
        for painter, loss, batch, device, threads, (output, compiled) in combinations:
            torch.set_num_threads(threads)
            figures.append(
                measure_throughput(
                    painter,
                    loss,
                    batch=batch,
                    device=device,
                    size=arguments.size,
                    strokes_per_step=arguments.strokes_per_step,
                    stroke_budget=arguments.stroke_budget,
                    rounds=arguments.rounds,
                    output=output,
                    compiled=compiled,
                    advance=advance,
                )
            )
    title = (
        f"environment, {arguments.size}x{arguments.size}, {arguments.strokes_per_step} strokes a step, "
        f"{arguments.rounds} rounds"
    )
    columns = ("painter", "loss", "batch", "where", "output", "steps/s", "with a policy", "with PPO", "share of bare")
    table = Table(*columns, title=title, caption="share of bare: median over the rounds (quartiles)")
    for one in figures:
        low, middle, high = (f"{part:.0%}" for part in one.share)
        rates = (one.env_steps_per_second, one.policy_steps_per_second, one.ppo_steps_per_second)
        where = one.device if one.device != "cpu" else f"{one.threads} thread{'s' * (one.threads > 1)}"
        output = f"{one.output}, compiled" if one.compiled else one.output
        speeds = (f"{rate:,.0f}" for rate in rates)
        table.add_row(one.painter, one.loss, str(one.batch), where, output, *speeds, f"{middle} ({low} to {high})")
    Console().print(table)
    return figures


def _measure_training(arguments: Arguments, devices: tuple[str, ...]) -> "list[TrainingSpeed]":
    if not arguments.training:
        return []
    import torch
    from rich.console import Console
    from rich.table import Table

    from ...agents.training.throughput import measure_training
    from ...painters.registry import load_painter

    figures = []
    torch.set_num_threads(arguments.threads[0])
    combinations = [
        (device, batch) for device in devices for batch in arguments.training[: None if device != "cpu" else 1]
    ]
    with counting("training", len(combinations) * (arguments.rounds + 1)) as advance:
        for device, batch in combinations:
            painter = load_painter(arguments.painters[0], device)
            figures.append(measure_training(painter, device, batch, arguments.rounds, advance))
    table = Table("where", "strokes in a batch", "strokes/s", "seconds a step", title="train-policy, analytic")
    for one in figures:
        where = one.card or f"{one.threads} thread{'s' * (one.threads > 1)}"
        table.add_row(where, str(one.batch_strokes), f"{one.strokes_per_second:,.0f}", f"{one.seconds_per_step:.3f}")
    Console().print(table)
    return figures
