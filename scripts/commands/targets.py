"""``paintgym targets``: which pictures to paint are there, how many, and what they look like."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import tyro

from ...checks import check_whole
from ...envs.targets.bam.filter import parse_filter
from ...envs.targets.names import TARGET_NAMES, Split, check_target
from ...errors import InvalidInputError, MissingDataError, PaintgymError
from ...files import check_can_write, write_whole
from ..options import about

if TYPE_CHECKING:
    from PIL import Image
    from rich.table import Table

    from ...envs.targets.targets import Targets

_SPLITS: tuple[Split, ...] = get_args(Split)
_BAM = "bam"
_DIVIDED = ("shapes", "mnist", "paintings", _BAM)
_MAXIMUM_COUNT, _MAXIMUM_SIZE = 1_000, 512
_COLUMNS = 8
_GAP = 4


@dataclass(frozen=True)
class Arguments:
    """List the pictures to paint that are there, and how to get the others; show some on a contact sheet."""

    source: tyro.conf.Positional[str | None] = None
    """shapes, mnist, paintings, photographs, bam, a folder or a picture file; everything that has a name by default."""
    split: Split = "train"
    """The part that the contact sheet shows."""
    sheet: Path | None = None
    """Write a contact sheet of the source here (.png)."""
    count: int = 48
    """How many pictures the contact sheet shows, spread evenly over the part."""
    size: int = 96
    """Side of each picture on the contact sheet, in pixels."""
    bam_filter: str | None = None
    """Which of BAM's pictures to take, such as "media_oilpaint>=0.9 and content_people=positive"."""


def run(arguments: Arguments) -> None:
    """Print what is there, and write the sheet."""
    source = arguments.source
    if source is None:
        if arguments.sheet or arguments.bam_filter:
            option = "--sheet" if arguments.sheet else "--bam-filter"
            raise InvalidInputError(
                f"{option} is given, but no source; expected one of {', '.join(TARGET_NAMES)}, a folder or a file"
            )
        for name in TARGET_NAMES:
            print(f"{name:<{max(map(len, TARGET_NAMES))}}  {_describe(name)}")
        return
    _check(arguments, source)
    parts = _load(source, arguments.size, arguments.bam_filter)
    print(f"{source}: {_count(source, parts)}")
    if source == _BAM:
        from rich.console import Console

        Console().print(_tabulate_bam(arguments.bam_filter, list(parts)))
    if arguments.sheet:
        if arguments.split not in parts:
            raise InvalidInputError(f"{source} has no pictures in the part {arguments.split!r}; show the other")
        sheet = _contact_sheet(parts[arguments.split], arguments.count)
        with write_whole(arguments.sheet) as temporary:
            sheet.save(temporary)
        print(f"wrote {arguments.sheet}")


def _check(arguments: Arguments, source: str) -> None:
    check_whole("count", arguments.count, 1, _MAXIMUM_COUNT)
    check_whole("size", arguments.size, 1, _MAXIMUM_SIZE)
    check_target(source)
    if arguments.bam_filter is not None:
        if source != _BAM:
            raise InvalidInputError(f"--bam-filter chooses among the pictures of {_BAM}, not of {source}; leave it out")
        with about("--bam-filter"):
            parse_filter(arguments.bam_filter)
    if arguments.sheet:
        if arguments.sheet.suffix.lower() != ".png":
            raise InvalidInputError(f"--sheet is {arguments.sheet}, expected a name that ends in .png")
        with about("--sheet"):
            check_can_write(arguments.sheet)


def _describe(name: str) -> str:
    try:
        return _count(name, _load(name, 64, None))
    except MissingDataError as error:
        return f"missing: {error}"
    except PaintgymError as error:
        return f"unusable: {error}"


def _load(source: str, size: int, bam_filter: str | None) -> "dict[Split, Targets]":
    """The parts that have pictures."""
    from ...envs.targets.targets import load_targets

    parts: dict[Split, Targets] = {}
    problem = None
    for split in _SPLITS:
        try:
            parts[split] = load_targets(source, size, split=split, bam_filter=bam_filter)
        except PaintgymError as error:
            problem = problem or error
    if problem and not parts:
        raise problem
    return parts


def _count(source: str, parts: "dict[Split, Targets]") -> str:
    counts = {split: len(parts[split]) if split in parts else 0 for split in _SPLITS}
    if source in _DIVIDED:
        return ", ".join(f"{count:,} {split}" for split, count in counts.items())
    return f"{counts['train']:,}"


def _tabulate_bam(bam_filter: str | None, splits: list[Split]) -> "Table":
    from rich.table import Table

    from ...envs.targets.bam.database import Bam

    table = Table("attribute", *splits, title="labeled positive")
    bam = Bam()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # _load has said it
        counts = [bam.count_positive(bam.select(bam_filter, split)) for split in splits]
    for attribute in counts[0]:
        table.add_row(attribute, *(f"{count[attribute]:,}" for count in counts))
    return table


def _contact_sheet(targets: "Targets", count: int) -> "Image.Image":
    """Pictures in rows, with white between them."""
    from PIL import Image

    shown = np.linspace(0, len(targets) - 1, min(count, len(targets))).round().astype(int)
    columns = min(_COLUMNS, len(shown))
    step = targets.size + _GAP
    sheet = Image.new("RGB", (columns * step + _GAP, -(-len(shown) // columns) * step + _GAP), "white")
    for place, index in enumerate(shown.tolist()):
        row, column = divmod(place, columns)
        sheet.paste(Image.fromarray(targets.picture(index)), (column * step + _GAP, row * step + _GAP))
    return sheet
