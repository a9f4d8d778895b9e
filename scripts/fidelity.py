"""``paintgym fidelity``: how true a neural painter is to the real brush."""

import dataclasses
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ..files import check_can_write, write_whole
from ..painters.drawing import draw_coverage
from ..painters.endurance import degenerate_strokes, endure
from ..painters.fidelity import contact_sheet, measure_fidelity
from ..painters.painter import load_painter
from ..painters.reference import reference_correlations
from ..painters.stroke import random_strokes
from .progress import counting

_SHEET_STROKES = 72


@dataclass(frozen=True)
class Arguments:
    """Measure painters on freshly drawn strokes that no training saw.

    PSNR, L1 and IoU compare coverage pixel by pixel; detail is high-frequency energy, which should equal the
    real strokes'. The contact sheet shows the real brush on the left of each pair and the painter on the right.
    """

    painters: tuple[str, ...] = ("gan",)
    """Shipped painters, or .safetensors files."""
    strokes: int = 1_000
    """How many strokes to draw."""
    seed: int | None = None
    """Seed of the strokes; a new one each time by default."""
    sheet: Path | None = None
    """Write a contact sheet of the first painter here (.png)."""
    json: Path | None = None
    """Write the figures here."""
    reference: bool = False
    """Also compare our engine with the Neural Painters author's strokes (mypaint_reference in PAINTGYM_DATA)."""
    endurance: int = 0
    """Also paint this many random strokes and every degenerate one, and look for NaN and bad gradients."""


def run(arguments: Arguments) -> None:
    """Draw, measure, print, and write what was asked for."""
    painters = {name: load_painter(name) for name in arguments.painters}
    for output in (arguments.sheet, arguments.json):
        if output:
            check_can_write(output)
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    with counting("drawing", arguments.strokes) as advance:
        strokes, coverage = draw_coverage(arguments.strokes, seed, progress=advance)
    console = Console()
    table = Table("painter", "PSNR dB", "L1", "IoU", "detail", "gap", title=f"{len(strokes)} strokes, seed {seed}")
    report: dict[str, Any] = {"strokes": len(strokes), "seed": seed, "painters": {}}
    for name, painter in painters.items():
        fidelity = measure_fidelity(painter, strokes, coverage)
        report["painters"][name] = fidelity.as_dict()
        figures = (fidelity.psnr, fidelity.l1, fidelity.iou, fidelity.detail, fidelity.detail_gap)
        formats = (".2f", ".4f", ".3f", ".6f", ".1%")
        table.add_row(name, *(format(figure, form) for figure, form in zip(figures, formats, strict=True)))
        real_detail = fidelity.real_detail
    table.add_row("real brush", "", "", "", f"{real_detail:.6f}", "")
    console.print(table)
    if arguments.endurance:
        hard = np.concatenate(
            [random_strokes(arguments.endurance, np.random.default_rng(seed)).astype(np.float32), degenerate_strokes()]
        )
        for name, painter in painters.items():
            with counting(f"enduring, {name}", len(hard)) as advance:
                endurance = endure(painter, hard, advance)
            report["painters"][name]["endurance"] = dataclasses.asdict(endurance)
            console.print(f"{name}: {endurance}")
    if arguments.reference:
        correlations = reference_correlations()
        report["reference"] = correlations
        least = min(correlations, key=lambda canvas: correlations[canvas])
        mean = sum(correlations.values()) / len(correlations)
        console.print(f"engine against reference strokes: mean correlation {mean:.3f} over {len(correlations)}")
        console.print(f"  least {correlations[least]:.3f} ({least})")
    if arguments.sheet:
        first = next(iter(painters.values()))
        with write_whole(arguments.sheet) as temporary:
            contact_sheet(first, strokes[:_SHEET_STROKES], coverage[:_SHEET_STROKES]).save(temporary)
        console.print(f"wrote {arguments.sheet}")
    if arguments.json:
        with write_whole(arguments.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n")
        console.print(f"wrote {arguments.json}")
