"""``paintgym fidelity``: how true the neural painters are to the real brush.

paintgym fidelity                                        # every shipped painter, 1,000 new strokes
paintgym fidelity --brushes learned --sheet brushes.png  # the painter of every brush
paintgym fidelity --painters gan runs/gan/painter.safetensors --seed 7 --sheet sheet.png --json report.json
"""

import dataclasses
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check_whole
from ...errors import InvalidInputError
from ...files import check_can_write, write_whole
from ...painters.names import PAINTER_FILES
from ...painters.stroke import random_strokes
from ..comparison.brushes import choose_brushes, compare_brushes
from ..names import check_painters
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from rich.console import Console

    from ...painters.evaluation.fidelity import Fidelity, StrokeFigures
    from ...painters.painter import Painter

FORMER_OPTIONS = {"--endurance": "--robustness"}

_SHEET_STROKES = 72
_FEWEST_STROKES = 6


@dataclass(frozen=True)
class Arguments:
    """Measure painters on freshly drawn strokes that no training saw.

    PSNR, L1 and IoU compare coverage pixel by pixel. Detail is high-frequency energy, and the gap is how far it is from
    the real strokes'. The Frechet distance compares statistics of all strokes together: 0 for the brush's own, 1 for
    one statistic off by its standard deviation. A second table breaks the figures down by size and length of the
    strokes, in thirds.
    """

    brushes: str | None = None
    """Measure the painters of brushes instead: names separated by commas, learned for all that a painter learned, or
    installed for all that can be painted with, of which those without a painter are trained for half a minute."""
    painters: tuple[str, ...] = ()
    """Shipped painters, or .safetensors files, apart or with commas; all shipped painters by default."""
    strokes: int = 1_000
    """How many strokes to draw, 6 or more."""
    seed: int | None = None
    """Seed of the strokes; a new one each time by default."""
    sheet: Path | None = None
    """Write a contact sheet here (.png): the real brush on the left, then each painter."""
    json: Path | None = None
    """Write the figures here."""
    reference: bool = False
    """Also compare our engine with the Neural Painters author's strokes (mypaint_reference in PAINTGYM_DATA)."""
    robustness: int = 0
    """Also paint this many random strokes and every degenerate one, and look for NaN and bad gradients."""


@dataclass(frozen=True)
class _Measured:
    """A painter's figures and statistics of every stroke, from which any group's are taken."""

    figures: "StrokeFigures"
    statistics: NDArray[np.float64]
    real_statistics: NDArray[np.float64]

    def of(self, rows: Any = slice(None)) -> "tuple[Fidelity, float]":
        """Fidelity and Frechet distance of the strokes that ``rows`` picks."""
        from ...painters.evaluation.frechet import frechet_distance

        distance = frechet_distance(self.real_statistics[rows], self.statistics[rows])
        return self.figures.pooled(rows), distance


def run(arguments: Arguments) -> None:
    """Draw, measure, print, and write what was asked for."""
    if arguments.brushes is not None:
        _measure_brushes(arguments, arguments.brushes)
        return
    names = [name for word in arguments.painters for name in word.split(",") if name] or PAINTER_FILES.shipped()
    _check(arguments, names)
    from rich.console import Console

    from ...painters.evaluation.fidelity import contact_sheet, paint_all, stroke_figures
    from ...painters.evaluation.frechet import stroke_statistics
    from ...painters.mypaint.drawing import draw_coverage
    from ...painters.registry import load_painter

    painters = {name: load_painter(name) for name in names}
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    with counting("drawing", arguments.strokes) as advance:
        strokes, coverage = draw_coverage(arguments.strokes, seed, progress=advance)
    console = Console()
    real = stroke_statistics(coverage)
    measured, shown = {}, []
    with counting("painting", len(painters)) as advance:
        for name, painter in painters.items():
            neural = paint_all(painter, strokes)
            measured[name] = _Measured(stroke_figures(neural, coverage), stroke_statistics(neural), real)
            shown.append(neural[:_SHEET_STROKES])
            advance(1)
    figures = _overall(measured, console, f"{len(strokes)} strokes, seed {seed}")
    report: dict[str, Any] = {"strokes": len(strokes), "seed": seed, "painters": figures}
    report["groups"] = _by_group(measured, strokes, console)
    if arguments.robustness:
        for name, robustness in _measure_robustness(painters, arguments.robustness, seed, console).items():
            figures[name]["robustness"] = robustness
    if arguments.reference:
        report["reference"] = _compare_with_reference(console)
    if arguments.sheet:
        with write_whole(arguments.sheet) as temporary:
            contact_sheet(strokes[:_SHEET_STROKES], coverage[:_SHEET_STROKES], *shown).save(temporary)
        console.print(f"wrote {arguments.sheet}: real brush, {', '.join(painters)}")
    if arguments.json:
        with write_whole(arguments.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n")
        console.print(f"wrote {arguments.json}")


def _measure_brushes(arguments: Arguments, brushes: str) -> None:
    if arguments.painters or arguments.reference:
        option = "--painters" if arguments.painters else "--reference"
        raise InvalidInputError(f"--brushes is for the painter gan of each brush; leave {option} out")
    _check(arguments, [])
    chosen = choose_brushes(brushes)
    compare_brushes(chosen, arguments.strokes, arguments.seed, arguments.robustness, arguments.sheet, arguments.json)


def _check(arguments: Arguments, names: list[str]) -> None:
    check_painters("--painters", *names)
    check_whole("strokes", arguments.strokes, _FEWEST_STROKES)
    check_whole("robustness", arguments.robustness, 0)
    if arguments.seed is not None:
        check_whole("seed", arguments.seed, 0)
    for name in ("sheet", "json"):
        if getattr(arguments, name):
            with about(f"--{name}"):
                check_can_write(getattr(arguments, name))


def _overall(measured: dict[str, _Measured], console: "Console", title: str) -> dict[str, dict[str, Any]]:
    """Print the table of all strokes, and give its figures."""
    from rich.table import Table

    columns = ("painter", "PSNR dB", "L1", "IoU", "detail", "gap", "Frechet")
    table = Table(*columns, title=title)
    figures: dict[str, dict[str, Any]] = {}
    for name, one in measured.items():
        fidelity, distance = one.of()
        figures[name] = _as_dict(fidelity, distance)
        table.add_row(name, *_row(fidelity, distance, detail=True))
        real_detail = fidelity.real_detail
    table.add_row("real brush", "", "", "", f"{real_detail:.6f}", "", "")
    console.print(table)
    return figures


def _by_group(measured: dict[str, _Measured], strokes: NDArray[np.float32], console: "Console") -> list[dict[str, Any]]:
    """Print the table of thirds, and give its figures."""
    from rich.table import Column, Table

    from ...painters.evaluation.stroke_groups import stroke_groups

    table = Table(
        Column("strokes", no_wrap=True),
        "painter",
        "PSNR dB",
        "L1",
        "IoU",
        "gap",
        "Frechet",
        title="by size and length, in pixels",
    )
    groups = []
    for group in stroke_groups(strokes):
        title, figures = f"{group.by} {_short(group.least)} to {_short(group.most)}", {}
        for name, one in measured.items():
            fidelity, distance = one.of(group.rows)
            figures[name] = _as_dict(fidelity, distance)
            table.add_row(title, name, *_row(fidelity, distance), end_section=name == list(measured)[-1])
            title = ""
        groups.append({"by": group.by, "least": group.least, "most": group.most, "painters": figures})
    console.print(table)
    return groups


def _short(pixels: float) -> str:
    return f"{pixels:.0f}" if pixels > 10 else f"{pixels:.1f}"


def _as_dict(fidelity: "Fidelity", distance: float) -> dict[str, float]:
    return fidelity.as_dict() | {"frechet": round(distance, 5)}


def _row(fidelity: "Fidelity", distance: float, detail: bool = False) -> Iterable[str]:
    yield from (f"{fidelity.psnr:.2f}", f"{fidelity.l1:.4f}", f"{fidelity.iou:.3f}")
    if detail:
        yield f"{fidelity.detail:.6f}"
    yield from (f"{fidelity.detail_gap:.1%}", f"{distance:.3f}")


def _measure_robustness(
    painters: "dict[str, Painter]", count: int, seed: int, console: "Console"
) -> dict[str, dict[str, int]]:
    from ...painters.evaluation.robustness import degenerate_strokes, measure_robustness

    hard = np.concatenate([random_strokes(count, np.random.default_rng(seed)).astype(np.float32), degenerate_strokes()])
    found = {}
    for name, painter in painters.items():
        with counting(f"robustness, {name}", len(hard)) as advance:
            robustness = measure_robustness(painter, hard, advance)
        found[name] = dataclasses.asdict(robustness)
        console.print(f"{name}: {robustness}")
    return found


def _compare_with_reference(console: "Console") -> dict[str, float]:
    from ...painters.mypaint.reference import reference_correlations

    correlations = reference_correlations()
    least = min(correlations, key=lambda canvas: correlations[canvas])
    mean = sum(correlations.values()) / len(correlations)
    console.print(f"engine against reference strokes: mean correlation {mean:.3f} over {len(correlations)}")
    console.print(f"  least {correlations[least]:.3f} ({least})")
    return correlations
