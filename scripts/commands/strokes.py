"""``paintgym strokes``: draw a data set of random strokes with the real brush.

paintgym strokes --out shards --count 10000
paintgym strokes --out charcoal --count 10000 --brush classic/charcoal
"""

from dataclasses import dataclass
from pathlib import Path

from ...painters.mypaint.brushes import brush_definition
from ...painters.mypaint.dataset import write_shards
from ...painters.names import DEFAULT_BRUSH
from ..options import about
from ..progress import counting


@dataclass(frozen=True)
class Arguments:
    """Draw random strokes with the real MyPaint brush, on every core.

    Writes episodes_0.npz, episodes_1.npz ... with the arrays actions (N, 12) and strokes (N, 64, 64, 3), as the
    public mypaint_brushstrokes set has them. Run the same command again to draw what an interrupted one left.
    """

    out: Path
    """Folder for the shards; made if it does not exist."""
    count: int = 100_000
    """Strokes in all; 100,000 take 200 MB."""
    seed: int = 0
    """Seed: the same seed draws the same strokes."""
    shard_size: int = 100_000
    """Strokes in a file."""
    brush: str = DEFAULT_BRUSH
    """An installed MyPaint brush of one color, such as classic/charcoal, or a .myb file; see paintgym brushes."""
    workers: int | None = None
    """Processes that draw; every core by default."""


def run(arguments: Arguments) -> None:
    """Draw the shards."""
    with about("--brush"):
        brush_definition(arguments.brush)
    with counting("drawing", arguments.count) as advance:
        paths = write_shards(
            arguments.out,
            arguments.count,
            arguments.seed,
            arguments.shard_size,
            arguments.workers,
            advance,
            arguments.brush,
        )
    print(f"{arguments.count} strokes of seed {arguments.seed} in {len(paths)} shards in {arguments.out}")
