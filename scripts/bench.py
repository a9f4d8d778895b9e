"""``paintgym bench``: how fast the neural painters are, as ratios to a named baseline in the same run."""

import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from ..files import write_whole
from ..painters.painter import Painter, build_painter, load_painter
from .progress import counting

_BASELINE = "Neural Painters generator"


@dataclass(frozen=True)
class Arguments:
    """Measure strokes a second, each painter in turn in every round, so that a busy machine slows all alike.

    The baseline is the Neural Painters generator shape (untrained: weights do not change its speed). Ratios are
    the median over the rounds, with quartiles.
    """

    painters: tuple[str, ...] = ("gan",)
    """Shipped painters, or .safetensors files."""
    batch: int = 64
    """Strokes a call."""
    rounds: int = 30
    """Rounds; one more, first, is not counted."""
    threads: int = 2
    """Threads that torch may use."""
    json: Path | None = None
    """Write the figures here."""


def run(arguments: Arguments) -> None:
    """Measure forward passes on uniform strokes, and print and write the figures."""
    torch.set_num_threads(arguments.threads)
    painters: dict[str, Painter] = {_BASELINE: build_painter("deconv").eval().requires_grad_(False)}
    painters |= {name: load_painter(name) for name in arguments.painters}
    seconds: dict[str, list[float]] = {name: [] for name in painters}
    generator = torch.Generator().manual_seed(0)
    with counting("measuring", arguments.rounds + 1) as advance:
        for _ in range(arguments.rounds + 1):
            strokes = torch.rand(arguments.batch, 12, generator=generator)
            for name, painter in painters.items():
                begun = time.perf_counter()
                painter(strokes)
                seconds[name].append(time.perf_counter() - begun)
            advance(1)
    title = f"forward, batch {arguments.batch}, {arguments.threads} threads, {arguments.rounds} rounds"
    table = Table("painter", "parameters", "strokes/s", "times the baseline (quartiles)", title=title)
    report = {}
    for name, painter in painters.items():
        ratios = [base / own for base, own in zip(seconds[_BASELINE][1:], seconds[name][1:], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        rate = arguments.batch / statistics.median(seconds[name][1:])
        parameters = sum(weight.numel() for weight in painter.parameters())
        report[name] = {"parameters": parameters, "strokes_per_second": rate, "ratio": [low, middle, high]}
        table.add_row(name, f"{parameters:,}", f"{rate:,.0f}", f"{middle:.2f} ({low:.2f} to {high:.2f})")
    Console().print(table)
    if arguments.json:
        with write_whole(arguments.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n")
