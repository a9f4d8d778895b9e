"""What ``paintgym compare`` can be asked for."""

from dataclasses import dataclass
from pathlib import Path

from ...envs.targets.names import Split


@dataclass(frozen=True)
class Arguments:
    """Let agents and painters paint the same pictures with the same numbers of strokes and the same seed.

    Every agent paints with every painter. Paintings are judged by vgg19, mse and ssim, whatever loss is minimized, and
    so is what the real MyPaint brush makes of the same strokes. Means come with 95 % intervals over the pictures.
    """

    study: bool = False
    """The study of painters in docs/study.md: what is not given below is taken from it, and nothing it needs may be
    missing. Uses every core."""
    quick: bool = False
    """With --study: a few pictures, and fewer iterations."""
    agents: str | None = None
    """Who paints, separated by commas; random,greedy,gradient by default, gradient where painters are named. There
    are policy and policy+refine too."""
    brushes: str | None = None
    """MyPaint brushes, separated by commas, such as classic/dry_brush,deevad/chalk, or learned for all that a painter
    learned: every agent paints with each, and the real MyPaint replays with it. classic/dry_brush by default."""
    painters: str | None = None
    """Neural painters, separated by commas, by name or as paths to .safetensors files; gan by default. Where there are
    several, strokes move by each painter's own gradient, not by the proxy renderer's."""
    targets: str | None = None
    """What is painted, separated by commas: shapes, mnist, paintings, photographs (default), bam, picture files or
    folders."""
    strokes: str | None = None
    """Stroke budgets, separated by commas, 15,30,200 by default; or for each target, as in mnist=5,20,paintings=50."""
    pictures: str | None = None
    """At most this many pictures of each target, spread evenly over it, 8 by default; or mnist=100,paintings=20."""
    policy: str | None = None
    """Of agents that have one: mnist, paintings (default), or a .safetensors file that train-policy wrote."""
    loss: str = "mse"
    """What the agents minimize: mse, lite, or vgg19 (needs its weights)."""
    iterations: int | None = None
    """Of agents that have them, such as gradient."""
    seconds: str | None = None
    """Time limit of agents that have one, for all or for each, as in gradient=40,policy+refine=10; they iterate until
    it is over, if --iterations does not say otherwise."""
    split: Split = "test"
    """The part of targets that have parts."""
    device: str = "cpu"
    """Where agents paint, and losses are computed: cpu or cuda."""
    seed: int = 0
    """Seed of every painting."""
    size: int | None = None
    """Paint large, through windows: so many pixels square, such as 512. By default on the canvas of 64x64."""
    grid: int | None = None
    """With --size: one grid of windows of this side in pixels, instead of windows coarse to fine."""
    workers: int | None = None
    """Processes that paint side by side; 1 by default. Seconds are those of a painting that shares the machine."""
    together: int = 1
    """Pictures that an agent paints side by side, 1 to 4096: quicker, by far so on a GPU. Seconds are then each one's
    share."""
    out: Path | None = None
    """Keep every finished painting in this folder, with report.json and report.html; run again, the work goes on."""
    json: Path | None = None
    """Write all figures here."""
    html: Path | None = None
    """Write the report with plots and pictures here, one file that needs nothing else."""
    sheet: Path | None = None
    """Write a contact sheet here (.png): the target, each canvas, and each replay by the real brush."""
