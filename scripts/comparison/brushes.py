"""The table of ``paintgym fidelity --brushes``: each brush's painter beside the engine."""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInputError
from ...files import write_whole
from ...painters.mypaint.brushes import brush_definition, brushes
from ..names import split_brushes
from ..options import about
from ..progress import counting

if TYPE_CHECKING:
    from ...painters.training.brushes import BrushFidelity

_SHEET_STROKES = 12
"""Pairs of a brush on the contact sheet: two rows."""


def choose_brushes(text: str) -> list[str]:
    """The brushes of ``--brushes``: names with commas, or all that a painter learned, or all that are installed.

    Raises:
        InvalidInputError: one that cannot be painted with.
        MissingLibraryError: libmypaint or its brushes are not installed.
    """
    if text == "installed":
        return [brush.name for brush in brushes() if brush.paintable]
    chosen = split_brushes("--brushes", text)
    for brush in chosen:
        with about("--brushes"):
            brush_definition(brush)
    return chosen


def compare_brushes(
    chosen: list[str], strokes: int, seed: int | None, robustness: int, sheet: Path | None, report: Path | None
) -> None:
    """Measure, print as they come, and write what was asked for."""
    from rich.console import Console

    from ...painters.training.brushes import measure_brush

    seed = secrets.randbelow(2**31) if seed is None else seed
    console, figures = Console(), {}
    measured: list[BrushFidelity] = []
    width = max(map(len, chosen))
    with counting("measuring brushes", len(chosen)) as advance:
        for brush in chosen:
            one = measure_brush(brush, strokes, seed, robustness)
            figures[brush] = one.figures
            console.print(f"{brush:<{width}}  {_sentence(one.figures)}", soft_wrap=True)
            measured += [one] if len(one.real) else []
            advance(1)
    if sheet:
        _write_sheet(measured, sheet)
        console.print(f"wrote {sheet}: {', '.join(name for name, one in figures.items() if 'psnr' in one)}")
    if report:
        document = {"strokes": strokes, "seed": seed, "brushes": figures}
        with write_whole(report) as temporary:
            temporary.write_text(json.dumps(document, indent=2) + "\n")
        console.print(f"wrote {report}")


def _sentence(figures: dict[str, Any]) -> str:
    if "obstacle" in figures:
        return str(figures["obstacle"])
    trained = "" if figures["schedule"] == "full" else ", trained quickly"
    hard = figures.get("robustness")
    found = "" if hard is None else f", of {hard['strokes']:,} hard strokes {sum(list(hard.values())[1:])} bad"
    return (
        f"{figures['psnr']:.1f} dB, {figures['relative_error']:.2%} of the ink's energy off, IoU {figures['iou']:.3f}, "
        f"detail gap {figures['detail_gap']:.1%}{trained}{found}"
    )


def _write_sheet(measured: "list[BrushFidelity]", path: Path) -> None:
    from PIL import Image

    from ...painters.evaluation.fidelity import contact_sheet

    part = slice(_SHEET_STROKES)
    sheets = [contact_sheet(one.strokes[part], one.real[part], one.neural[part], scale=1) for one in measured]
    if not sheets:
        raise InvalidInputError("--sheet: there is nothing to show, as none of the brushes has a painter")
    whole = Image.new("RGB", (sheets[0].width, sum(sheet.height for sheet in sheets)))
    for number, sheet in enumerate(sheets):
        whole.paste(sheet, (0, number * sheet.height))
    with write_whole(path) as temporary:
        whole.save(temporary, format="PNG", optimize=True)
