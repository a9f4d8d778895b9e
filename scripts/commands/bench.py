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
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from ...envs.benchmarks.precision import Precision, measure_precision
from ...envs.benchmarks.throughput import Throughput, measure_throughput
from ...envs.losses.loss import PixelLoss
from ...envs.losses.perceptual import NETWORKS, PerceptualLoss, perceptual_names
from ...envs.losses.registry import make_loss
from ...envs.painting import PaintingEnv
from ...envs.pictures import fit_picture, load_picture
from ...errors import InvalidInputError, MissingDataError
from ...files import write_whole
from ...painters.painter import Painter
from ...painters.pixels import to_tensor
from ...painters.registry import build_painter, load_painter, shipped_painters
from ..progress import counting

_LOSSES = (PixelLoss.name, *perceptual_names())
_DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"
_BASELINE = "Neural Painters generator"


@dataclass(frozen=True)
class Arguments:
    """Measure strokes and environment steps a second, and what bfloat16 costs in precision.

    There is a row for every combination of painter, loss, batch, device and threads. Rivals take turns in every round,
    so that a busy machine slows all alike; ratios are the median over the rounds, with quartiles. The painters'
    baseline is the Neural Painters generator shape (untrained: weights do not change its speed). The environment's
    baseline is its own painter and loss network, called alone on the same batch.
    """

    painters: tuple[str, ...] = tuple(shipped_painters())
    """Shipped painters, or .safetensors files."""
    losses: tuple[str, ...] = _LOSSES
    """Losses of the environments; those whose weights are not there are named and left out."""
    batches: tuple[int, ...] = (64,)
    """Environments in a batch; painters are measured with the first."""
    devices: tuple[str, ...] = _DEVICES
    """Where environments run."""
    threads: tuple[int, ...] = (2,)
    """Threads that torch may use; painters are measured with the first."""
    size: int = 64
    """Side of the canvases in pixels."""
    strokes_per_step: int = 1
    """Strokes of an action."""
    stroke_budget: int = 100
    """Strokes of an episode: its reset counts as a part of its steps."""
    rounds: int = 10
    """Rounds for each environment, three times as many for painters; one more, first, is not counted."""
    json: Path | None = None
    """Write the figures here."""


def run(arguments: Arguments) -> None:
    """Print the tables and write the figures."""
    _check(arguments)
    torch.set_num_threads(arguments.threads[0])
    painters = _measure_painters(arguments)
    precisions, missing = _measure_precisions(arguments)
    environments = _measure_environments(arguments, [loss for loss in arguments.losses if loss not in missing])
    for loss, reason in missing.items():
        Console().print(f"{loss} was not measured: {reason}")
    if arguments.json:
        report = {
            "painters": painters,
            "precisions": [asdict(one) for one in precisions],
            "environments": [asdict(one) for one in environments],
            "missing": missing,
        }
        with write_whole(arguments.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n")


def _check(arguments: Arguments) -> None:
    """Find mistakes before the first minutes of measuring."""
    for name in ("painters", "losses", "batches", "devices", "threads"):
        if not getattr(arguments, name):
            raise InvalidInputError(f"--{name} is empty; expected at least one")
    for name, values, least in (
        ("rounds", [arguments.rounds], 2),
        ("threads", arguments.threads, 1),
        ("batches", arguments.batches, 1),
    ):
        if min(values) < least:
            raise InvalidInputError(f"--{name} has {min(values)}, expected at least {least}")
    for loss in arguments.losses:
        if loss not in _LOSSES:
            raise InvalidInputError(f"there is no loss {loss!r}; expected one of {', '.join(_LOSSES)}")
    for painter, device in itertools.product(arguments.painters, arguments.devices):
        PaintingEnv(
            str(_PICTURE),
            painter,
            PixelLoss.name,
            stroke_budget=arguments.stroke_budget,
            strokes_per_step=arguments.strokes_per_step,
            size=arguments.size,
            device=device,
        )


@torch.no_grad()
def _measure_painters(arguments: Arguments) -> dict[str, Any]:
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


def _measure_precisions(arguments: Arguments) -> tuple[list[Precision], dict[str, str]]:
    """The figures of each loss that has a network, and why there are none for some losses."""
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


def _measure_environments(arguments: Arguments, losses: list[str]) -> list[Throughput]:
    combinations = list(
        itertools.product(arguments.painters, losses, arguments.batches, arguments.devices, arguments.threads)
    )
    figures = []
    with counting("environments", len(combinations) * (arguments.rounds + 1)) as advance:
        for painter, loss, batch, device, threads in combinations:
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
                    advance=advance,
                )
            )
    title = (
        f"environment, {arguments.size}x{arguments.size}, {arguments.strokes_per_step} strokes a step, "
        f"{arguments.rounds} rounds"
    )
    columns = ("painter", "loss", "batch", "device", "threads", "env steps/s", "bare networks/s", "share of bare")
    table = Table(*columns, title=title, caption="share of bare: median over the rounds (quartiles)")
    for one in figures:
        low, middle, high = (f"{part:.0%}" for part in one.share)
        speeds = (f"{speed:,.0f}" for speed in (one.env_steps_per_second, one.bare_steps_per_second))
        where = (str(one.batch), one.device, str(one.threads))
        table.add_row(one.painter, one.loss, *where, *speeds, f"{middle} ({low} to {high})")
    Console().print(table)
    return figures
