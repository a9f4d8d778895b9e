"""What ``paintgym paint`` can be asked for."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from ...agents.outputs.forms import FRAMES
from .style import StyleOptions

_DEFAULT_PICTURE = Path(__file__).parents[1] / "pictures" / "still_life.jpg"


@dataclass(frozen=True)
class Arguments:
    """Paint a picture, stroke by stroke: its center square on a 64x64 canvas, or all of it, large, with --size."""

    picture: tyro.conf.Positional[str] = str(_DEFAULT_PICTURE)
    """The picture to paint: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC; or a folder of such, subfolders included, on
    a disk or as s3://bucket/prefix. By default a bundled still life."""
    agent: str = "policy"
    """Who paints: policy (trained, paints at once), policy+refine (refines that), gradient, greedy or random."""
    strokes: int = 200
    """How many strokes the painting has; large ones want some thousand."""
    size: int | None = None
    """The painting's longer side in pixels, such as 512: the whole picture, through windows coarse to fine. By default
    the center square on 64x64."""
    out: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Where to save, by suffix: .png or .jpg the picture; .webp, .gif or .mp4 the painting growing; .svg its strokes
    as shapes; .ora as layers; .json or .npz as numbers. May be given several times; painting.png by default. For a
    folder: the folder for its paintings, with the same subfolders; run the same again to go on with what was
    interrupted, and to paint pictures that are new or have changed."""
    suffix: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Of a folder: which file to write for every picture, by suffix; may be given several times. .png by default."""
    follow: bool = False
    """Of a folder that holds a film's frames, with --size: every frame begins with those strokes of the one before that
    still fit, so that the film does not flicker. Frames are taken as people count: frame2 before frame10. Writes a
    .json for every frame too."""
    on: str | None = None
    """Of a folder: the Ray cluster that paints it: local (one is started on this machine), auto (the one that this
    machine is part of), host:6379 or ray://host:10001. Only this machine reads and writes. By default all is painted
    here."""
    workers: int | None = None
    """With --on: at most so many at once; by default as many as the cluster has cores for."""
    worker_threads: int = 1
    """With --on: threads that each worker computes with, and cores that it takes. One machine paints the same bytes
    with as many threads (OMP_NUM_THREADS)."""
    loss: str | None = None
    """What the agent minimizes, or a policy is measured by: mse, lite, or vgg19 (needs its weights). By default the
    agent's own choice."""
    policy: str | None = None
    """For policy and policy+refine: mnist, paintings (default), or a .safetensors file that train-policy wrote."""
    painter: str = "gan"
    """The neural painter, by name or as a path to a .safetensors file."""
    brush: str | None = None
    """The MyPaint brush, such as deevad/chalk, or a .myb file that train-painter learned; paintgym brushes lists them.
    With --size also several, separated by commas: the first paints what is coarse, the last what is fine. By default
    classic/dry_brush."""
    device: str = "cpu"
    """Where it is painted: cpu or cuda. A GPU pays where it paints much at once: a folder's pictures, by gradient, or
    large ones. With --on, each worker takes a GPU of its own."""
    seed: int = 0
    """Seed: the same seed paints the same painting. The agent policy draws nothing by lot: it paints the same with
    every seed."""
    upscale: int | None = None
    """How many times larger pictures are saved, by default 8 times for 64x64, and as they are with --size. They are
    enlarged (Lanczos), not painted anew; paintgym replay does that."""
    frames: int = FRAMES
    """Of a film: at most so many pictures."""
    seconds: float | None = None
    """Of a film: how long it is, its last picture included. By default 0.06 a picture and 2.5 at the end."""
    style: tyro.conf.OmitArgPrefixes[StyleOptions] = field(default_factory=StyleOptions)
    """Limits that every stroke keeps."""
